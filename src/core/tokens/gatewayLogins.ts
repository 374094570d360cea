import { SingleFlight, Turns } from '../async.ts';
import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { cancelled, isGatewayUserRefused } from '../errors.ts';
import { identityOf } from '../protocols/kinds.ts';
import type { Login } from '../protocols/protocol.ts';
import { belongsTo } from './gateways.ts';
import { isSame, partsOf, secretIn } from './loginParts.ts';
import type { Credentials } from './store.ts';

/** Asks the person for the gateway's own login; undefined when they cancel. */
export type AskGatewayLogin = (
  connection: Connection,
  why: 'unknown' | 'refused',
) => Promise<Login | undefined>;

/** What is remembered for connections. */
interface Remembered {
  read(connection: Connection): Promise<Credentials | undefined>;
  write(connection: Connection, entry: Credentials): Promise<void>;
}

/** The logins that gateways ask for as their own, besides those of persons. After a refusal one is sent no more. */
export class GatewayLogins extends Part<Remembered> {
  /** Those that were given to this window, which are needed even where nothing is remembered. */
  readonly #given = new Map<
    string,
    { readonly login: Login; readonly origin: string; is?: 'kept' | 'refused' }
  >();
  /** Connections for which none is remembered, so that the storage is not read for each request. */
  readonly #without = new Set<string>();
  /** Persons being asked, by connection. */
  readonly #asking = new SingleFlight<string, void>();
  readonly #turns = new Turns();

  /** That of a connection's gateway, as far as it is known and has not been refused. */
  async login(connection: Connection): Promise<Login> {
    const given = this.#given.get(connection.name);
    if (given !== undefined && belongsTo(connection, given)) {
      return given.is === 'refused' ? {} : given.login;
    }
    if (this.#without.has(connection.name)) {
      return {};
    }
    const { login, gatewayRefused } = (await this.deps.read(connection)) ?? {};
    const gateway = login === undefined ? {} : partsOf(connection, login).gateway;
    if (Object.keys(gateway).length === 0) {
      this.#without.add(connection.name);
    }
    return gatewayRefused ? {} : gateway;
  }

  /** Notes one that somebody has given, be it a part of their own login. */
  give(connection: Connection, login: Login): void {
    const { gateway } = partsOf(connection, login);
    if (secretIn(connection, gateway) !== undefined) {
      this.#given.set(connection.name, { login: gateway, origin: identityOf(connection) });
    }
  }

  forget(name: string): void {
    this.#given.delete(name);
  }

  /** To be called when what is remembered for a connection may have changed. */
  storeChanged(name: string): void {
    this.#without.delete(name);
  }

  /**
   * Does what a gateway may want its own login for. Where it asks, the person is asked, once for all who wait, and
   * it is done again. A password is sent by one at a time, and after a refusal no more.
   * @param ask absent where nobody can be asked: it then rejects with `E_CREDENTIALS`
   * @param work makes its request with {@link login}
   * @param how `together` for what may take long, or needs others of these on its way
   */
  async use<T>(
    connection: Connection,
    ask: AskGatewayLogin | undefined,
    work: () => Promise<T>,
    how: 'alone' | 'together' = 'alone',
  ): Promise<T> {
    const { name } = connection;
    const secretNow = async () => secretIn(connection, await this.login(connection));
    let sent: Login = {};
    const send = async () => {
      sent = await this.login(connection);
      try {
        const result = await work();
        await this.#worked(connection, sent);
        return result;
      } catch (error) {
        if (isGatewayUserRefused(error)) {
          await this.#failed(connection, sent);
        }
        throw error;
      }
    };
    const attempt = async () =>
      how === 'together' || (await secretNow()) === undefined ? send() : this.#turns.run(name, send);
    try {
      return await attempt();
    } catch (error) {
      if (!isGatewayUserRefused(error)) {
        throw error;
      }
      // A person may have answered meanwhile, here or in another window.
      this.storeChanged(name);
      const secret = await secretNow();
      const secretSent = secretIn(connection, sent);
      if (secret === undefined || secret === secretSent) {
        if (ask === undefined) {
          throw error;
        }
        await this.#asking.run(name, async () => {
          const given = await ask(connection, secretSent === undefined ? 'unknown' : 'refused');
          if (given === undefined) {
            throw cancelled();
          }
          this.give(connection, given);
        });
      }
      return attempt();
    }
  }

  /** A request went through with one: it is kept with the login that is remembered. */
  async #worked(connection: Connection, sent: Login): Promise<void> {
    const given = this.#given.get(connection.name);
    const secret = given === undefined ? undefined : secretIn(connection, given.login);
    if (given === undefined || given.is === 'kept' || secret !== secretIn(connection, sent)) {
      return;
    }
    given.is = 'kept';
    const found = await this.deps.read(connection);
    if (found?.login !== undefined && !isSame(connection, 'gateway', found.login, sent)) {
      const { gatewayRefused: _, ...rest } = found;
      await this.deps.write(connection, { ...rest, login: { ...found.login, ...sent } });
    }
  }

  async #failed(connection: Connection, sent: Login): Promise<void> {
    const isSent = (login: Login | undefined) =>
      login !== undefined && isSame(connection, 'gateway', login, sent);
    const given = this.#given.get(connection.name);
    if (given !== undefined && isSent(given.login)) {
      given.is = 'refused';
    }
    const found = await this.deps.read(connection);
    if (found !== undefined && isSent(found.login) && secretIn(connection, sent) !== undefined) {
      await this.deps.write(connection, { ...found, gatewayRefused: true });
    }
  }
}
