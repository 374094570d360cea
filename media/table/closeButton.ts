import { drawing, element } from './dom.ts';

/** Closes a pane beside the table; so does Escape anywhere in the pane. */
export class CloseButton {
  readonly root = element('button', { class: 'icon' });

  constructor(pane: HTMLElement, close: () => void) {
    this.root.type = 'button';
    this.root.append(drawing('close'));
    this.root.addEventListener('click', close);
    pane.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        close();
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  /** Says what it does, in the person's language. */
  name(label: string): void {
    this.root.title = label;
    this.root.setAttribute('aria-label', label);
  }
}
