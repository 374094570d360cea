import * as v from 'valibot';
import type { Checked } from '../../checks.ts';
import type { RowPath } from '../answer.ts';
import type { Sessions } from '../protocol.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const optionalText = v.exactOptional(v.string());

/** What a data request may have beside its view (docs/protocols.md 2). */
export const optional = {
  context: optionalText,
  server: optionalText,
  system: optionalText,
  scope: optionalText,
  period: optionalText,
  startRow: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  rows: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  filter: optionalText,
  sort: optionalText,
  refresh: v.exactOptional(v.boolean()),
};

export const request = { product: text, view: text, ...optional };

export type CraQuery = Checked<typeof request>;

const keySchema = v.tuple([text, text, v.string(), v.string(), v.string(), v.string()]);

/** A session serves one view of one target (docs/protocols.md 2). */
export const sessions: Sessions<CraQuery> = {
  key: ({ product, view, context = '*', server = '*', system = '*', scope = '*' }) =>
    JSON.stringify([product, view, context, server, system, scope]),
  query: (key) => {
    try {
      const [product, view, context, server, system, scope] = v.parse(keySchema, JSON.parse(key));
      return { product, view, context, server, system, scope };
    } catch {
      return undefined;
    }
  },
};

export const rowsAt: RowPath = { member: 'Rows', mayWrap: false, error: 'error' };
