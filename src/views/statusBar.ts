import * as vscode from 'vscode';
import { DisposableStore } from '../core/disposable.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { nameOf } from './names.ts';
import { clockFace } from './remaining.ts';

type StatusBarServices = Pick<Services, 'keeper' | 'clock' | 'scheduler' | 'options'>;

const task = 'statusBar';

/** How often the countdown is drawn in a window without focus, in milliseconds. */
const unwatchedMs = 20_000;

/** Counts down the life of the token that ends first. */
export class StatusBar extends DisposableStore {
  readonly #item: vscode.StatusBarItem;
  readonly #services: StatusBarServices;
  #shown = '';

  constructor(services: StatusBarServices) {
    super();
    this.#services = services;
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
    this.#services.scheduler.after(task, 0, () => this.#draw());
  }

  #draw(): void {
    const first = this.#services.options.statusBarEnabled() ? this.#services.keeper.first() : undefined;
    if (first === undefined) {
      this.#services.scheduler.cancel(task);
      this.#shown = '';
      this.#item.hide();
      return;
    }
    const left = first.expiresAt - this.#services.clock.now().wall;
    this.#write(first, left);
    if (first.state !== 'expired') {
      const { focused, active } = vscode.window.state;
      // Just after the second has turned, so that no second is shown twice or left out.
      const next = focused && active ? (left % 1_000) + 5 : unwatchedMs;
      this.#services.scheduler.after(task, Math.max(next, 50), () => this.#draw());
    }
  }

  #write(first: TokenInfo, left: number): void {
    const name = nameOf(first);
    const expired = first.state === 'expired';
    const text = expired
      ? `$(error) ${vscode.l10n.t('{0} expired', name)}`
      : `$(${first.state === 'expiring' ? 'warning' : 'key'}) ${clockFace(left)} ${name}`;
    if (text === this.#shown) {
      return;
    }
    this.#shown = text;
    this.#item.text = text;
    const colour = { live: undefined, expiring: 'warning', expired: 'error' }[first.state];
    this.#item.backgroundColor =
      colour === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${colour}Background`);
    this.#item.tooltip = expired
      ? vscode.l10n.t('{0} has expired. Click for what can be done.', name)
      : vscode.l10n.t('{0} ends first of the tokens held. Click for what can be done.', name);
    // Without the seconds: a screen reader must not speak at every tick.
    this.#item.accessibilityInformation = {
      label: expired
        ? vscode.l10n.t('{0} has expired', name)
        : vscode.l10n.t('{0} ends in about {1} minutes', name, Math.ceil(left / 60_000)),
      role: 'button',
    };
    this.#item.show();
  }
}
