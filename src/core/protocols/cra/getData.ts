import { TokensError } from '../../errors.ts';
import { encode, type Pairs, segment } from '../../http/encode.ts';
import type { HttpAnswer, HttpRequest } from '../../http/request.ts';
import type { CallOptions, CloseOptions, Column, DataAnswer, Grant, Login, Tokens } from '../protocol.ts';
import { columnsIn } from './reading.ts';
import type { CraQuery } from './request.ts';
import { type CraCall, type CraDialect, type CraLogin, type CraWire, sessionPair } from './shared.ts';
import { dataRequest, roots } from './wire.ts';

const root = roots.getData;

/** The classic dialect (docs/protocols.md 2a): everything is a POST with the user token in its form. */
export class CraGetData implements CraDialect {
  readonly name = 'getData';
  readonly #wire: CraWire;

  constructor(wire: CraWire) {
    this.#wire = wire;
  }

  list(options: CallOptions): Promise<HttpAnswer> {
    return this.#wire.eitherMethod({ method: 'GET', path: root, idempotent: true, signal: options.signal });
  }

  async signIn(login: CraLogin, gateway: Login, service: string, options: CallOptions): Promise<Grant> {
    if (login === undefined) {
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
    const answer = await this.#wire.asked(request, { gateway });
    return { value: this.#wire.userToken(answer, service), sent: answer.sent };
  }

  async getData(call: CraCall): Promise<DataAnswer> {
    const { tokens, query } = call;
    const opens = tokens.session === undefined;
    const wire = dataRequest('getData', query, this.#wire.service(tokens));
    const request: HttpRequest = {
      ...this.#post(tokens, wire.path, [...wire.query, ...sessionPair(tokens)]),
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
      {
        ...this.#post(tokens, this.#path(tokens, 'keepalive'), sessionPair(tokens)),
        idempotent: true,
        signal: options.signal,
      },
      tokens,
    );
    this.#wire.acknowledged(answer, tokens.session === undefined ? 'sign-in' : 'either');
    return { value: tokens.session ?? tokens.user, sent: answer.sent };
  }

  async close(tokens: Tokens & { session: string }, options: CloseOptions<CraQuery>): Promise<void> {
    const answer = await this.#withBasic(
      {
        ...this.#post(tokens, this.#path(tokens, 'close'), sessionPair(tokens)),
        idempotent: true,
        signal: options.signal,
      },
      tokens,
    );
    this.#wire.closed(answer);
  }

  logOff(tokens: Tokens, options: CallOptions): Promise<HttpAnswer> {
    return this.#wire.asked(
      { ...this.#post(tokens, this.#path(tokens, 'Logoff'), []), signal: options.signal },
      tokens,
    );
  }

  /** The older API tells of nothing what there is. */
  async offers(): Promise<string[]> {
    return [];
  }

  async columns(tokens: Tokens, query: CraQuery, options: CallOptions): Promise<Column[]> {
    const answer = await this.#wire.asked(
      {
        ...this.#post(tokens, this.#path(tokens, 'getView'), [
          ['product', query.product],
          ['view', query.view],
        ]),
        idempotent: true,
        signal: options.signal,
      },
      tokens,
    );
    return columnsIn(this.#wire.json(answer), this.#wire.http.host);
  }

  #path(tokens: Tokens, verb: string): string {
    return `${root}/${segment(this.#wire.service(tokens))}/${verb}`;
  }

  #post(tokens: Tokens, path: string, query: Pairs): HttpRequest {
    this.#wire.guard(tokens);
    return { method: 'POST', path, query, form: [['userToken', tokens.user]] };
  }

  /** For the two calls that are documented with Basic: sent with it from the start where it is known. */
  #withBasic(request: HttpRequest, tokens: Tokens): Promise<HttpAnswer> {
    return this.#wire.asked(this.#wire.withBasic(request, tokens) ?? request, tokens, (one) =>
      this.#wire.eitherMethod(one, tokens),
    );
  }
}
