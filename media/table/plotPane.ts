import type { ToTable } from '../../src/views/results/messages.ts';
import { CloseButton } from './closeButton.ts';
import { element, visible } from './dom.ts';
import type { Drawing, LineLook } from './plotApi.ts';

type PlotMessage = ToTable & { is: 'plot' };

/** Those that stand out in every theme of VS Code: orange and the colour of lines are too faint in most. */
const colors = ['blue', 'red', 'green', 'foreground', 'purple', 'yellow', 'blue', 'foreground'];
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 5], [1, 2], [8, 2, 8, 6]];

/** A column's numbers over the time of the watch, beside the table. */
export class PlotPane {
  readonly root = element('aside', { class: 'plot' });
  readonly #select = element('select');
  readonly #close: CloseButton;
  readonly #canvas = element('div', { class: 'canvas', role: 'img' });
  readonly #legend = element('table');
  readonly #hint = element('p', { class: 'hint' });
  readonly #strings: () => Readonly<Record<string, string>>;
  #script = '';
  #loading: Promise<void> | undefined;
  #drawing: Drawing | undefined;
  #last: PlotMessage | undefined;
  #fields = '';

  constructor(
    strings: () => Readonly<Record<string, string>>,
    choose: (field: string) => void,
    closed: () => void,
  ) {
    this.#strings = strings;
    this.root.hidden = true;
    const head = element('header');
    this.#close = new CloseButton(this.root, () => {
      this.root.hidden = true;
      this.#drawing?.destroy();
      this.#drawing = undefined;
      closed();
    });
    head.append(this.#select, this.#close.root);
    // It scrolls when the pane is low, and must then be reached by keyboard.
    this.#legend.tabIndex = 0;
    this.root.append(head, this.#canvas, this.#hint, this.#legend);
    this.#select.addEventListener('change', () => choose(this.#select.value));
    // The theme is told by classes and variables of the page.
    new MutationObserver(() => {
      this.#drawing?.restyle();
      this.#drawLegend();
    }).observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  /** Where the plotting script is, which is only loaded for the first plot. */
  set script(address: string) {
    this.#script = address;
  }

  async show(message: PlotMessage): Promise<void> {
    const strings = this.#strings();
    this.#last = message;
    this.root.hidden = false;
    const title = (strings.plotTitle ?? '').replace('{0}', visible(message.label));
    this.root.setAttribute('aria-label', title);
    this.#canvas.setAttribute('aria-label', title);
    this.#select.setAttribute('aria-label', strings.plotColumn ?? '');
    this.#close.name(strings.close ?? '');
    this.#offer(message);
    this.#drawLegend();
    const few = message.times.length < 2 ? (strings.plotFew ?? '') : '';
    const others =
      message.others > 0 ? (strings.plotOthers ?? '').replace('{0}', String(message.others)) : '';
    this.#hint.textContent = few || others;
    this.#hint.hidden = this.#hint.textContent === '';
    this.#loading ??= this.#load();
    await this.#loading;
    if (this.#last !== message || this.root.hidden) {
      return;
    }
    if (this.#drawing === undefined) {
      this.#drawing = window.sessionTokensPlot?.draw(this.#canvas, message, () => looks());
    } else {
      this.#drawing.update(message);
    }
  }

  #offer(message: PlotMessage): void {
    const fields = JSON.stringify(message.fields);
    if (fields !== this.#fields) {
      this.#fields = fields;
      this.#select.replaceChildren(
        ...message.fields.map(({ field, label }) => {
          const option = element('option', { text: visible(label) });
          option.value = field;
          return option;
        }),
      );
    }
    this.#select.value = message.field;
  }

  /** The numbers behind the lines, also for who cannot see them. */
  #drawLegend(): void {
    if (this.#last === undefined) {
      return;
    }
    const strings = this.#strings();
    const head = element('tr');
    for (const name of ['plotKey', 'plotLast', 'plotLeast', 'plotMost']) {
      const cell = element('th', { text: strings[name] ?? '' });
      cell.scope = 'col';
      head.append(cell);
    }
    const all = looks();
    const rows = this.#last.series.map(({ key, values }, at) => {
      const row = element('tr');
      const name = element('th');
      name.scope = 'row';
      name.append(sample(all[at]), element('span', { text: visible(key) }));
      const known = values.filter((value) => value !== null);
      const numbers = [values.at(-1) ?? null, Math.min(...known), Math.max(...known)];
      row.append(
        name,
        ...numbers.map((value) =>
          element('td', { text: value === null || !Number.isFinite(value) ? '' : short(value) }),
        ),
      );
      return row;
    });
    this.#legend.replaceChildren(head, ...rows);
  }

  #load(): Promise<void> {
    return new Promise((resolve, reject) => {
      const script = element('script');
      // Only scripts with the page's nonce may run.
      script.nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';
      script.src = this.#script;
      script.addEventListener('load', () => resolve());
      script.addEventListener('error', () => reject(new Error('The plotting script did not load.')));
      document.head.append(script);
    });
  }
}

function looks(): LineLook[] {
  const style = getComputedStyle(document.body);
  return colors.map((color, at) => ({
    color: style.getPropertyValue(`--vscode-charts-${color}`) || style.color,
    dash: dashes[at] ?? [],
  }));
}

/** A short piece of the line, as it is drawn. */
function sample(look: LineLook | undefined): SVGSVGElement {
  const svg = 'http://www.w3.org/2000/svg';
  const picture = document.createElementNS(svg, 'svg');
  picture.setAttribute('viewBox', '0 0 28 8');
  picture.setAttribute('class', 'sample');
  picture.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(svg, 'path');
  line.setAttribute('d', 'M0 4 H28');
  line.setAttribute('stroke', look?.color ?? 'currentcolor');
  line.setAttribute('stroke-width', '2.5');
  line.setAttribute('stroke-dasharray', look?.dash.join(' ') ?? '');
  picture.append(line);
  return picture;
}

function short(value: number): string {
  return value.toLocaleString(undefined, { maximumSignificantDigits: 6 });
}
