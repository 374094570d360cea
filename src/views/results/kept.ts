import { jsonOf, readJson, type Sent, withTextsOfJson } from '../../core/json.ts';
import { withoutSecrets, withTexts } from '../../core/requests/secretless.ts';
import type { Services } from '../../services.ts';
import type { KeptState } from './messages.ts';
import type { ResultModel } from './resultModel.ts';

/** Rows and characters of a result that are kept over a reload, and characters of what is beside the rows. */
const maxRows = 2000;
const maxCharacters = 250_000;
const maxHead = 50_000;

/** What is beside the rows of an answer, as JSON without secrets, which are also found by the names of members. */
export function headText(head: string, { hide, redact }: Pick<Services, 'hide' | 'redact'>): string {
  const clean = (value: Sent, name: string): Sent => {
    if (typeof value === 'string') {
      return redact(`${name}=${hide(value)}`).slice(name.length + 1);
    }
    return value instanceof Map
      ? new Map(Array.from(value, ([of, one]) => [hide(of), clean(one, hide(of))]))
      : Array.isArray(value)
        ? value.map((one, at) => clean(one, String(at)))
        : value;
  };
  return jsonOf(clean(readJson(head).value, ''));
}

/**
 * What VS Code keeps of a result over a reload; undefined while it arrives, or if a secret is in its request.
 * @throws what the table throws
 */
export async function keptOf(
  { request, groupings, title, table, gotAt, kept, labels, hidden, outcome, head }: ResultModel,
  services: Pick<Services, 'hasSecret' | 'redact' | 'hide'>,
): Promise<KeptState | undefined> {
  if (table === undefined || table.state.phase !== 'done' || kept !== undefined) {
    return kept;
  }
  const { hasSecret, redact, hide } = services;
  const safe = { ...withoutSecrets(request, hasSecret) };
  if (JSON.stringify(safe) !== JSON.stringify({ ...request, session: undefined })) {
    return undefined;
  }
  let rows = '';
  for (let to = maxRows; rows === '' || rows.length > maxCharacters; to = Math.floor(to / 2)) {
    rows = await table.call('json', { from: 0, to });
  }
  const said = head === undefined || head.length > maxHead ? undefined : headText(head, services);
  return {
    version: 1,
    request: safe,
    title,
    groupings: [...groupings],
    gotAt,
    totalRows: Math.max(table.state.rowCount, outcome?.totalRows ?? 0),
    bytes: table.state.bytes,
    labels: withTexts(labels, redact),
    hidden: [...hidden],
    head: said,
    missing: table.state.missing,
    rows: withTextsOfJson(rows, hide),
  };
}
