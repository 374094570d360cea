import type { HttpRequest } from '../../http/request.ts';
import type { CloseOptions, DataAnswer, Tokens } from '../protocol.ts';
import { CraDialect, sessionPair } from './dialect.ts';
import { othersOf } from './relay.ts';
import type { CraQuery } from './request.ts';
import type { CraCall, CraWire } from './shared.ts';
import { dataPath } from './wire.ts';

/** The classic dialect (docs/protocols.md 2a): everything is a POST with the user token in its form. */
export class CraGetData extends CraDialect {
  constructor(wire: CraWire) {
    super(wire, 'getData');
  }

  async getData(call: CraCall): Promise<DataAnswer> {
    const { tokens, query } = call;
    const opens = tokens.session === undefined;
    const [path, pairs] = dataPath(this.name, query, this.service(tokens));
    const all = [...pairs, ...othersOf(call.relayed), ...sessionPair(tokens)];
    const request = { ...this.request(tokens, path, all), idempotent: !opens };
    const { answer, session } = await this.wire.data(request, call, opens);
    if (session === undefined) {
      return answer;
    }
    if (!call.keepOpen) {
      // The dialect cannot ask for a session of one call, so it is closed afterwards.
      try {
        await this.close({ ...tokens, session }, {});
        return answer;
      } catch (error) {
        const { log, connection } = this.wire.deps;
        log.warn(`${connection.name}: a session could not be closed: ${error}`);
      }
    }
    return { ...answer, session };
  }

  async close(tokens: Tokens & { session: string }, { signal }: CloseOptions<CraQuery>): Promise<void> {
    const request = { ...this.post(tokens, 'close'), query: sessionPair(tokens), idempotent: true, signal };
    this.wire.closed(await this.wire.asked(request, tokens, true));
  }

  protected definition(tokens: Tokens, { product, view }: CraQuery): HttpRequest {
    return this.request(tokens, this.path(tokens, 'getView'), [
      ['product', product],
      ['view', view],
    ]);
  }

  /** Keeping alive and closing are documented with Basic: they are sent with it from the start where it is known. */
  protected post(tokens: Tokens, verb: string): HttpRequest {
    const request = { ...this.request(tokens, this.path(tokens, verb)), idempotent: false };
    return verb === 'Logoff' ? request : (this.wire.withBasic(request, tokens) ?? request);
  }
}
