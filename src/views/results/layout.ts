import * as v from 'valibot';
import { type ColumnLook, type Layout, layout } from './messages.ts';

/** The layout at first: the server's order of rows and columns, and all rows. */
export const asSent: Layout = v.parse(layout, {});

/**
 * The fields of the visible columns, pinned ones first. A field that a person has not moved follows the same field as on
 * the server.
 * @param hidden the fields that the view's definition hides, unless the person has decided otherwise
 */
export function seenFields(
  { columns, order }: Pick<Layout, 'columns' | 'order'>,
  fields: readonly string[],
  hidden: readonly string[],
): string[] {
  const looks = new Map<string, ColumnLook>(columns.map((look) => [look.field, look]));
  const known = new Set(fields);
  const ordered = order.filter((field) => known.has(field));
  const placed = new Set(ordered);
  for (const [at, field] of fields.entries()) {
    if (!placed.has(field)) {
      const before = fields[at - 1];
      ordered.splice(before === undefined ? 0 : ordered.indexOf(before) + 1, 0, field);
    }
  }
  const seen = ordered.filter((field) => !(looks.get(field)?.hidden ?? hidden.includes(field)));
  const rank = (field: string) => (looks.get(field)?.pinned ? 0 : 1);
  return seen.toSorted((a, b) => rank(a) - rank(b));
}
