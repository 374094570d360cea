import * as v from 'valibot';
import type { Connection } from './connection.ts';
import { TokensError } from './errors.ts';
import type { CraQuery, SarusQuery } from './protocols/gateway.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const optionalText = v.optional(v.string());

const common = { connection: text, show: v.optional(v.boolean(), true) };

const craSchema = v.object({
  ...common,
  product: text,
  view: text,
  service: v.optional(text),
  context: optionalText,
  server: optionalText,
  system: optionalText,
  scope: optionalText,
  period: optionalText,
  startRow: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  rows: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  filter: optionalText,
  sort: optionalText,
  refresh: v.optional(v.boolean()),
  session: v.optional(text, 'reuse'),
  keepOpen: v.optional(v.boolean(), true),
});

const sarusSchema = v.object({
  ...common,
  endpoint: text,
  params: v.optional(v.record(v.string(), v.string())),
});

/** What a person, a program or a saved query asks for (CONTRACT.md, Commands). */
export type DataRequest = CraRequest | SarusRequest;
export type CraRequest = v.InferInput<typeof craSchema>;
export type SarusRequest = v.InferInput<typeof sarusSchema>;

/** A request that fits its connection, defaults filled in. */
export type CheckedRequest =
  | {
      kind: 'bmc-cra';
      query: CraQuery;
      service: string | undefined;
      /** `reuse`, `new` or the id of a token. */
      session: string;
      keepOpen: boolean;
      show: boolean;
    }
  | { kind: 'sarus'; query: SarusQuery; show: boolean };

/** Checks a request against the kind of its connection; rejects with `E_CONFIG` that names the field. */
export function checkRequest(input: unknown, connection: Connection): CheckedRequest {
  if (connection.kind === 'sarus') {
    const { endpoint, params, show } = parse(sarusSchema, input);
    return { kind: 'sarus', query: { endpoint, ...(params === undefined ? {} : { params }) }, show };
  }
  const { connection: _, service, session, keepOpen, show, ...query } = parse(craSchema, input);
  return {
    kind: 'bmc-cra',
    query: defined(query),
    service: service ?? connection.service,
    session,
    keepOpen,
    show,
  };
}

/** What makes a CRA view the same view, so that its open session serves again (PROTOCOLS.md 2). */
export function viewKey(query: CraQuery): string {
  const { product, view, context = '*', server = '*', system = '*', scope = '*' } = query;
  return JSON.stringify([product, view, context, server, system, scope]);
}

/** The view that a key was made of; undefined for what is no key. */
export function queryOfView(key: string): CraQuery | undefined {
  try {
    const [product, view, context, server, system, scope] = v.parse(keySchema, JSON.parse(key));
    return { product, view, context, server, system, scope };
  } catch {
    return undefined;
  }
}

const keySchema = v.tuple([text, text, v.string(), v.string(), v.string(), v.string()]);

/** How a request is called where there is little room: `MVMVS/JCPU`, `GetSnapshot`. */
export function titleOf(query: { endpoint: string } | { product: string; view: string }): string {
  return 'endpoint' in query ? query.endpoint : `${query.product}/${query.view}`;
}

function parse<const S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new TokensError(
      'E_CONFIG',
      'The request is not complete: "{0}" is missing or not as it should be.',
      [v.getDotPath(issue) ?? 'request'],
    );
  }
  return parsed.output;
}

/** Without the members that are undefined, which exact optional types tell from absent ones. */
function defined<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
