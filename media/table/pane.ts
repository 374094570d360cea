import { element } from './dom.ts';
import * as l10n from './l10n.ts';

/** A place beside the table, which its button closes, and Escape anywhere in it. */
export class Pane<H extends HTMLElement, W> {
  readonly root: HTMLElement;
  /** What stands beside the button. */
  readonly head: H;
  /** What somebody wants to see: it is open, or will be when that has come. */
  wanted: W | undefined;

  constructor(name: string, head: H, closed: () => void) {
    this.head = head;
    const close = () => {
      this.root.hidden = true;
      this.wanted = undefined;
      closed();
    };
    const title = l10n.t('Close');
    const button = element('button', { title, ariaLabel: title, onclick: close }, '×');
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
