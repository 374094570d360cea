import * as vscode from 'vscode';
import { TokensError } from '../core/errors.ts';
import { withTexts } from '../core/requests/secretless.ts';
import type { Statistics } from '../core/results/statistics.ts';
import type { TableHandle } from '../core/results/tableHandle.ts';
import { termFor } from '../views/results/filterTerm.ts';
import { roundMean } from '../views/results/grouping.ts';
import type { ResultPanel } from '../views/results/resultPanel.ts';
import { numberText } from '../views/results/statusTexts.ts';
import { askChoice, askOne, orUndefined, separator } from './ask.ts';
import { type Call, oneOf, type ResultCommand } from './command.ts';

/** The table of a result that is complete. @throws E_NOT_READY */
export function wholeTable({ model: { table } }: ResultPanel): TableHandle {
  if (table === undefined || table.state.phase === 'arriving') {
    throw new TokensError('E_NOT_READY', 'The result is not complete yet.', [], { permanent: false });
  }
  return table;
}

/** The column that is named, or that has the menu or the focus, or that a person chooses. @throws as {@link wholeTable} */
async function chosenField(
  panel: ResultPanel,
  { args: { field }, interactive }: Call,
  title: string,
): Promise<string> {
  const { model, focusedField } = panel;
  const { fields } = wholeTable(panel).state;
  const focused = fields.find((one) => interactive && one === focusedField);
  const meant = oneOf('field', field ?? focused, fields);
  const itemOf = (one: string) => ({ label: plain(model.labelOf(one)), description: one });
  return meant ?? askOne(model.seenFields, itemOf, { title, ignoreFocusOut: false });
}

/** The statistics of a column over the rows that are shown; a person sees them in a list. */
export const columnStatistics: ResultCommand = async (panel, call, { hide }) => {
  const field = await chosenField(panel, call, vscode.l10n.t('Column Statistics'));
  const { arrangement } = panel.model;
  // A watch may have brought another table meanwhile.
  const found = await wholeTable(panel).call('statistics', { arrangement, field });
  if (found === undefined) {
    return undefined;
  }
  const { sized, total, ...known } = withTexts(found, hide);
  const numbers = total && { numbers: sized, sum: total.sum, mean: roundMean(total) };
  if (!call.interactive) {
    return { field, ...known, ...numbers };
  }
  await orUndefined(showStatistics(panel, field, { ...known, ...numbers }));
  return undefined;
};

/** Groups the rows that are shown by a column, in a tab of their own. */
export const groupBy: ResultCommand = async (panel, call, { results, hide }) => {
  const by = await chosenField(panel, call, vscode.l10n.t('Group by Column'));
  const shown = await results();
  const table = wholeTable(panel);
  const { fields, kinds } = table.state;
  const { of } = call.args;
  const numeric = panel.model.seenFields.filter(
    (one) => one !== by && kinds[fields.indexOf(one)] === 'number',
  );
  const added = Array.isArray(of) ? of.flatMap((one) => oneOf('of', one, fields) ?? []) : numeric;
  const groups = await shown.group(panel, table, by, added);
  return call.interactive ? undefined : withTexts(groups, hide);
};

type Facts = Omit<Statistics, 'sized' | 'total'> & { numbers?: number; sum?: string; mean?: number };

/** Shows the statistics of a column. A chosen fact is copied; a chosen value is filtered by. */
async function showStatistics(panel: ResultPanel, field: string, known: Facts): Promise<void> {
  const facts: readonly (readonly [string, number | string | undefined])[] = [
    [vscode.l10n.t('Rows'), known.rows],
    [vscode.l10n.t('Empty'), known.empty],
    [vscode.l10n.t('Distinct values'), known.distinct],
    [vscode.l10n.t('Numbers'), known.numbers],
    [vscode.l10n.t('Sum'), known.sum],
    [vscode.l10n.t('Mean'), known.mean],
    [vscode.l10n.t('Minimum'), known.min],
    [vscode.l10n.t('Maximum'), known.max],
  ];
  const share = new Intl.NumberFormat(vscode.env.language, { style: 'percent', maximumFractionDigits: 1 });
  const chosen = await askChoice(
    [
      ...facts.flatMap(([label, value]) =>
        value === undefined ? [] : [{ label, description: plain(String(value)), copied: String(value) }],
      ),
      separator(vscode.l10n.t('Most frequent values')),
      // If all values differ, none is more frequent.
      ...known.frequent
        .filter(() => known.distinct < known.rows - known.empty)
        .map(({ text, count }) => ({
          label: plain(text),
          description: `${numberText(count)} (${share.format(count / known.rows)})`,
          value: text,
        })),
    ],
    {
      title: vscode.l10n.t('{0}: Statistics', panel.model.labelOf(field)),
      placeHolder: vscode.l10n.t('Choose a number to copy it, or a value to filter by it'),
      ignoreFocusOut: false,
    },
  );
  if ('copied' in chosen) {
    await vscode.env.clipboard.writeText(chosen.copied);
    panel.note(vscode.l10n.t('Copied {0}.', chosen.copied));
  } else if ('value' in chosen) {
    const { filter } = panel.model.layout;
    await panel.arrange({ filter: `${filter} ${termFor(field, chosen.value, false)}`.trim() });
  }
}

/** A value of the data as the label of an item: in one line, and never as an icon. */
export function plain(text: string): string {
  return text.replaceAll('$(', '\\$(').slice(0, 200);
}
