import { element } from './dom.ts';
import { say } from './words.ts';

/** A place beside the table, which its button closes, and Escape anywhere in it. */
export class Pane {
  readonly root: HTMLElement;

  /** @param head what stands beside the button */
  constructor(name: string, head: HTMLElement, closed: () => void) {
    const close = () => {
      this.root.hidden = true;
      closed();
    };
    const button = element('button', { title: say('close'), ariaLabel: say('close'), onclick: close }, '×');
    this.root = element(
      'aside',
      { className: `pane ${name}`, hidden: true },
      element('header', {}, head, button),
    );
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        close();
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  /** Answers whether it was closed before. */
  open(title: string): boolean {
    const { hidden } = this.root;
    this.root.hidden = false;
    this.root.setAttribute('aria-label', title);
    return hidden !== false;
  }
}
