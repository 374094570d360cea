import { TokensError } from '../../errors.ts';
import { decodePairs, encode, encodePairs, type Pairs, segment } from '../../http/encode.ts';
import type { HttpAnswer, HttpRequest } from '../../http/request.ts';
import { parseJson } from '../../http/text.ts';
import type {
  CallOptions,
  CloseOptions,
  Column,
  DataAnswer,
  Grant,
  Login,
  RelayCall,
  Tokens,
} from '../protocol.ts';
import { isForm, sentOf, withField } from '../relayed.ts';
import { columnsIn, listsServices, namesIn } from './reading.ts';
import type { CraQuery } from './request.ts';
import { asksForBasic, type CraCall, type CraLogin, type CraWire } from './shared.ts';
import { type CraProfile, dataPath, roots, servicePath, underToken, viewPath, yesNo } from './wire.ts';

/**
 * One way to speak to a CRA gateway (docs/protocols.md 2a, 2b), whose requests `wire.ts` makes. Same rules as for `Gateway`.
 */
export class CraDialect {
  readonly name: CraProfile;
  readonly #wire: CraWire;
  readonly root: string;

  constructor(wire: CraWire, name: CraProfile) {
    this.#wire = wire;
    this.name = name;
    this.root = roots[name];
  }

  get #isOlder(): boolean {
    return this.name === 'getData';
  }

  /** Logs on, in the next way where the gateway has not the one before. @throws E_CONFIG for a certificate at an older API */
  async signIn(login: CraLogin, gateway: Login, service: string, options: CallOptions): Promise<Grant> {
    if (this.#isOlder && login === undefined) {
      throw new TokensError(
        'E_CONFIG',
        'The gateway of {0} has the older API, which knows no sign-in by certificate: set its login to "password".',
        [this.#wire.deps.connection.name],
        { sent: false },
      );
    }
    const logOn = (verb: string) => {
      const body = verb === 'login' ? { json: login ?? {} } : { form: Object.entries(login ?? {}) };
      const path = `${this.root}/${encode(service)}/${verb}`;
      return this.#wire.asked({ method: 'POST', path, ...body, signal: options.signal }, { gateway });
    };
    const [first, ...others] = login === undefined ? (['login'] as const) : logOns[this.name];
    let answer = await logOn(first);
    for (const verb of others) {
      if (noSuchLogOn.has(answer.status) && !this.#wire.refusesLogin(answer)) {
        answer = await logOn(verb);
      }
    }
    const value = this.#wire.userToken(answer);
    const reportedMs = this.#isOlder ? undefined : await this.#life(answer, options);
    return { value, sent: answer.sent, ...(reportedMs === undefined ? {} : { reportedMs }) };
  }

  /**
   * The life that a log-on's `Keep-Alive: timeout=<minutes>` tells, in milliseconds. HTTP has a header of the same
   * name that counts seconds, and a server sends that one with every answer: so it is the life only if the list of
   * services comes without the same one.
   */
  async #life(answer: HttpAnswer, options: CallOptions): Promise<number | undefined> {
    const minutes = timeoutOf(answer);
    if (minutes === undefined) {
      return undefined;
    }
    try {
      return timeoutOf(await this.list(options)) === minutes ? undefined : minutes * 60_000;
    } catch {
      return undefined; // It is unclear which one it is, so the life is estimated.
    }
  }

  async getData(call: CraCall): Promise<DataAnswer> {
    const { tokens, query, keepOpen } = call;
    const isNew = tokens.session === undefined;
    // The older dialect cannot ask for a session of one call, so it is closed afterwards.
    const opens = isNew && (keepOpen || this.#isOlder);
    const closes: Pairs = this.#isOlder ? [] : [['close', yesNo(!keepOpen)]];
    const [path, pairs] = dataPath(this.name, query, this.#service(tokens));
    const request: HttpRequest = {
      ...this.#request(tokens, path, [
        ...pairs,
        // What a script has asked for besides.
        ...decodePairs(call.relayed?.request.query ?? ''),
        ...sessionPair(tokens),
        ...closes,
      ]),
      // A session of one call can be opened again; but after a refusal for lack of sessions waiting does not help.
      idempotent: opens ? false : isNew ? 'network' : true,
    };
    const { answer, session } = await this.#wire.data(request, call, opens);
    if (session === undefined || (!keepOpen && (!this.#isOlder || (await this.#closes(tokens, session))))) {
      return answer;
    }
    return { ...answer, session };
  }

  /** Closes the session of a call. False where it may be open. */
  async #closes(tokens: Tokens, session: string): Promise<boolean> {
    try {
      await this.close({ ...tokens, session }, {});
      return true;
    } catch (error) {
      const { log, connection } = this.#wire.deps;
      log.warn(`${connection.name}: a session could not be closed: ${error}`);
      return false;
    }
  }

  async close(
    tokens: Tokens & { session: string },
    { query, signal }: CloseOptions<CraQuery>,
  ): Promise<void> {
    const request = this.#isOlder
      ? { ...this.#post(tokens, 'close'), query: sessionPair(tokens), idempotent: true }
      : this.#request(tokens, this.root, [['close', 'true'], ...sessionPair(tokens)]);
    const answer = await this.#wire.asked({ ...request, signal }, tokens, true);
    const last = this.#isOlder ? undefined : query;
    try {
      if (last !== undefined && this.#isUnclear(answer)) {
        throw this.#wire.failure(answer, { about: 'either' });
      }
      return this.#wire.closed(answer);
    } catch (error) {
      if (last === undefined || answer.status === 401) {
        throw error;
      }
    }
    const [path, params] = dataPath(this.name, last, this.#service(tokens));
    const pairs: Pairs = [...params, ['rows', '1'], ...sessionPair(tokens), ['close', 'Y']];
    const closing = { ...this.#request(tokens, path, pairs), signal };
    this.#wire.closed(await this.#wire.asked(closing, tokens));
  }

  /**
   * Whether an answer to a closing may mean that nothing was done. A 404 may speak of the session, which is then gone, or of
   * the address. And a gateway that passes over the parameters answers with the list of services.
   */
  #isUnclear(answer: HttpAnswer): boolean {
    const parsed = parseJson(answer.text);
    return (
      (answer.status === 404 && !this.#wire.speaksOfSession(answer)) ||
      (parsed.ok && listsServices(parsed.value))
    );
  }

  /** A list of views is not documented (A), the others are; where there is none, as in the older API, nothing is offered. */
  async offers(
    tokens: Tokens,
    member: string,
    { product = '', context }: Partial<CraQuery>,
    { signal }: CallOptions,
  ): Promise<string[]> {
    const list = this.#isOlder ? undefined : lists[member];
    if (list === undefined || (list.isOfProduct && product === '')) {
      return [];
    }
    const path = this.#path(
      tokens,
      list.isOfProduct ? `products/${segment(product)}/${member}s` : 'products',
    );
    const isNarrowed = member === 'server' && context !== undefined;
    const request = this.#request(tokens, path, isNarrowed ? [['context', context]] : []);
    const answer = await this.#wire.asked({ ...request, signal }, tokens);
    return answer.status === 404 || answer.status === 405 ? [] : namesIn(this.#wire.json(answer), list.names);
  }

  /**
   * Whether a gateway has views under this root: it then wants a token for what there is to choose from.
   * @param unknown the status that it has for what it does not know
   */
  async isSpoken(service: string, unknown: number, { signal }: CallOptions): Promise<boolean> {
    const path = `${servicePath(this.root, service)}/products`;
    const { status, headers } = await this.#wire.http.send({ method: 'GET', path, idempotent: true, signal });
    return status !== unknown && (status === 401 || status === 403) && !asksForBasic({ status, headers });
  }

  /** A request under a user token; see {@link underToken}. */
  #request(tokens: Tokens, path: string, query: Pairs = []): HttpRequest {
    const { session = '', user } = tokens;
    // Newer pages name the session as a header, other clients send it in the query: so it is in both.
    const hasHeader = !this.#isOlder && /^[\x21-\x7e]+$/.test(session);
    return {
      ...underToken(this.name, user, path, query),
      idempotent: true,
      ...(hasHeader ? { headers: { session } } : {}),
    };
  }

  /**
   * A request with the user token in its form. In the older dialect keeping alive and closing are documented with Basic: they
   * are sent with it from the start where it is known.
   */
  #post(tokens: Tokens, verb: string): HttpRequest {
    const request: HttpRequest = {
      ...this.#request(tokens, this.#path(tokens, verb)),
      ...{ method: 'POST', form: [['userToken', tokens.user]], idempotent: false },
    };
    const isBasic = this.#isOlder && verb !== 'Logoff';
    return (isBasic ? this.#wire.withBasic(request, tokens) : undefined) ?? request;
  }

  #path(tokens: Tokens, rest: string): string {
    return `${servicePath(this.root, this.#service(tokens))}/${rest}`;
  }

  /** The service of a call; the newest release does not need one. @throws E_CONFIG where another has none */
  #service(tokens: Tokens): string | undefined {
    const isNeeded = this.name !== 'views';
    return isNeeded ? this.#wire.service(tokens) : (tokens.service ?? this.#wire.deps.connection.service);
  }

  /** The raw answer for the list of services, by which the dialect is also found out. */
  list({ signal }: CallOptions): Promise<HttpAnswer> {
    return this.#wire.eitherMethod({ method: 'GET', path: this.root, idempotent: true, signal });
  }

  async keepAlive(tokens: Tokens, { signal }: CallOptions): Promise<Grant> {
    const request = { ...this.#post(tokens, 'keepalive'), query: sessionPair(tokens), idempotent: true };
    const answer = await this.#wire.asked({ ...request, signal }, tokens, true);
    this.#wire.acknowledged(answer, tokens.session === undefined ? 'sign-in' : 'either');
    return { value: tokens.session ?? tokens.user, sent: answer.sent };
  }

  logOff(tokens: Tokens, { signal }: CallOptions): Promise<HttpAnswer> {
    return this.#wire.asked({ ...this.#post(tokens, 'Logoff'), signal }, tokens);
  }

  /** Sends a script's request with the user token, which is in its form if the dialect sends it there. */
  async relay(call: RelayCall): Promise<DataAnswer> {
    const { tokens, relayed } = call;
    const { request } = relayed;
    const inForm =
      this.#isOlder && request.method === 'POST' && (request.body === undefined || isForm(request));
    const sent = inForm
      ? sentOf(withField(request, encodePairs([['userToken', tokens.user]])))
      : { ...sentOf(request), authorization: `Bearer ${tokens.user}` };
    const { answer } = await this.#wire.data(sent, call, false);
    return { ...answer, isUnchanged: true };
  }

  async columns(tokens: Tokens, query: CraQuery, { signal }: CallOptions): Promise<Column[]> {
    const [path, pairs] = viewPath(this.name, query, this.#service(tokens), 'definition');
    const closes: Pairs = this.#isOlder ? [] : [['close', 'Y']];
    const request = this.#request(tokens, path, [...pairs, ...closes]);
    const answer = await this.#wire.asked({ ...request, signal }, tokens);
    return columnsIn(this.#wire.json(answer), this.#wire.http.host);
  }
}

/**
 * The requests that log on, `login` by JSON and the others by a form. The root of CMI, which is the classic one's, may have it
 * in the letters of either; it is the older one.
 */
const logOns: Readonly<Record<CraProfile, readonly [string, ...string[]]>> = {
  views: ['login', 'logon'],
  getData: ['Logon'],
  cmi: ['logon', 'Logon', 'login'],
};

/** Statuses by which a gateway says that it has no such log-on: no token was issued. */
const noSuchLogOn = new Set([404, 405, 415]);

/** Says in which session a call runs, where it runs in one. */
function sessionPair({ session }: Tokens): Pairs {
  return session === undefined ? [] : [['session', session]];
}

/** The longest timeout that a gateway has (docs/protocols.md 2), in minutes: a longer one is not its own. */
const maxTimeout = 1_440;

/** `timeout` of a `Keep-Alive` header: a positive number, fractions possible. */
function timeoutOf(answer: HttpAnswer): number | undefined {
  const header = answer.headers['keep-alive'];
  const match = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,9}(?:\.\d{1,9})?)/i.exec(
    typeof header === 'string' ? header : '',
  );
  const value = match === null ? 0 : Number(match[1]);
  return value > 0 && value <= maxTimeout ? value : undefined;
}

/** The lists of what there is to choose from, by the member of a request; `names` is where a name may stand. */
const lists: Readonly<Record<string, { readonly isOfProduct: boolean; readonly names: readonly string[] }>> =
  {
    product: { isOfProduct: false, names: ['productname', 'product', 'name', 'id'] },
    view: { isOfProduct: true, names: ['viewname', 'view', 'name', 'id'] },
    system: { isOfProduct: true, names: ['system', 'systemname', 'lpar', 'name', 'smfid'] },
    server: { isOfProduct: true, names: ['server', 'servername', 'ssid', 'name'] },
  };
