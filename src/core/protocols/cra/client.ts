import { TokensError } from '../../errors.ts';
import { HttpClient } from '../../http/client.ts';
import { segment } from '../../http/encode.ts';
import type { HttpAnswer } from '../../http/request.ts';
import { parseJson } from '../../http/text.ts';
import type {
  CallOptions,
  CloseOptions,
  Column,
  DataAnswer,
  Gateway,
  Grant,
  Login,
  Service,
  Tokens,
} from '../protocol.ts';
import { CraGetData } from './getData.ts';
import type { CraQuery } from './request.ts';
import { type CraCall, type CraDeps, type CraDialect, type CraLogin, CraWire } from './shared.ts';
import { CraViews } from './views.ts';
import { dialectOf, memoryKey } from './wire.ts';

/** What an answer to the question for the list of services says about its dialect. */
type Verdict = 'spoken' | 'unknown' | 'absent';

/** A CRA gateway (docs/protocols.md 2), in the dialect that it speaks. */
export class Cra implements Gateway<CraQuery> {
  readonly #deps: CraDeps;
  readonly #http: HttpClient;
  readonly #wire: CraWire;
  readonly #views: CraDialect;
  readonly #classic: CraDialect;
  /** The columns of the views asked for. */
  readonly #columns = new Map<string, Column[]>();
  #dialect: CraDialect | undefined;

  constructor(deps: CraDeps) {
    this.#deps = deps;
    this.#http = new HttpClient(deps);
    this.#wire = new CraWire(this.#http, deps);
    this.#views = new CraViews(this.#wire);
    this.#classic = new CraGetData(this.#wire);
    const known = dialectOf(deps.connection, deps.memory);
    this.#dialect = known === undefined ? undefined : known === 'views' ? this.#views : this.#classic;
  }

  async signIn(login: Login, service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const name = service ?? this.#deps.connection.service;
    if (name === undefined) {
      throw new TokensError('E_CONFIG', 'Name the service of {0} to sign in to.', [
        this.#deps.connection.name,
      ]);
    }
    segment(name);
    const who = this.#who(login);
    const dialect = await this.#find(options);
    return dialect === undefined
      ? this.#signInByTrying(who, login, name, options)
      : dialect.signIn(who, login, name, options);
  }

  async getData(call: CraCall): Promise<DataAnswer> {
    return (await this.#known(call)).getData(call);
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    return (await this.#known(options)).keepAlive(tokens, options);
  }

  /** Without a session there is nothing to do: no log-off is documented, so a user token dies by itself. */
  async close(tokens: Tokens, options: CloseOptions<CraQuery> = {}): Promise<void> {
    const { session } = tokens;
    if (session !== undefined) {
      await (await this.#known(options)).close({ ...tokens, session }, options);
    }
  }

  async services(options: CallOptions = {}): Promise<Service[]> {
    const answer = await (await this.#known(options)).list(options);
    if (answer.status === 401 || answer.status === 403) {
      throw new TokensError(
        'E_HTTP',
        '{0} does not tell its services before somebody has signed in; type the name of the service.',
        [this.#http.host],
        { status: answer.status, refused: 'sign-in' },
      );
    }
    return this.#wire.services(answer);
  }

  /** A definition is asked for once: it does not change while a gateway runs, and each data call wants it. */
  async columns(tokens: Tokens, query: CraQuery, options: CallOptions = {}): Promise<Column[]> {
    const key = JSON.stringify([tokens.service, query.product, query.view]);
    let columns = this.#columns.get(key);
    if (columns === undefined) {
      columns = await (await this.#known(options)).columns(tokens, query, options);
      this.#columns.set(key, columns);
    }
    return columns;
  }

  dispose(): void {
    this.#http.dispose();
  }

  /** @throws E_CONFIG for what nobody can sign in with to this connection */
  #who({ username, password }: Login): CraLogin {
    const { name, login } = this.#deps.connection;
    if (username !== undefined && password !== undefined) {
      this.#deps.redactor.addName(username);
      this.#deps.redactor.add(password);
      return { username, password };
    }
    if (login !== 'certificate') {
      throw new TokensError('E_CONFIG', '{0} takes a user and a password.', [name]);
    }
    return undefined;
  }

  async #known(options: CallOptions): Promise<CraDialect> {
    const dialect = await this.#find(options);
    if (dialect === undefined) {
      throw new TokensError(
        'E_HTTP',
        'There is no CRA gateway at {0}; check the address of the connection {1}.',
        [this.#deps.connection.url, this.#deps.connection.name],
        { status: 404 },
      );
    }
    return dialect;
  }

  /**
   * Finds out the dialect by the list of services; undefined when neither has one. Callers at the same time each
   * ask for themselves: the question is cheap, and so one's cancelling cannot fail another.
   */
  async #find(options: CallOptions): Promise<CraDialect | undefined> {
    if (this.#dialect !== undefined) {
      return this.#dialect;
    }
    const views = await this.#views.list(options);
    const first = judge(views);
    if (first === 'spoken') {
      return this.#settle(this.#views);
    }
    if (judge(await this.#classic.list(options)) === 'spoken') {
      return this.#settle(this.#classic);
    }
    if (first === 'unknown') {
      throw this.#wire.failure(views, {});
    }
    return undefined;
  }

  /** For a gateway without a list: a 404 or 405 of a log-on hands out no token, so another may be tried. */
  async #signInByTrying(
    login: CraLogin,
    gateway: Login,
    service: string,
    options: CallOptions,
  ): Promise<Grant> {
    for (const dialect of [this.#views, this.#classic]) {
      try {
        const grant = await dialect.signIn(login, gateway, service, options);
        this.#settle(dialect);
        return grant;
      } catch (error) {
        if (!TokensError.is(error) || (error.details.status !== 404 && error.details.status !== 405)) {
          throw error;
        }
      }
    }
    throw new TokensError(
      'E_HTTP',
      'There is no service “{0}” at {1}; check its name and the address of the connection {2}.',
      [service, this.#deps.connection.url, this.#deps.connection.name],
      { status: 404 },
    );
  }

  #settle(dialect: CraDialect): CraDialect {
    if (this.#dialect === undefined) {
      this.#dialect = dialect;
      this.#deps.memory.set(memoryKey(this.#deps.connection), dialect.name);
    }
    return dialect;
  }
}

/** A gateway in trouble, or a page of something in front of it, says nothing about the dialect. */
function judge({ status, text }: HttpAnswer): Verdict {
  if (status === 404 || status === 405) {
    return 'absent';
  }
  return status === 401 || status === 403 || (status < 300 && parseJson(text).ok) ? 'spoken' : 'unknown';
}
