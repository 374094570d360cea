import * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { minutesText, nameOf, timeLeft } from './names.ts';

type StatusBarServices = Pick<Services, 'keeper' | 'clock' | 'scheduler' | 'options'>;

const task = 'statusBar';

/** Interval of the countdown in a window without focus, in milliseconds. */
const unwatchedMs = 20_000;

/** Counts down the life of the token that ends first. */
export class StatusBar extends Part<StatusBarServices> {
  readonly #item: vscode.StatusBarItem;

  constructor(services: StatusBarServices) {
    super(services);
    const { keeper, scheduler } = services;
    this.#item = this.add(
      vscode.window.createStatusBarItem('sessionTokens.life', vscode.StatusBarAlignment.Right, 100),
    );
    this.#item.name = vscode.l10n.t('Session Life');
    this.#item.command = 'sessionTokens.showMenu';
    this.add(keeper.onDidChange(() => this.#soon()));
    this.add(vscode.window.onDidChangeWindowState(() => this.#draw()));
    this.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('sessionTokens.statusBar')) {
          this.#draw();
        }
      }),
    );
    this.add({ dispose: () => scheduler.cancel(task) });
    this.#draw();
  }

  /** Many tokens may change at once: draws once for all of them. */
  #soon(): void {
    this.deps.scheduler.after(task, 0, () => this.#draw());
  }

  #draw(): void {
    const first = this.deps.options.statusBarEnabled() ? this.deps.keeper.first() : undefined;
    if (first === undefined) {
      this.deps.scheduler.cancel(task);
      this.#item.text = '';
      this.#item.hide();
      return;
    }
    const left = first.expiresAt - this.deps.clock.now().wall;
    this.#write(first, left);
    if (first.state !== 'expired') {
      const { focused, active } = vscode.window.state;
      // Just after the next full second, so that no second is shown twice or left out.
      const next = focused && active ? (left % 1_000) + 5 : unwatchedMs;
      this.deps.scheduler.after(task, Math.max(next, 50), () => this.#draw());
    }
  }

  #write(first: TokenInfo, left: number): void {
    const name = nameOf(first);
    const { state } = first;
    // Screen readers get no seconds, so that they do not speak every one.
    const { text, tooltip, label } =
      state === 'expired'
        ? {
            text: `$(error) ${vscode.l10n.t('{0} expired', name)}`,
            tooltip: vscode.l10n.t('{0} has expired. Click to show actions.', name),
            label: vscode.l10n.t('{0} has expired', name),
          }
        : {
            text: `$(${state === 'expiring' ? 'warning' : 'key'}) ${timeLeft(left)} ${name}`,
            tooltip: vscode.l10n.t('{0} expires first of all tokens. Click to show actions.', name),
            label: vscode.l10n.t('{0} ends in about {1}', name, minutesText(Math.ceil(left / 60_000))),
          };
    if (text === this.#item.text) {
      return;
    }
    const colour = { live: undefined, expiring: 'warning', expired: 'error' }[state];
    const backgroundColor = colour && new vscode.ThemeColor(`statusBarItem.${colour}Background`);
    const accessibilityInformation = { label, role: 'button' };
    Object.assign(this.#item, { text, tooltip, backgroundColor, accessibilityInformation });
    this.#item.show();
  }
}
