import { withoutSecrets, withTexts, withTextsOfJson } from '../../core/requests/secretless.ts';
import type { Services } from '../../services.ts';
import type { KeptState } from './messages.ts';
import type { ResultModel } from './resultModel.ts';

/** Rows and characters of a result that survive a reload. */
const maxRows = 2000;
const maxCharacters = 250_000;

/**
 * What the workbench keeps of a result over a reload; nothing while it arrives, or where a secret is in its request.
 * @throws what the table throws
 */
export async function keptOf(
  { request, groupings, title, table, gotAt, kept, labels, hidden, outcome }: ResultModel,
  { hasSecret, redact, hide }: Pick<Services, 'hasSecret' | 'redact' | 'hide'>,
): Promise<KeptState | undefined> {
  if (table === undefined || table.state.phase !== 'done' || kept !== undefined) {
    return kept;
  }
  const { session: _, ...plain } = { session: undefined, ...request };
  if (JSON.stringify(withoutSecrets(request, hasSecret)) !== JSON.stringify(plain)) {
    return undefined;
  }
  let count = Math.min(maxRows, table.state.rowCount);
  let rows = await table.call('json', { from: 0, to: count });
  while (rows.length > maxCharacters && count > 0) {
    count = Math.floor(count / 2);
    rows = await table.call('json', { from: 0, to: count });
  }
  return {
    version: 1,
    request: plain,
    title,
    groupings: [...groupings],
    gotAt,
    totalRows: Math.max(table.state.rowCount, outcome?.totalRows ?? 0),
    bytes: table.state.bytes,
    labels: withTexts(labels, redact),
    hidden: [...hidden],
    rows: withTextsOfJson(rows, hide),
  };
}
