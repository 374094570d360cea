/** Maximum height of an element, in pixels: browsers draw nothing beyond some 16 million device pixels. */
const maxHeight = 5_000_000;

/** The height that the element of all rows is to have. */
export function elementHeight(height: number): number {
  return Math.min(height, maxHeight);
}

/** Up to so many pixels from either end the scroll bar moves exactly as the rows do, so that every row there can be reached. */
const edge = 50_000;

/** Pixels that the scroll bar may be off before it is corrected: a correction disturbs whoever is scrolling. */
const maxDrift = 20_000;

/**
 * The scroll position among all rows, in pixels. Where they are higher than an element can be, a small scroll moves the
 * rows by the same pixels, and a large one, by dragging the scroll bar, goes to the same fraction of them.
 */
export class Scroller {
  readonly #element: { scrollTop: number };
  #height = 0;
  #view = 0;
  #top = 0;
  /** `scrollTop` of the element when it was last read. */
  #at = 0;

  constructor(element: { scrollTop: number }) {
    this.#element = element;
  }

  /** How far the rows are scrolled, in pixels. */
  get top(): number {
    return this.#top;
  }

  /** How much lower a row stands among all rows than in the element. */
  get shift(): number {
    return Math.round(this.#top - this.#at);
  }

  /** The rows or the window have another height; the element has that of {@link elementHeight} already. */
  resize(height: number, view: number): void {
    this.#height = height;
    this.#view = view;
    this.#settle(this.#top);
  }

  /** The element was scrolled. */
  follow(): void {
    const at = this.#element.scrollTop;
    const moved = at - this.#at;
    this.#at = at;
    // Less than what one pixel of the scroll bar stands for: it was a wheel, a finger or a key.
    const isStep = Math.abs(moved) <= Math.max(this.#view, this.#maxAt / Math.max(this.#view, 1) / 2);
    this.#settle(this.#isStretched && isStep ? this.#top + moved : this.#topOf(at));
  }

  moveTo(top: number): void {
    this.#settle(top, 0);
  }

  #settle(top: number, drift = maxDrift): void {
    this.#top = Math.max(0, Math.min(top, this.#maxTop));
    const isAtEnd = this.#top <= edge || this.#maxTop - this.#top <= edge;
    const home = this.#placeOf(this.#top);
    if (Math.abs(home - this.#at) > (isAtEnd ? Math.min(drift, 1) : drift)) {
      this.#element.scrollTop = home;
      this.#at = this.#element.scrollTop;
    }
    if (isAtEnd && Math.abs(home - this.#at) <= 1) {
      this.#top = this.#topOf(this.#at);
    }
  }

  get #maxTop(): number {
    return Math.max(0, this.#height - this.#view);
  }

  get #maxAt(): number {
    return Math.max(0, elementHeight(this.#height) - this.#view);
  }

  get #isStretched(): boolean {
    return this.#height > maxHeight;
  }

  /** How much the rows move between the ends while the element moves by a pixel. */
  get #stretch(): number {
    return (this.#maxTop - 2 * edge) / (this.#maxAt - 2 * edge);
  }

  #placeOf(top: number): number {
    if (!this.#isStretched || top <= edge) {
      return top;
    }
    const below = this.#maxTop - top;
    return below <= edge ? this.#maxAt - below : edge + (top - edge) / this.#stretch;
  }

  #topOf(at: number): number {
    if (!this.#isStretched || at <= edge) {
      return at;
    }
    const below = this.#maxAt - at;
    return below <= edge ? this.#maxTop - below : edge + (at - edge) * this.#stretch;
  }
}
