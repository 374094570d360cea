import * as vscode from 'vscode';
import { jsonOf, NumberText, type Sent } from '../../core/json.ts';
import { tableOf } from '../../core/results/readers.ts';
import type { Total } from '../../core/results/shown.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { WorkerClient } from '../../core/results/workerClient.ts';
import type { Result } from '../../core/results/workerMessages.ts';
import type { FetchedTable } from './fetchTable.ts';
import type { Grouping } from './messages.ts';

/** Maximal number of groups; of more, those with the most rows are shown. */
const maxGroups = 100_000;

/** The columns of groups are named as in SQL, and unlike the one that they are by, which may be of groups, too. */
function namesOf(by: string) {
  const free = (name: string) => (name === by ? `${name} 2` : name);
  return {
    count: free('count(*)'),
    sumOf: (field = '') => free(`sum(${field})`),
    meanOf: (field = '') => free(`avg(${field})`),
  };
}

/** The groups of a table, and a table of them, whose share the caller owns. */
type Groups = Awaited<ReturnType<typeof tableOf>> & { readonly found: Result<'group'> };

/**
 * Makes the table of a table's groups: for each the common value, the number of rows, and the sum and mean of their
 * numbers.
 * @throws what the table throws
 */
export async function groupsOf(
  worker: WorkerClient,
  table: TableHandle,
  { by, of, filter, labels }: Grouping,
): Promise<Groups> {
  const { count, sumOf, meanOf } = namesOf(by);
  const arrangement = { sort: [], filter, labels };
  const found = await table.call('group', { arrangement, by, of, max: maxGroups });
  const rows = found?.groups.map(({ text, rows, totals }): Sent => {
    const numbers = totals.flatMap((total, at): [string, Sent][] => [
      [sumOf(of[at]), total && numberOf(total.sum)],
      [meanOf(of[at]), total && numberOf(roundMean(total))],
    ]);
    return new Map<string, Sent>([[by, text === '' ? null : text], [count, numberOf(rows)], ...numbers]);
  });
  return { ...(await tableOf(worker, jsonOf(rows ?? []))), found };
}

/** The mean without the digits that come from binary rounding. */
export function roundMean({ mean }: Total): number {
  return Number(mean.toPrecision(15));
}

/** Groups what has been fetched, in place. */
export async function grouped(
  worker: WorkerClient,
  { fetched, table }: FetchedTable,
  grouping: Grouping,
): Promise<FetchedTable> {
  try {
    const groups = await groupsOf(worker, table, grouping);
    const answer = { ...fetched.answer, dispose: () => groups.share.dispose() };
    return { fetched: { ...fetched, answer, totalRows: groups.table.state.rowCount }, table: groups.table };
  } finally {
    fetched.answer.dispose();
  }
}

/** The labels of the columns of groups. */
export function groupLabels({ by, of, labels }: Grouping): [field: string, label: string][] {
  const { count, sumOf, meanOf } = namesOf(by);
  const known = new Map(labels);
  const labelOf = (field: string) => known.get(field) ?? field;
  return [
    [by, labelOf(by)],
    [count, vscode.l10n.t('Rows')],
    ...of.flatMap((field): [string, string][] => [
      [sumOf(field), vscode.l10n.t('Sum of {0}', labelOf(field))],
      [meanOf(field), vscode.l10n.t('Mean of {0}', labelOf(field))],
    ]),
  ];
}

/** `Infinity` and `NaN` are no numbers in JSON. */
function numberOf(value: number | string): Sent {
  return Number.isFinite(Number(value)) ? new NumberText(String(value)) : null;
}
