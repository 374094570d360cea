import * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Claims, Unreadable } from '../core/tokens/store.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { translated } from '../userError.ts';
import { commandButton, tell } from './message.ts';
import { nameOf } from './names.ts';
import { TreeNode } from './nodes.ts';
import type { QuerySettings } from './queries/querySettings.ts';

interface NoticesDeps extends Pick<Services, 'clock' | 'keeper' | 'connections' | 'scheduler' | 'options'> {
  readonly queries: QuerySettings;
  readonly claims: Claims;
}

const task = 'notices';
const keepAlive = 'sessionTokens.keepAlive';
/** Tokens that expire within so many milliseconds after the first are in the same message. */
const togetherMs = 60_000;
/** The wait for tokens that begin to expire at the same time, in milliseconds. */
const gatherMs = 1_500;
/** A window without focus waits so many milliseconds longer, so that the one with focus shows the message. */
const backgroundMs = 1_000;
const dayMs = 86_400_000;
/** A token that was refused at least so many milliseconds before its end has ended early. */
const earlyMs = 60_000;

/** Shows notifications, each once and in one window: expiring tokens, and what in the settings or storage cannot be used. */
export class Notices extends Part<NoticesDeps> {
  /** The expiry that a person was last told of, by token. */
  readonly #told = new Map<string, number>();
  /** The estimated ends of tokens, by token. */
  readonly #ends = new Map<string, number>();
  /** The problems last shown, by setting. */
  readonly #toldProblems = new Map<string, string>();

