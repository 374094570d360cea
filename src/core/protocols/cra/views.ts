import type { TokensError } from '../../errors.ts';
import { type Pairs, segment } from '../../http/encode.ts';
import type { HttpAnswer, HttpRequest } from '../../http/request.ts';
import { parseJson } from '../../http/text.ts';
import type { CallOptions, CloseOptions, DataAnswer, Tokens } from '../protocol.ts';
import { CraDialect, sessionPair } from './dialect.ts';
import { listsServices, namesIn } from './reading.ts';
import { othersOf } from './relay.ts';
import type { CraQuery } from './request.ts';
import { asksForBasic, type CraCall } from './shared.ts';
import { dataPath, servicePath, target, viewPath, yesNo } from './wire.ts';

/** The newer dialect (docs/protocols.md 2b): views are resources, and every call but logging on carries Bearer. */
export class CraViews extends CraDialect {
  async getData(call: CraCall): Promise<DataAnswer> {
    const { tokens, query, keepOpen } = call;
    const isNew = tokens.session === undefined;
    const [path, pairs] = dataPath(this.name, query, this.service(tokens));
    const request: HttpRequest = {
      ...this.request(tokens, path, [
        ...pairs,
        ...othersOf(call.relayed),
        ...sessionPair(tokens),
        ['close', yesNo(!keepOpen)],
      ]),
      // A session of one call can be opened again; but after a refusal for lack of sessions waiting does not help.
      idempotent: isNew ? (keepOpen ? false : 'network') : true,
    };
    const { answer, session } = await this.wire.data(request, call, isNew && keepOpen);
    return keepOpen && session !== undefined ? { ...answer, session } : answer;
  }

  async close(tokens: Tokens & { session: string }, options: CloseOptions<CraQuery>): Promise<void> {
    const { query, signal } = options;
    const { session } = tokens;
    const request = this.request(tokens, this.root, [['close', 'true'], ...sessionPair(tokens)]);
    const answer = await this.wire.asked({ ...request, signal }, tokens, true);
    const failure = this.#notClosed(answer, query !== undefined);
    if (failure === undefined) {
      return;
    }
    if (query === undefined || answer.status === 401) {
      throw failure;
    }
    const last = this.request(tokens, viewPath(this.root, query, this.service(tokens), 'data'), [
      ...target(query),
      ['rows', '1'],
      ['session', session],
      ['close', 'Y'],
    ]);
    this.wire.closed(await this.wire.asked({ ...last, signal }, tokens));
  }

  /** A list of views is not documented (A), the others are; where there is none, nothing is offered. */
  override async offers(
    tokens: Tokens,
    member: string,
    { product = '', context }: Partial<CraQuery>,
    { signal }: CallOptions,
  ): Promise<string[]> {
    const list = lists[member];
    if (list === undefined || (list.isOfProduct && product === '')) {
      return [];
    }
    const path = this.path(tokens, list.isOfProduct ? `products/${segment(product)}/${member}s` : 'products');
    const isNarrowed = member === 'server' && context !== undefined;
    const request = this.request(tokens, path, isNarrowed ? [['context', context]] : []);
    const answer = await this.wire.asked({ ...request, signal }, tokens);
    return answer.status === 404 || answer.status === 405 ? [] : namesIn(this.wire.json(answer), list.names);
  }

  /**
   * Whether a gateway has views under this root: it then wants a token for what there is to choose from.
   * @param unknown the status that it has for what it does not know
   */
  async isSpoken(service: string, unknown: number, { signal }: CallOptions): Promise<boolean> {
    const path = `${servicePath(this.root, service)}/products`;
    const { status, headers } = await this.wire.http.send({ method: 'GET', path, idempotent: true, signal });
    return status !== unknown && (status === 401 || status === 403) && !asksForBasic({ status, headers });
  }

  /** Why a session may not be closed after its closing was asked for; undefined when it is closed. */
  #notClosed(answer: HttpAnswer, canGoOn: boolean): TokensError | undefined {
    const parsed = parseJson(answer.text);
    // A 404 may speak of the session, which is then gone, or of the address. And a gateway that passes over the parameters
    // answers with the list of services.
    const unclear =
      (answer.status === 404 && !this.wire.speaksOfSession(answer)) ||
      (parsed.ok && listsServices(parsed.value));
    if (canGoOn && unclear) {
      return this.wire.failure(answer, { about: 'either' });
    }
    try {
      this.wire.closed(answer);
      return undefined;
    } catch (error) {
      return error as TokensError;
    }
  }

  protected definition(tokens: Tokens, query: CraQuery): HttpRequest {
    const path = viewPath(this.root, query, this.service(tokens), 'definition');
    return this.request(tokens, path, [['close', 'Y']]);
  }

  protected post(tokens: Tokens, verb: string): HttpRequest {
    const request = this.request(tokens, this.path(tokens, verb));
    return { ...request, method: 'POST', form: [['userToken', tokens.user]], idempotent: false };
  }

  protected override request(tokens: Tokens, path: string, query: Pairs = []): HttpRequest {
    const request = super.request(tokens, path, query);
    const { session = '' } = tokens;
    // Newer pages name it as a header, other clients send it in the query: so it is in both.
    return /^[\x21-\x7e]+$/.test(session) ? { ...request, headers: { session } } : request;
  }
}

/** The lists of what there is to choose from, by the member of a request; `names` is where a name may stand. */
const lists: Readonly<Record<string, { readonly isOfProduct: boolean; readonly names: readonly string[] }>> =
  {
    product: { isOfProduct: false, names: ['productname', 'product', 'name', 'id'] },
    view: { isOfProduct: true, names: ['viewname', 'view', 'name', 'id'] },
    system: { isOfProduct: true, names: ['system', 'systemname', 'lpar', 'name', 'smfid'] },
    server: { isOfProduct: true, names: ['server', 'servername', 'ssid', 'name'] },
  };
