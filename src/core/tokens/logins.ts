import { Turns } from '../async.ts';
import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { isLoginRefused, TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { ended } from '../http/text.ts';
import { identityOf } from '../protocols/kinds.ts';
import type { Login } from '../protocols/protocol.ts';
import { GatewayLogins } from './gatewayLogins.ts';
import { credentialsOf } from './gateways.ts';
import { lease, pollMs, release, releaseWhenHeard } from './leases.ts';
import { isByCertificate, isSame, partsOf } from './loginParts.ts';
import type { Ports } from './ports.ts';
import type { Credentials } from './store.ts';

/**
 * The logins that are remembered. Accounts are locked after a few refusals, so one that a gateway has refused is kept
 * with a mark, which all windows see, and is sent no more until somebody types a new one.
 */
export class Logins extends Part<Ports> {
  readonly #changes = this.add(new Emitter<string>());
  readonly #turns = new Turns();
  /** What gateways said as they refused what is remembered, by connection; as read last. */
  readonly #refusals = new Map<string, string>();
  /** Refused logins whose mark could not be stored, so that it holds in this window at least. */
  readonly #unstored = new Map<string, Credentials>();
  /** A connection's remembered login is refused now, or is not any more. */
  readonly onDidChange = this.#changes.event;
  /** The gateways' own logins, which are kept with those of persons. */
  readonly gateways = new GatewayLogins(this);

  constructor(deps: Ports) {
    super(deps);
    this.add(
      deps.credentials.onDidChange((name) => {
        this.#unstored.delete(name);
        this.gateways.storeChanged(name);
        const connection = deps.connections.find(name);
        if (connection !== undefined) {
          void this.read(connection);
        }
      }),
    );
  }

  /** The error that says that a connection's remembered login was refused, where it was. */
  refusal(connection: string): TokensError | undefined {
    const words = this.#refusals.get(connection);
    return words === undefined ? undefined : refusedBefore(connection, words);
  }

  /** What is remembered for a connection, refused or not, if it was given for where the connection leads now. */
  async read(connection: Connection): Promise<Credentials | undefined> {
    const { credentials, log } = this.deps;
    const { name } = connection;
    let found = await credentialsOf(connection, credentials, log);
    const marked = this.#unstored.get(name);
    if (
      found !== undefined &&
      marked !== undefined &&
      isSame(connection, 'person', found.login, marked.login)
    ) {
      found = marked;
    }
    this.#show(name, found?.refused);
    return found;
  }

  /** Finds out which remembered logins have been refused, for the views. */
  readAll(): void {
    for (const connection of this.deps.connections.all()) {
      void this.read(connection);
    }
  }

  /** What is remembered and may be sent. */
  usable(connection: Connection): Promise<Login | undefined> {
    return this.#login(connection).catch(() => undefined);
  }

  /**
   * Sends what is remembered, one sender at a time in all windows: with several at once each would be refused.
   * Undefined where nothing is remembered; rejects with `E_CREDENTIALS`, and sends nothing, where it was refused before.
   * @param met what makes the sending needless, once another window has done it
   */
  send<T>(
    connection: Connection,
    met: () => T | undefined,
    work: (login: Login) => Promise<T>,
  ): Promise<T | undefined> {
    const { scheduler } = this.deps;
    const key = `logon-${connection.name}`;
    return this.#turns.run(connection.name, async () => {
      for (;;) {
        if ((await this.#login(connection)) === undefined) {
          return undefined;
        }
        // The lease ends with its window, or when a gateway is silent for longer than a log-on's requests take.
        if (await lease(this.deps, key, 4_000 * connection.requestTimeoutSeconds)) {
          break;
        }
        await new Promise<void>((resolve) => scheduler.after(`${key}-wait`, pollMs, resolve));
        const found = met();
        if (found !== undefined) {
          return found;
        }
      }
      try {
        // Read again: another window may have been refused since, or somebody has typed another one.
        const login = await this.#login(connection);
        const result = login === undefined ? undefined : await work(partsOf(connection, login).person);
        void release(this.deps, key);
        return result;
      } catch (error) {
        // Once a login is refused, no window may send it before all see the mark.
        isLoginRefused(error) ? releaseWhenHeard(this.deps, key) : void release(this.deps, key);
        throw error;
      }
    });
  }

  /** Remembers a login, or none, in place of what was. The connection's other secrets stay. */
  async remember(connection: Connection, login: Login | undefined): Promise<void> {
    // A client certificate alone is no login to remember.
    const isLogin = login !== undefined && Object.keys(login).length > 0;
    this.gateways.storeChanged(connection.name);
    const known = isLogin ? { ...(await this.gateways.login(connection)), ...login } : undefined;
    const secrets = (await this.read(connection))?.secrets;
    if (known === undefined && secrets === undefined) {
      await this.forget(connection.name);
    } else {
      await this.write(connection, {
        ...(known === undefined ? {} : { login: known }),
        ...(secrets === undefined ? {} : { secrets }),
        origin: identityOf(connection),
      });
    }
  }

  /** Notes a failed log-on: where the gateway has refused what is remembered, that is marked. */
  async failed(connection: Connection, login: Login, error: unknown): Promise<void> {
    if (!isLoginRefused(error)) {
      return;
    }
    const found = await this.read(connection);
    if (found !== undefined && isSame(connection, 'person', found.login, login)) {
      await this.write(connection, { ...found, refused: error.details.detail ?? '' });
    }
  }

  /**
   * Notes a log-on that was granted.
   * @param remember whether its login is to be remembered, or forgotten; undefined leaves what is remembered as it is,
   * but for a mark of refusal: that goes, and with it the login if it is another one
   * @param before what was remembered when the log-on was sent
   */
  async granted(
    connection: Connection,
    login: Login,
    remember: boolean | undefined,
    before: Credentials | undefined,
  ): Promise<void> {
    const found = await this.read(connection);
    const isRefused = (one?: Credentials) =>
      one?.refused !== undefined && isSame(connection, 'person', one.login, login);
    if (remember !== false && isRefused(found) && !isRefused(before)) {
      return; // The refusal may be the later answer, and one more may lock the account.
    }
    if (remember === undefined && found !== undefined && isRefused(found)) {
      const { refused: _, ...good } = found;
      await this.write(connection, good);
    } else if (remember !== undefined || found?.refused !== undefined) {
      await this.remember(connection, remember ? login : undefined);
    }
  }

  /** Forgets all that is known of who signs in. */
  async forgetAll(name: string): Promise<void> {
    this.gateways.forget(name);
    await this.forget(name);
  }

  /** Forgets what is remembered, and the connection's other secrets. */
  async forget(name: string): Promise<void> {
    this.#unstored.delete(name);
    await this.deps.credentials.delete(name);
    this.#show(name, undefined);
  }

  /** What is remembered; rejects where it was refused. */
  async #login(connection: Connection): Promise<Login | undefined> {
    if (isByCertificate(connection)) {
      return {};
    }
    const found = await this.read(connection);
    if (found?.refused !== undefined) {
      throw refusedBefore(connection.name, found.refused);
    }
    return found?.login;
  }

  /** Keeps this in place of what was kept for a connection; where it cannot be stored, the log says so. */
  async write(connection: Connection, entry: Credentials): Promise<void> {
    const { name } = connection;
    this.#unstored.delete(name);
    this.gateways.storeChanged(name);
    this.#show(name, entry.refused);
    try {
      await this.deps.credentials.write(name, entry);
    } catch (error) {
      if (entry.refused !== undefined) {
        this.#unstored.set(name, entry);
      }
      this.deps.log.error(`Remembering the credentials failed: ${String(error)}`);
    }
  }

  #show(name: string, refusal: string | undefined): void {
    if (this.#refusals.get(name) === refusal) {
      return;
    }
    if (refusal === undefined) {
      this.#refusals.delete(name);
    } else {
      this.#refusals.set(name, refusal);
    }
    this.#changes.fire(name);
  }
}

/** The error for a login that is not sent because it was refused before. */
function refusedBefore(connection: string, words: string): TokensError {
  const details = { detail: words, refused: 'login' } as const;
  return new TokensError(
    'E_CREDENTIALS',
    words === ''
      ? '{0} has refused the remembered credentials: sign in again.'
      : '{0} has refused the remembered credentials, sign in again: {1}',
    [connection, ended(words)],
    details,
  );
}
