import * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { nameOf, timeLeft } from './names.ts';

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
    const expired = first.state === 'expired';
    const text = expired
      ? `$(error) ${vscode.l10n.t('{0} expired', name)}`
      : `$(${first.state === 'expiring' ? 'warning' : 'key'}) ${timeLeft(left)} ${name}`;
    if (text === this.#item.text) {
      return;
    }
    this.#item.text = text;
    const colour = { live: undefined, expiring: 'warning', expired: 'error' }[first.state];
    this.#item.backgroundColor =
      colour === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${colour}Background`);
    this.#item.tooltip = expired
      ? vscode.l10n.t('{0} has expired. Click to show actions.', name)
      : vscode.l10n.t('{0} expires first of all tokens. Click to show actions.', name);
    // Without seconds, so that a screen reader does not speak every second.
    this.#item.accessibilityInformation = {
      label: expired
        ? vscode.l10n.t('{0} has expired', name)
        : vscode.l10n.t('{0} ends in about {1} minutes', name, Math.ceil(left / 60_000)),
      role: 'button',
    };
    this.#item.show();
  }
}
