import { abilitiesOf } from '../../src/core/protocols/kinds.ts';
import type { Books } from './books.ts';
import { type Day, hearsayMs, lifeMs, second } from './day.ts';
import type { ModelServer } from './modelServer.ts';
import type { SimWindow } from './simWindow.ts';

/** The checked members of an entry of the store. */
interface StoredToken {
  readonly kind: 'user' | 'session';
  readonly connection: string;
  readonly sent: { readonly machine: string; readonly boot: string };
}

/** Compares what windows show, what the store holds and what gateways know. */
export class Looks {
  readonly #day: Day;
  readonly #books: Books;
  /** The entries of the store, by their texts: they are read far more often than written. */
  readonly #parsed = new Map<string, StoredToken>();

  constructor(day: Day, books: Books) {
    this.#day = day;
    this.#books = books;
  }

  /** Nothing that has run out may be offered as alive, where a machine is awake to show it, and all see the same. */
  look(): void {
    const { servers, windows } = this.#day;
    for (const { server } of this.#gateways()) {
      server.sweep();
    }
    for (const window of windows.filter(({ machine }) => !machine.isAsleep)) {
      const { inner, name } = window;
      for (const { id, state, connection, kind, expiresAt } of inner.keeper.tokens()) {
        const value = inner.keeper.reveal(id);
        if (state !== 'expired' && servers[connection]?.expired.has(value) && this.#knows(window, id)) {
          this.#day.blame(`${name} shows ${value} as ${state}, and it has run out`);
        }
        const session = servers[connection]?.sessions.get(value);
        const left = expiresAt - window.machine.now().wall;
        const truth = (session && servers[connection]?.remaining(session)) ?? Number.POSITIVE_INFINITY;
        if (kind === 'session' && left > truth && this.#knows(window, id)) {
          this.#day.blame(`${name} gives ${value} ${left} ms more, and it has ${truth} ms`);
        }
      }
    }
    const { lastAwake, time } = this.#day;
    if (time.now - Math.max(lastAwake, this.#books.answeredAt) >= hearsayMs) {
      this.#checkAlike(); // All windows may know the latest state.
      this.checkKnown();
    }
    this.#books.see();
  }

  #gateways(): { readonly server: ModelServer; readonly isRevoked: boolean }[] {
    return this.#day.connections.flatMap((connection) => {
      const server = this.#day.servers[connection.name];
      return server === undefined ? [] : [{ server, isRevoked: abilitiesOf(connection).closable }];
    });
  }

  /** Whether a window can know what is left of a token: from its own machine, or from another one that it has heard of. */
  #knows(window: SimWindow, id: string): boolean {
    const { machines, storage, time } = this.#day;
    if (machines.length > 1 && time.now - (this.#books.writtenAt.get(id) ?? 0) < second) {
      return false; // A window of its machine may have found that out just now.
    }
    const token = this.#entry(storage.entries.get(id));
    if (token?.kind === 'user' && time.now - window.openedAt < lifeMs && machines.length > 1) {
      return false; // It lives as long as the last of its sessions, and that may have been closed.
    }
    const isHeard = ({ sent }: StoredToken) =>
      sent.machine === window.machine.name || this.#books.hasHeard(window, sent.boot);
    // A user token lives as long as the last of its sessions.
    return token?.kind === 'user'
      ? [...storage.entries.values()]
          .map((json) => this.#entry(json))
          .every((entry) => entry?.connection !== token.connection || isHeard(entry))
      : token === undefined || isHeard(token);
  }

  #entry(json: string | undefined): StoredToken | undefined {
    if (json === undefined) {
      return undefined;
    }
    const entry: StoredToken = this.#parsed.get(json) ?? JSON.parse(json);
    this.#parsed.set(json, entry);
    return entry;
  }

  /** A token has the same life left on all machines, less what the news of it may have been under way. */
  #checkAlike(): void {
    const { storage, time, windows } = this.#day;
    for (const [id, json] of storage.entries) {
      const lives = windows.flatMap((window) => {
        const token =
          time.now - window.openedAt > hearsayMs && this.#knows(window, id) && window.inner.keeper.find(id);
        // A user token lives as long as its sessions, and those may have been closed this moment.
        return token && token.kind === 'session'
          ? [{ window, left: token.expiresAt - window.machine.now().wall }]
          : [];
      });
      const most = Math.max(...lives.map(({ left }) => left));
      for (const { window, left } of lives) {
        if (most > hearsayMs && left < most - hearsayMs) {
          this.#day.tell(json);
          this.#day.blame(`${window.name} has ${left} ms left of ${id}, and another window ${most} ms`);
        }
      }
    }
  }

  /** All windows show what the store holds, less what a gateway is being asked to close: that is nobody's to use. */
  checkSame(): void {
    const { storage, windows } = this.#day;
    const { entries } = storage;
    const unclosed = windows.flatMap((window) => [...window.unclosed]);
    const isBeingClosed = (json: string) =>
      json.includes('"closing":true') && unclosed.some((value) => json.includes(`"value":"${value}"`));
    const stored = [...entries.keys()]
      .filter((id) => !isBeingClosed(entries.get(id) ?? ''))
      .sort()
      .join();
    for (const { name, inner } of windows) {
      const shown = inner.keeper
        .tokens()
        .map(({ id }) => id)
        .sort()
        .join();
      if (shown !== stored) {
        this.#day.blame(`${name} shows ${shown}, and stored is ${stored}`);
      }
      for (const [id, json] of entries) {
        if (inner.keeper.find(id) !== undefined && !json.includes(`"value":"${inner.keeper.reveal(id)}"`)) {
          this.#day.blame(`${name} has another value of ${id} than the store`);
        }
      }
    }
  }

  /** What a gateway counts as open and was ever stored is stored. */
  checkKnown(): void {
    const entries = [...this.#day.storage.entries.values()].join('\n');
    for (const { isRevoked, server } of this.#gateways()) {
      server.sweep();
      for (const [value, { user }] of server.sessions) {
        const isHeld = entries.includes(`"value":"${value}"`);
        // What nothing revokes lives on when it is closed or replaced.
        if (this.#books.mayNotBeLost(value, user) && !isHeld && (isRevoked || !this.#books.isClosed(value))) {
          this.#day.blame(`${value} is open, and nobody knows it`);
        }
        const refresh = server.families.refreshOf(value);
        if (isHeld && refresh !== undefined && !entries.includes(`"refreshToken":"${refresh}"`)) {
          this.#day.blame(`${value} is held without ${refresh}, which alone renews it`);
        }
      }
    }
  }

  /** Nothing is open any more that was ever stored. */
  checkClosed(): void {
    for (const { isRevoked, server } of this.#gateways()) {
      for (const [value, { user }] of server.sessions) {
        if (isRevoked && this.#books.mayNotBeLost(value, user)) {
          this.#day.blame(`${value} is still open after everything was closed`);
        }
      }
    }
  }

  checkLog({ inner, name }: SimWindow): void {
    const line = inner.lines.find((text) => text.includes('-secret-'));
    if (line !== undefined) {
      this.#day.blame(`${name} wrote a secret into the log: ${line}`);
    }
  }
}
