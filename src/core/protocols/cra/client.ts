import { Part } from '../../disposable.ts';
import { TokensError } from '../../errors.ts';
import { HttpClient } from '../../http/client.ts';
import { segment } from '../../http/encode.ts';
import type { HttpAnswer } from '../../http/request.ts';
import { parseJson, wordsOf } from '../../http/text.ts';
import type {
  CallOptions,
  CloseOptions,
  Column,
  DataAnswer,
  Gateway,
  Grant,
  Login,
  RelayCall,
  Service,
  Tokens,
} from '../protocol.ts';
import { CraDialect } from './dialect.ts';
import { isList, saysUserTokenIsGone, servicesIn } from './reading.ts';
import type { CraQuery } from './request.ts';
import { type CraCall, type CraDeps, type CraLogin, CraWire } from './shared.ts';
import { memoryKey, profileOf } from './wire.ts';

/** What the answer to a request for the list of services says about the gateway's dialect. */
type Verdict = 'spoken' | 'perhaps' | 'unknown' | 'absent';

/** A CRA gateway (docs/protocols.md 2), in the dialect that it speaks. */
export class CraClient extends Part<CraDeps> implements Gateway<CraQuery> {
  readonly #http = this.add(new HttpClient(this.deps));
  readonly #wire = new CraWire(this.#http, this.deps);
  readonly #views = new CraDialect(this.#wire, 'views');
  readonly #classic = new CraDialect(this.#wire, 'getData');
  readonly #cmi = new CraDialect(this.#wire, 'cmi');
  /** Those that the settings allow, the likely ones first. */
  readonly #dialects = [this.#views, this.#classic, this.#cmi].filter((one) => {
    const { dialect } = this.deps.connection;
    return dialect === 'auto' || (dialect === 'getData') === (one === this.#classic);
  });
  /** The columns of the views asked for. */
  readonly #columns = new Map<string, Column[]>();
  #dialect = this.#dialects.find(({ name }) => name === profileOf(this.deps.connection, this.deps.memory));

  async signIn(login: Login, service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const name = this.#wire.service({ service });
    segment(name);
    const who = this.#who(login);
    const known = this.#dialect ?? (await this.#findOut(options, name));
    let absent: TokensError | undefined;
    // A 404 or 405 of a log-on hands out no token, so another may be tried; anything else is the gateway's answer.
    for (const dialect of known === undefined ? this.#dialects : [known, ...this.#others(known)]) {
      try {
        const grant = await dialect.signIn(who, login, name, options);
        this.#settle(dialect);
        return grant;
      } catch (error) {
        if (!isAbsent(error)) {
          throw error;
        }
        absent ??= error;
      }
    }
    throw new TokensError(
      'E_HTTP',
      'There is no service “{0}” at {1}; check its name and the address of the connection {2}.',
      [name, this.deps.connection.url, this.deps.connection.name],
      { ...absent?.details, status: 404 }, // With the gateway's own words, for the log.
    );
  }

  /** With an open session the dialect is known: a 404 is about the session. */
  async getData(call: CraCall): Promise<DataAnswer> {
    return call.tokens.session === undefined
      ? this.#ask(call, call.tokens.service, (dialect) => dialect.getData(call))
      : (await this.#known(call)).getData(call);
  }

  async relay(call: RelayCall): Promise<DataAnswer> {
    return (await this.#known(call, call.tokens.service)).relay(call);
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    return (await this.#known(options, tokens.service)).keepAlive(tokens, options);
  }

  /** Without a session it does nothing: see {@link logOff}. */
  async close(tokens: Tokens, options: CloseOptions<CraQuery> = {}): Promise<void> {
    const { session } = tokens;
    if (session !== undefined) {
      await (await this.#known(options, tokens.service)).close({ ...tokens, session }, options);
    }
  }

  async logOff(tokens: Tokens, options: CallOptions = {}): Promise<void> {
    const answer = await (await this.#known(options, tokens.service)).logOff(tokens, options);
    if (!endsToken.has(answer.status) && !saysUserTokenIsGone(wordsOf(answer.text, this.deps.redactor))) {
      this.#wire.acknowledged(answer, 'sign-in');
    }
  }

  async services(options: CallOptions = {}): Promise<Service[]> {
    return this.#ask(options, undefined, async (dialect) => {
      const answer = await dialect.list(options);
      if (answer.status === 401 || answer.status === 403) {
        throw new TokensError(
          'E_HTTP',
          '{0} does not tell its services before somebody has signed in; type the name of the service.',
          [this.#http.host],
          { status: answer.status, refused: 'sign-in' },
        );
      }
      return servicesIn(this.#wire.json(answer), this.#http.host);
    });
  }

  /** A view's definition is asked for once: it does not change while a gateway runs, and each result needs it. */
  async columns(tokens: Tokens, query: CraQuery, options: CallOptions = {}): Promise<Column[]> {
    const key = JSON.stringify([tokens.service, query.product, query.view]);
    const columns =
      this.#columns.get(key) ??
      (await this.#ask(options, tokens.service, (dialect) => dialect.columns(tokens, query, options)));
    this.#columns.set(key, columns);
    return columns;
  }

  async offers(
    tokens: Tokens,
    member: string,
    query: Partial<CraQuery>,
    options: CallOptions = {},
  ): Promise<string[]> {
    return (await this.#known(options, tokens.service)).offers(tokens, member, query, options);
  }

  /** @throws E_CONFIG for a login that this connection does not take */
  #who({ username, password }: Login): CraLogin {
    const { name, login } = this.deps.connection;
    if (username !== undefined && password !== undefined) {
      this.deps.redactor.addNamed({ username, password });
      return { username, password };
    }
    if (login !== 'certificate') {
      throw new TokensError('E_CONFIG', '{0} takes a user and a password.', [name]);
    }
    return undefined;
  }

  async #known(options: CallOptions, service?: string): Promise<CraDialect> {
    const dialect = this.#dialect ?? (await this.#findOut(options, service));
    if (dialect === undefined) {
      throw new TokensError(
        'E_HTTP',
        'There is no CRA gateway at {0}; check the address of the connection {1}.',
        [this.deps.connection.url, this.deps.connection.name],
        { status: 404 },
      );
    }
    return dialect;
  }

  /**
   * Asks in the dialect that is known. Where the gateway has no such address, nothing was done, and the gateway was
   * upgraded or the dialect was a guess: then it asks in the one that is found out anew, and at last in the others.
   */
  async #ask<T>(
    options: CallOptions,
    service: string | undefined,
    work: (dialect: CraDialect) => Promise<T>,
  ): Promise<T> {
    const first = await this.#known(options, service);
    try {
      return await work(first);
    } catch (error) {
      if (!isAbsent(error) || this.#dialects.length === 1) {
        throw error;
      }
      if (this.deps.connection.dialect === 'auto') {
        const found = await this.#findOut(options, service).catch(() => undefined);
        if (found !== undefined && found !== first) {
          return work(found);
        }
      }
      for (const other of this.#others(first)) {
        try {
          const result = await work(other);
          this.#settle(other);
          return result;
        } catch {
          // It has no such address either: the error of the known dialect counts.
        }
      }
      throw error;
    }
  }

  /**
   * Finds out the dialect by the list of services; undefined when no root has one. Concurrent callers each ask for
   * themselves, so that one that cancels cannot fail another.
   */
  async #findOut(
    options: CallOptions,
    service = this.deps.connection.service,
  ): Promise<CraDialect | undefined> {
    const views = await this.#listOf(this.#views, options);
    if (views.verdict === 'spoken') {
      return this.#settle(this.#views);
    }
    // A proxy in front may also refuse unknown paths: then a list of services counts more.
    const { verdict } = await this.#listOf(this.#classic, options);
    if (verdict === 'spoken' || (verdict === 'perhaps' && views.verdict !== 'perhaps')) {
      if (service === undefined) {
        return this.#classic; // For a list of services both are alike; which one it is shows later.
      }
      const isCmi = await this.#cmi.isSpoken(service, views.status, options).catch(unlessRedirected);
      return this.#settle(isCmi ? this.#cmi : this.#classic);
    }
    if (views.verdict === 'unknown') {
      throw views.failure();
    }
    return views.verdict === 'perhaps' ? this.#settle(this.#views) : undefined;
  }

  async #listOf(
    dialect: CraDialect,
    options: CallOptions,
  ): Promise<{ verdict: Verdict; status: number; failure: () => TokensError }> {
    try {
      const answer = await dialect.list(options);
      return { verdict: judge(answer), status: answer.status, failure: () => this.#wire.failure(answer, {}) };
    } catch (error) {
      unlessRedirected(error);
      return { verdict: 'unknown', status: 0, failure: () => error as TokensError };
    }
  }

  /** The other dialects, that of the same root first: at another one the gateway may not be. */
  #others(known: CraDialect): readonly CraDialect[] {
    const others = this.#dialects.filter((dialect) => dialect !== known);
    return others.sort((one, other) => Number(other.root === known.root) - Number(one.root === known.root));
  }

  #settle(dialect: CraDialect): CraDialect {
    if (this.#dialect !== dialect) {
      this.#dialect = dialect;
      this.deps.memory.set(memoryKey(this.deps.connection), dialect.name);
    }
    return dialect;
  }
}

/** Statuses by which a gateway says that there is no log-off, or that it knows the token no more. */
const endsToken = new Set([401, 404, 405, 410]);

/** Whether a gateway says that it has no such address, and so has done nothing. */
function isAbsent(error: unknown): error is TokensError {
  const { status, refused } = error instanceof TokensError ? error.details : {};
  return (status === 404 || status === 405) && refused !== 'login';
}

/** False for a redirect that is not followed: that address is not the gateway's. @throws any other */
function unlessRedirected(error: unknown): false {
  const { status = 0 } = error instanceof TokensError ? error.details : {};
  if (status < 300 || status >= 400) {
    throw error;
  }
  return false;
}

/** A server error, or a page of a proxy in front, says nothing about the dialect. */
function judge({ status, text }: HttpAnswer): Verdict {
  if (status === 404 || status === 405) {
    return 'absent';
  }
  const parsed = status < 300 ? parseJson(text) : undefined;
  if (parsed?.ok && isList(parsed.value)) {
    return 'spoken';
  }
  return parsed?.ok || status === 401 || status === 403 ? 'perhaps' : 'unknown';
}