  constructor(deps: NoticesDeps) {
    super(deps);
    const { keeper, connections, queries, scheduler } = deps;
    this.add(
      keeper.onDidChange(({ id, what }) => {
        if (what === 'removed') {
          this.#told.delete(id);
          this.#ends.delete(id);
        } else {
          this.#look(id);
          this.#lookAtEnd(id);
        }
      }),
    );
    this.add(keeper.onDidEndRenewal(({ id, why }) => void this.#tellRenewalEnd(id, why)));
    this.add(keeper.onStorageTrouble((error) => void warnWithLog(translated(error))));
    this.add(connections.onDidChange(() => this.tellProblems()));
    this.add(queries.onDidChange(() => this.tellProblems()));
    this.add({ dispose: () => scheduler.cancel(task) });
  }

  /** Shows the entries of the settings that cannot be used; the same ones only once. */
  tellProblems(): void {
    const { connections, queries } = this.deps;
    const problems = { connections: connections.problems(), queries: queries.problems() };
    const from = problems.queries[0]?.from ?? 'user';
    for (const about of ['connections', 'queries'] as const) {
      const list = problems[about].map(({ entry, reason }) => `${entry}: ${reason}`).join('; ');
      const isNew = list !== (this.#toldProblems.get(about) ?? '');
      this.#toldProblems.set(about, list);
      if (isNew && list !== '') {
        const { message, run } = {
          connections: {
            message: vscode.l10n.t('Some connections in the settings cannot be used: {0}.', list),
            run: () => vscode.commands.executeCommand('sessionTokens.openSettings'),
          },
          queries: {
            message: vscode.l10n.t('Some queries in the settings cannot be used: {0}.', list),
            run: () => queries.open(from),
          },
        }[about];
        void tell(warn, message, { title: vscode.l10n.t('Open Settings'), run });
      }
    }
  }

  /** Says which entries of the secret storage were set aside. */
  tellUnreadable({ length }: readonly Unreadable[]): void {
    if (length > 0) {
      const message = vscode.l10n.t(
        '{0} stored tokens could not be read and were set aside; all others are there.',
        length,
      );
      void warnWithLog(message);
    }
  }

  #look(id: string): void {
    const { keeper, scheduler } = this.deps;
    const token = keeper.find(id);
    if (token?.state === 'expiring' && this.#isToBeTold(token) && !scheduler.has(task)) {
      const wait = gatherMs + (vscode.window.state.focused ? 0 : backgroundMs);
      scheduler.after(task, wait, () => void this.#tellExpiring());
    }
  }

  /** Looks for a token that was refused before its estimated end: then the life in the settings may be wrong. */
  #lookAtEnd(id: string): void {
    const token = this.deps.keeper.find(id);
    const end = this.#ends.get(id);
    this.#ends.delete(id);
    if (token?.state === 'expired' && end !== undefined) {
      const early = end - this.deps.clock.now().wall;
      if (early > earlyMs) {
        void this.#tellEarlyEnd(token, early);
      }
    } else if (token !== undefined && token.state !== 'expired' && token.source === 'estimated') {
      this.#ends.set(id, token.expiresAt);
    }
  }

  async #tellEarlyEnd(token: TokenInfo, early: number): Promise<void> {
    const { claims, connections } = this.deps;
    const connection = connections.find(token.connection);
    const minutes = Math.max(1, Math.floor((token.lifeMs - early) / 60_000));
    const change = connection && protocolOf(connection).lifeSetting?.(connection, minutes);
    if (change === undefined || !(await claims.claim(`early-${token.connection}`, dayMs))) {
      return;
    }
    const message = vscode.l10n.t(
      '{0} expired {1} min early. Is its life really {2} min?',
      token.connection,
      Math.round(early / 60_000),
      Math.round(token.lifeMs / 60_000),
    );
    const title = vscode.l10n.t('Set It to {0} min', minutes);
    await tell(warn, message, { title, run: () => connections.change(token.connection, change) });
  }

  /** Whether a person should know when it is about to expire, and was not told of its present expiry. */
  #isToBeTold(token: TokenInfo): boolean {
    const { keeper, options } = this.deps;
    return (
      (token.keepAlive === 'manual' || keeper.isPaused(token.id)) &&
      // A life shorter than the threshold would cause a message as soon as it begins.
      token.lifeMs > options.warnMs() &&
      // A user token that its session keeps alive ends with it: one message is enough.
      !(token.kind === 'user' && keeper.keptAliveBy(token.id) !== undefined) &&
      Math.abs((this.#told.get(token.id) ?? 0) - token.expiresAt) > gatherMs
    );
  }

  /** The tokens that are about to expire, or will be within moments, for one message; the first one first. */
  #aboutToExpire(): TokenInfo[] {
    const tokens = this.deps.keeper
      .tokens()
      .filter((token) => token.state !== 'expired' && this.#isToBeTold(token))
      .sort((a, b) => a.expiresAt - b.expiresAt);
    const first = tokens.find(({ state }) => state === 'expiring');
    const last = first === undefined ? 0 : first.expiresAt + togetherMs;
    return tokens.filter(({ state, expiresAt }) => state === 'expiring' || expiresAt <= last);
  }

  async #tellExpiring(): Promise<void> {
    const { claims } = this.deps;
    const about = this.#aboutToExpire();
    for (const { id, expiresAt } of about) {
      this.#told.set(id, expiresAt);
    }
    const tokens: TokenInfo[] = [];
    for (const token of about) {
      if (await claims.claim(`notice-${token.id}-${Math.round(token.expiresAt / 10_000)}`, dayMs)) {
        tokens.push(token);
      }
    }
    const [first] = tokens;
    if (first === undefined) {
      return;
    }
    const message =
      tokens.length === 1
        ? vscode.l10n.t('{0} is about to expire.', nameOf(first))
        : vscode.l10n.t('{0} tokens are about to expire, {1} first.', tokens.length, nameOf(first));
    const renew = async () => {
      for (const { id, connection } of tokens) {
        await vscode.commands.executeCommand(keepAlive, new TreeNode({ id, connection }));
      }
    };
    const renewAlways = async () => {
      await renew();
      await this.#renewAlways(new Set(tokens.map(({ connection }) => connection)));
    };
    await tell(
      warn,
      message,
      { title: vscode.l10n.t('Keep Alive'), run: renew },
      { title: vscode.l10n.t('Let It Expire'), run: () => undefined },
      { title: vscode.l10n.t('Always for This Connection'), run: renewAlways },
    );
  }

  async #renewAlways(names: ReadonlySet<string>): Promise<void> {
    const { keeper, connections } = this.deps;
    for (const name of names) {
      await connections.change(name, { keepAlive: 'auto' });
      for (const { id } of keeper.tokens(name)) {
        await keeper.setKeepAlive(id, 'auto');
      }
    }
  }

  async #tellRenewalEnd(id: string, why: 'unused' | 'refused'): Promise<void> {
    const token = this.deps.keeper.find(id);
    if (!token || !(await this.deps.claims.claim(`ended-${id}-${token.openedAt}-${why}`, dayMs))) {
      return;
    }
    const { connection, renewable } = token;
    const name = nameOf(token);
    const button = (title: string) => commandButton(title, keepAlive, { id, connection });
    if (why === 'unused') {
      const message = vscode.l10n.t(
        '{0} has not been used for a long time, so it is no longer renewed.',
        name,
      );
      await tell(vscode.window.showInformationMessage, message, button(vscode.l10n.t('Keep Alive')));
    } else if (renewable) {
      await warnWithLog(vscode.l10n.t('{0} could not be renewed: its gateway refuses.', name));
    } else {
      const message = vscode.l10n.t('{0} is about to expire, and only a new sign-in renews it.', name);
      await tell(warn, message, button(vscode.l10n.t('Sign In Again')));
    }
  }
}

const warn = vscode.window.showWarningMessage;

function warnWithLog(message: string): Promise<void> {
  return tell(warn, message, commandButton(vscode.l10n.t('Show Log'), 'sessionTokens.showLog'));
}
