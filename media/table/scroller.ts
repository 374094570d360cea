/** Maximum height of an element, in pixels: browsers draw nothing beyond some 16 million device pixels. */
const maxHeight = 5_000_000;

/** The height that the element of all rows is to have. */
export function elementHeight(height: number): number {
  return Math.min(height, maxHeight);
}

/** Up to so many pixels from either end the scroll bar moves exactly as the rows do, so that every row there can be reached. */
const edge = 50_000;

/** Pixels that the scroll bar may be off before it is corrected: a correction disturbs whoever is scrolling. */
const maxOff = 20_000;

/**
 * The scroll position among all rows, in pixels. Where they are higher than an element can be, a small scroll moves the
 * rows by the same pixels, and a large one, by dragging the scroll bar, goes to the same fraction of them.
 */
export class Scroller {
  readonly #element: { scrollTop: number };
  #height = 0;
  #view = 0;
  #top = 0;
  /** Where the scroll bar was when it was last looked at. */
  #bar = 0;

  constructor(element: { scrollTop: number }) {
    this.#element = element;
  }

  /** How far the rows are scrolled, in pixels. */
  get top(): number {
    return this.#top;
  }

  /** How much lower a row stands among all rows than in the element. */
  get shift(): number {
    return Math.round(this.#top - this.#bar);
  }

  /** The rows or the window have another height; the element has that of {@link elementHeight} already. */
  resize(height: number, view: number): void {
    this.#height = height;
    this.#view = view;
    this.#goTo(this.#top, maxOff);
  }

  /** The element was scrolled. */
  follow(): void {
    const moved = this.#element.scrollTop - this.#bar;
    this.#bar = this.#element.scrollTop;
    // Less than what one pixel of the scroll bar stands for: it was a wheel, a finger or a key.
    const isStep = Math.abs(moved) <= Math.max(this.#view, this.#maxBar / Math.max(this.#view, 1) / 2);
    this.#goTo(isStep ? this.#top + moved : mapped(this.#bar, this.#maxBar, this.#maxTop), maxOff);
  }

  moveTo(top: number): void {
    this.#goTo(top, 0);
  }

  /** @param off how much the scroll bar may be off, in pixels; near the ends it never is */
  #goTo(top: number, off: number): void {
    this.#top = Math.max(0, Math.min(top, this.#maxTop));
    const isNearEnd = this.#top <= edge || this.#maxTop - this.#top <= edge;
    const bar = mapped(this.#top, this.#maxTop, this.#maxBar);
    if (Math.abs(bar - this.#bar) > (isNearEnd ? Math.min(off, 1) : off)) {
      this.#element.scrollTop = bar;
      this.#bar = this.#element.scrollTop;
    }
    if (isNearEnd && Math.abs(bar - this.#bar) <= 1) {
      this.#top = mapped(this.#bar, this.#maxBar, this.#maxTop); // Browsers round where the bar is.
    }
  }

  get #maxTop(): number {
    return Math.max(0, this.#height - this.#view);
  }

  get #maxBar(): number {
    return Math.max(0, elementHeight(this.#height) - this.#view);
  }
}

/** The same place in another range: as far from an end near that, else the same fraction of what is between. */
function mapped(place: number, max: number, otherMax: number): number {
  if (place <= edge) {
    return place;
  }
  const below = max - place;
  return below <= edge
    ? otherMax - below
    : edge + ((place - edge) * (otherMax - 2 * edge)) / (max - 2 * edge);
}
