import { TokensError } from '../../errors.ts';
import { encode, encodePairs, type Pairs } from '../../http/encode.ts';
import type { HttpAnswer, HttpRequest } from '../../http/request.ts';
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
import { columnsIn } from './reading.ts';
import type { CraQuery } from './request.ts';
import type { CraCall, CraLogin, CraWire } from './shared.ts';
import { type CraProfile, roots, servicePath, underToken } from './wire.ts';

/** One way to speak to a CRA gateway (docs/protocols.md 2a, 2b). Same rules as for `Gateway`. */
export abstract class CraDialect {
  readonly name: CraProfile;
  protected readonly wire: CraWire;
  readonly root: string;

  constructor(wire: CraWire, name: CraProfile) {
    this.wire = wire;
    this.name = name;
    this.root = roots[name];
  }

  abstract getData(call: CraCall): Promise<DataAnswer>;
  abstract close(tokens: Tokens & { session: string }, options: CloseOptions<CraQuery>): Promise<void>;
  /** A request with the user token in its form. */
  protected abstract post(tokens: Tokens, verb: string): HttpRequest;
  protected abstract definition(tokens: Tokens, query: CraQuery): HttpRequest;

  /** Logs on, in the next way where the gateway has not the one before. @throws E_CONFIG for a certificate at an older API */
  async signIn(login: CraLogin, gateway: Login, service: string, options: CallOptions): Promise<Grant> {
    const isOlder = this.name === 'getData';
    if (isOlder && login === undefined) {
      throw new TokensError(
        'E_CONFIG',
        'The gateway of {0} has the older API, which knows no sign-in by certificate: set its login to "password".',
        [this.wire.deps.connection.name],
        { sent: false },
      );
    }
    const logOn = (verb: string) => {
      const body = verb === 'login' ? { json: login ?? {} } : { form: Object.entries(login ?? {}) };
      const path = `${this.root}/${encode(service)}/${verb}`;
      return this.wire.asked({ method: 'POST', path, ...body, signal: options.signal }, { gateway });
    };
    const [first, ...others] = login === undefined ? (['login'] as const) : logOns[this.name];
    let answer = await logOn(first);
    for (const verb of others) {
      if (noSuchLogOn.has(answer.status) && !this.wire.refusesLogin(answer)) {
        answer = await logOn(verb);
      }
    }
    const value = this.wire.userToken(answer, service);
    const reportedMs = isOlder ? undefined : await this.#life(answer, options);
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

  /** The values to choose from for a member of a request; empty where there is no such list, as in the older API. */
  async offers(
    _tokens: Tokens,
    _member: string,
    _query: Partial<CraQuery>,
    _options: CallOptions,
  ): Promise<string[]> {
    return [];
  }

  /** A request under a user token; see {@link underToken}. */
  protected request(tokens: Tokens, path: string, query: Pairs = []): HttpRequest {
    this.wire.guard(tokens);
    return { ...underToken(this.name, tokens.user, path, query), idempotent: true };
  }

  protected path(tokens: Tokens, rest: string): string {
    return `${servicePath(this.root, this.service(tokens))}/${rest}`;
  }

  /** The service of a call; the newest release does not need one. @throws E_CONFIG where another has none */
  protected service(tokens: Tokens): string | undefined {
    const service = tokens.service ?? this.wire.deps.connection.service;
    return this.name === 'views' ? service : this.wire.service({ service });
  }

  /** The raw answer for the list of services, by which the dialect is also found out. */
  list({ signal }: CallOptions): Promise<HttpAnswer> {
    return this.wire.eitherMethod({ method: 'GET', path: this.root, idempotent: true, signal });
  }

  async keepAlive(tokens: Tokens, { signal }: CallOptions): Promise<Grant> {
    const request = {
      ...this.post(tokens, 'keepalive'),
      query: sessionPair(tokens),
      idempotent: true,
      signal,
    };
    const answer = await this.wire.asked(request, tokens, true);
    this.wire.acknowledged(answer, tokens.session === undefined ? 'sign-in' : 'either');
    return { value: tokens.session ?? tokens.user, sent: answer.sent };
  }

  logOff(tokens: Tokens, { signal }: CallOptions): Promise<HttpAnswer> {
    return this.wire.asked({ ...this.post(tokens, 'Logoff'), signal }, tokens);
  }

  /** Sends a script's request with the user token, which is in its form if the dialect sends it there. */
  async relay(call: RelayCall): Promise<DataAnswer> {
    const { tokens, relayed } = call;
    const { request } = relayed;
    this.wire.guard(tokens);
    const inForm =
      this.name === 'getData' && request.method === 'POST' && (request.body === undefined || isForm(request));
    const sent = inForm
      ? sentOf(withField(request, encodePairs([['userToken', tokens.user]])))
      : { ...sentOf(request), authorization: `Bearer ${tokens.user}` };
    const { answer } = await this.wire.data(sent, call, false);
    return { ...answer, isUnchanged: true };
  }

  async columns(tokens: Tokens, query: CraQuery, { signal }: CallOptions): Promise<Column[]> {
    const request = { ...this.definition(tokens, query), signal };
    return columnsIn(this.wire.json(await this.wire.asked(request, tokens)), this.wire.http.host);
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
export function sessionPair({ session }: Tokens): Pairs {
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
