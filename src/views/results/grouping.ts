import * as vscode from 'vscode';
import { jsonOf, NumberText, type Sent } from '../../core/json.ts';
import { tableOf } from '../../core/results/readers.ts';
import type { Total } from '../../core/results/shown.ts';
import type { Group } from '../../core/results/statistics.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { WorkerClient } from '../../core/results/workerClient.ts';
import type { FetchedTable } from './fetchTable.ts';
import type { Grouping } from './messages.ts';

/** Maximal number of groups; of more, those with the most rows are shown. */
const maxGroups = 100_000;

/** A column of groups; it is called as in SQL. */
type GroupColumn = readonly [field: string, label: string, cellOf: (group: Group) => Sent];

/**
 * Makes the table of a table's groups, whose share the caller owns: for each the common value, the number of rows, and the
 * sum and mean of their numbers.
 * @throws what the table throws
 */
export async function groupsOf(worker: WorkerClient, table: TableHandle, grouping: Grouping) {
  const { by, of, filter, labels } = grouping;
  const arrangement = { sort: [], filter, labels };
  const found = await table.call('group', { arrangement, by, of, max: maxGroups });
  const columns = columnsOf(grouping);
  const rows = found?.groups.map(
    (group): Sent => new Map(columns.map(([field, , cellOf]) => [field, cellOf(group)])),
  );
  const made = await tableOf(worker, jsonOf(rows ?? []));
  return { ...made, found, labels: columns.map(([field, label]): [string, string] => [field, label]) };
}

function columnsOf({ by, of, labels }: Grouping): GroupColumn[] {
  const known = new Map(labels);
  const labelOf = (field: string) => known.get(field) ?? field;
  const numbers = of.flatMap((field, at): GroupColumn[] => {
    const sum = vscode.l10n.t('Sum of {0}', labelOf(field));
    const mean = vscode.l10n.t('Mean of {0}', labelOf(field));
    return [
      [`sum(${field})`, sum, ({ totals }) => numberOf(totals[at]?.sum)],
      [`avg(${field})`, mean, ({ totals }) => numberOf(roundMean(totals[at]))],
    ];
  });
  const count: GroupColumn = ['count(*)', vscode.l10n.t('Rows'), ({ rows }) => numberOf(rows)];
  return [
    [by, labelOf(by), ({ text }) => (text === '' ? null : text)],
    // What they are by may be a column of groups, too.
    ...[count, ...numbers].map(([field, ...column]): GroupColumn => {
      return [field === by ? `${field} 2` : field, ...column];
    }),
  ];
}

/** The mean without the digits that come from binary rounding. */
export function roundMean(total: Total | null | undefined): number {
  return Number((total?.mean ?? Number.NaN).toPrecision(15));
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

/** `Infinity` and `NaN` are no numbers in JSON. */
function numberOf(value: number | string | undefined): Sent {
  return Number.isFinite(Number(value)) ? new NumberText(String(value)) : null;
}
