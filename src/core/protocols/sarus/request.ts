import * as v from 'valibot';
import { segment } from '../../http/encode.ts';
import type { RowPath } from '../answer.ts';
import type { WireRequest } from '../protocol.ts';

/** What a data request names (docs/protocols.md 1). */
export const request = {
  endpoint: v.pipe(v.string(), v.nonEmpty()),
  params: v.exactOptional(v.record(v.string(), v.string())),
};

const schema = v.object(request);
export type SarusQuery = Readonly<v.InferOutput<typeof schema>>;

/** A data call; the token comes last, so that no parameter of the caller's can stand after it. */
export function dataRequest({ endpoint, params = {} }: SarusQuery): WireRequest {
  return {
    method: 'GET',
    path: `/${segment(endpoint)}`,
    query: Object.entries(params),
    token: { place: 'query', name: 'SessionToken', variable: 'SESSION_TOKEN' },
  };
}

/** Where the rows stand in an answer. */
export const rowsAt: RowPath = { member: 'Result', mayWrap: true };
