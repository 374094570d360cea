import { TokensError } from '../errors.ts';
import {
  type CraCall,
  type CraDialect,
  type CraLogin,
  type CraWire,
  selection,
  target,
} from './craShared.ts';
import { encode, type Pairs } from './encode.ts';
import type { CallOptions, CloseOptions, Column, CraQuery, DataAnswer, Grant, Tokens } from './gateway.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

const root = '/cra/ServiceGateway/Services';

/** The classic dialect (PROTOCOLS.md 2a): everything is a POST with the user token in its form. */
export class CraGetData implements CraDialect {
  readonly name = 'getData';
  readonly #wire: CraWire;

  constructor(wire: CraWire) {
    this.#wire = wire;
  }

  list(options: CallOptions): Promise<HttpAnswer> {
    return this.#wire.eitherMethod({ method: 'GET', path: root, idempotent: true, signal: options.signal });
  }

  async signIn(login: CraLogin, service: string, options: CallOptions): Promise<Grant> {
    if ('certificate' in login) {
      throw new TokensError(
        'E_CONFIG',
        'The gateway of {0} has the older API, which knows no sign-in by certificate: set its login to "password".',
        [this.#wire.deps.connection.name],
        { sent: false },
      );
    }
    const request: HttpRequest = {
      method: 'POST',
      path: `${root}/${encode(service)}/Logon`,
      form: [
        ['username', login.username],
        ['password', login.password],
      ],
      signal: options.signal,
    };
    const answer = await this.#wire.asked(request, login);
    return { value: this.#wire.userToken(answer, service), sent: answer.sent };
  }

  async getData(call: CraCall): Promise<DataAnswer> {
    const { tokens, query } = call;
    const opens = tokens.session === undefined;
    const request: HttpRequest = {
      ...this.#post(tokens, 'getData', [
        ['product', query.product],
        ['view', query.view],
        ...target(query),
        ...selection(query),
        ...(tokens.session === undefined ? [] : [['session', tokens.session] as const]),
      ]),
      idempotent: !opens,
    };
    const { answer, session } = await this.#wire.data(request, call, opens);
    if (session === undefined) {
      return answer;
    }
    if (!call.keepOpen) {
      // The dialect has no word for a session of one call; so it is closed afterwards.
      try {
        await this.close({ ...tokens, session }, {});
        return answer;
      } catch (error) {
        this.#wire.deps.log.warn(
          `${this.#wire.deps.connection.name}: a session could not be closed: ${error}`,
        );
      }
    }
    return { ...answer, session };
  }

  async keepAlive(tokens: Tokens, options: CallOptions): Promise<Grant> {
    const answer = await this.#withBasic(
      { ...this.#post(tokens, 'keepalive', sessionPair(tokens)), idempotent: true, signal: options.signal },
      tokens,
    );
    this.#wire.acknowledged(answer);
    return { value: tokens.session ?? tokens.user, sent: answer.sent };
  }

  async close(tokens: Tokens & { session: string }, options: CloseOptions): Promise<void> {
    const answer = await this.#withBasic(
      { ...this.#post(tokens, 'close', sessionPair(tokens)), idempotent: true, signal: options.signal },
      tokens,
    );
    this.#wire.closed(answer);
  }

  async columns(tokens: Tokens, query: CraQuery, options: CallOptions): Promise<Column[]> {
    const answer = await this.#wire.asked(
      {
        ...this.#post(tokens, 'getView', [
          ['product', query.product],
          ['view', query.view],
        ]),
        idempotent: true,
        signal: options.signal,
      },
      tokens,
    );
    return this.#wire.definition(answer);
  }

  #post(tokens: Tokens, verb: string, query: Pairs): HttpRequest {
    this.#wire.guard(tokens);
    return {
      method: 'POST',
      path: `${root}/${this.#wire.service(tokens)}/${verb}`,
      query,
      form: [['userToken', tokens.user]],
    };
  }

  /** For the two calls that are documented with Basic: sent with it from the start where it is known. */
  #withBasic(request: HttpRequest, tokens: Tokens): Promise<HttpAnswer> {
    return this.#wire.asked(this.#wire.withBasic(request, tokens) ?? request, tokens, (one) =>
      this.#wire.eitherMethod(one, tokens),
    );
  }
}

function sessionPair({ session }: Tokens): Pairs {
  return session === undefined ? [] : [['session', session]];
}
