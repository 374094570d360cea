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

  abstract signIn(login: CraLogin, gateway: Login, service: string, options: CallOptions): Promise<Grant>;
  abstract getData(call: CraCall): Promise<DataAnswer>;
  abstract close(tokens: Tokens & { session: string }, options: CloseOptions<CraQuery>): Promise<void>;
  /** The values to choose from for a member of a request; empty where there is no such list. */
  abstract offers(
    tokens: Tokens,
    member: string,
    query: Partial<CraQuery>,
    options: CallOptions,
  ): Promise<string[]>;
  /** A request with the user token in its form. */
  protected abstract post(tokens: Tokens, verb: string): HttpRequest;
  protected abstract definition(tokens: Tokens, query: CraQuery): HttpRequest;

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

  /** Logs on by a form. */
  protected logOn(
    login: CraLogin & object,
    gateway: Login,
    service: string,
    verb: string,
    { signal }: CallOptions,
  ): Promise<HttpAnswer> {
    const path = `${this.root}/${encode(service)}/${verb}`;
    const form: Pairs = [
      ['username', login.username],
      ['password', login.password],
    ];
    return this.wire.asked({ method: 'POST', path, form, signal }, { gateway });
  }
}

/** Says in which session a call runs, where it runs in one. */
export function sessionPair({ session }: Tokens): Pairs {
  return session === undefined ? [] : [['session', session]];
}
