import { runCommand } from './commands.ts';
import { Host, type Told } from './host.ts';
import { handleKeys } from './keyboard.ts';
import { handleMouse } from './mouse.ts';
import { TableView } from './tableView.ts';

/** What is done with each kind of message of the extension host. */
const takers: { readonly [M in Told as M['is']]: (message: M) => void } = {
  start: ({ layout }) => view.use(layout),
  state: (message) => view.update(message),
  keep: ({ state }) => host.save({ kept: state }),
  note: ({ text }) => view.status.note(text),
  copy: (message) => view.copy(message),
  view: ({ ask, field }) => runCommand(view, ask, field),
  focus: () => tellFocus(view),
};
const host = new Host((message) => (takers[message.is] as (message: Told) => void)(message));
const view = new TableView(document.getElementById('root') ?? document.body, host);
handleKeys(view);
handleMouse(view);
window.addEventListener('focus', enter);
enter();
window.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'f') {
    view.filterBox.focus();
    event.preventDefault();
  }
});
host.tell({ is: 'ready' });

/** When the tab is shown the table gets the focus, unless something else in the tab has it. */
function enter(): void {
  if (document.hasFocus() && document.activeElement === document.body) {
    view.grid.root.focus();
  }
}

function tellFocus({ columns, selection }: TableView): void {
  const tell = () => host.tell({ is: 'focused', field: columns.seen[selection.focus.column]?.field });
  if (document.hasFocus()) {
    tell();
  } else {
    window.addEventListener('focus', tell, { once: true });
  }
}
