import { basename } from 'node:path';
import * as vscode from 'vscode';
import { cancelled, TokensError } from '../core/errors.ts';
import { fold, unknownColumns } from '../core/results/filter.ts';
import { translated } from '../userError.ts';
import { quoted } from '../views/results/filterTerm.ts';
import type { ResultPanel } from '../views/results/resultPanel.ts';
import type { Results } from '../views/results/results.ts';
import { differencesText } from '../views/results/statusTexts.ts';
import { askNumber, askOne, askText } from './ask.ts';
import { plain, wholeTable } from './columns.ts';
import { argument, type Call, fileOf, type ResultCommand } from './command.ts';

/** The offered intervals, in seconds. */
const intervals = [2, 5, 10, 30, 60, 300];
const maxSeconds = 86_400;

/** Refreshes a result every so many seconds. */
export async function watch(panel: ResultPanel, call: Call): Promise<void> {
  const seconds = argument(call, 'seconds', 'number');
  if (seconds !== undefined) {
    panel.watch(Math.min(Math.max(seconds, 1), maxSeconds));
    return;
  }
  const chosen = await askOne([...intervals, 0], (one) => ({ label: intervalText(one) }), {
    title: vscode.l10n.t('Watch {0}', panel.model.title),
    placeHolder: vscode.l10n.t('Each refresh also keeps the session alive'),
    ignoreFocusOut: false,
  });
  panel.watch(chosen || (await askSeconds()));
}

/** An interval of some seconds in words; 0 for another one. */
function intervalText(seconds: number): string {
  if (seconds < 60) {
    return seconds > 0 ? vscode.l10n.t('Every {0} seconds', seconds) : vscode.l10n.t('Other Interval…');
  }
  const minutes = seconds / 60;
  return minutes === 1 ? vscode.l10n.t('Every minute') : vscode.l10n.t('Every {0} minutes', minutes);
}

function askSeconds(): Promise<number> {
  const prompt = vscode.l10n.t('Seconds between refreshes');
  const isRight = (seconds: number) => seconds >= 1 && seconds <= maxSeconds;
  const wrong = vscode.l10n.t('A number from 1 to {0}', maxSeconds);
  return askNumber({ ignoreFocusOut: false, prompt, value: '15' }, isRight, wrong);
}

/** Leaves out the rows that have not changed, or shows them again. */
export const showOnlyChanged: ResultCommand = async (panel, call) => {
  const { layout, differences } = panel.model;
  const onlyChanged = argument(call, 'on', 'boolean') ?? !layout.onlyChanged;
  await panel.arrange({ onlyChanged });
  if (call.interactive && onlyChanged && differences === undefined) {
    panel.note(vscode.l10n.t('There is nothing to compare with yet: refresh or watch the result.'));
  }
  return { onlyChanged };
};

/** Sets the condition of the alert, by which rows are marked and a watch notifies. */
export const setAlert: ResultCommand = async (panel, call) => {
  const { model } = panel;
  const fields = wholeTable(panel).state.fields;
  const problem = (text: string) => {
    const [unknown] = unknownColumns(text, fields, model.labels);
    return unknown === undefined
      ? undefined
      : new TokensError('E_CONFIG', '“{0}” compares no column of this result with a value.', [unknown]);
  };
  const condition = argument(call, 'condition', 'string');
  const alert = (condition ?? (await askCondition(panel, call, fields, problem))).trim();
  const wrong = problem(alert);
  if (wrong !== undefined) {
    throw wrong;
  }
  await panel.arrange({ alert });
  return { condition: alert, rows: model.alerting };
};

function askCondition(
  panel: ResultPanel,
  call: Call,
  fields: readonly string[],
  problem: (text: string) => TokensError | undefined,
): Promise<string> {
  const { model, focusedField } = panel;
  const meant = argument(call, 'field', 'string') ?? (call.interactive ? focusedField : undefined);
  const value = model.layout.alert || (meant === undefined ? '' : `${nameOf(panel, fields, meant)} > `);
  return askText({
    ignoreFocusOut: false,
    title: vscode.l10n.t('Alert for {0}', model.title),
    prompt: vscode.l10n.t(
      'A condition as in the filter, such as CPU > 90. Rows that meet it are marked, and a watch tells when they begin to. Empty: no alert',
    ),
    value,
    valueSelection: model.layout.alert === '' ? [value.length, value.length] : [0, value.length],
    validateInput: (text) => {
      const wrong = problem(text);
      return wrong && translated(wrong);
    },
  });
}

/** A column as the alert names it: by its label, as it is shown, where no other column is called so. */
function nameOf({ model }: ResultPanel, fields: readonly string[], field: string): string {
  const label = model.labelOf(field);
  const isSo = (name: string) => fold(name) === fold(label);
  const called = fields.filter((one) => isSo(one) || isSo(model.labelOf(one)));
  return quoted(called.length > 1 ? field : label);
}

/** Marks how a result differs from another one, or from an exported file. */
export const compare: ResultCommand = async (panel, call, services) => {
  wholeTable(panel);
  const results = await services.results();
  const other = namedOther(panel, results, call.args) ?? (await askOther(panel, results));
  const differences =
    other instanceof vscode.Uri
      ? await compareWithFile(panel, results, other)
      : await panel.model.compareWith(other && { title: titleOf(other), table: wholeTable(other) });
  if (differences !== undefined) {
    panel.note(differencesText(differences));
  }
  return differences;
};

async function compareWithFile({ model }: ResultPanel, results: Results, file: vscode.Uri) {
  const { table, share } = await results.fromFile(file);
  try {
    return await model.compareWith({ title: basename(file.fsPath), table, isPart: true });
  } finally {
    share.dispose();
  }
}

/** The result or file that a program names. @throws E_NOT_READY where no such result is open */
function namedOther(
  panel: ResultPanel,
  results: Results,
  { path, connection, title }: Call['args'],
): ResultPanel | vscode.Uri | undefined {
  if (path !== undefined) {
    return fileOf(path);
  }
  if (connection === undefined && title === undefined) {
    return undefined;
  }
  const found = results
    .others(panel)
    .find(
      ({ model }) =>
        (connection ?? model.request.connection) === model.request.connection &&
        (title ?? model.title) === model.title,
    );
  if (found === undefined) {
    throw new TokensError('E_NOT_READY', 'There is no result open to do that with.');
  }
  return found;
}

/** Asks what to compare with; resolves to undefined for the answer before. */
async function askOther(panel: ResultPanel, results: Results): Promise<ResultPanel | vscode.Uri | undefined> {
  const { comparedWith, title } = panel.model;
  const before = { label: vscode.l10n.t('The previous answer'), detail: vscode.l10n.t('As a watch does') };
  const fileTitle = vscode.l10n.t('JSON File…');
  const file = { label: fileTitle, detail: vscode.l10n.t('A result that was exported as JSON') };
  const all = [...(comparedWith === undefined ? [] : [before]), ...results.others(panel), file];
  const chosen = await askOne(all, (one) => ('model' in one ? itemOf(one) : one), {
    title: vscode.l10n.t('Compare {0} With', title),
    ignoreFocusOut: false,
  });
  if (chosen !== file) {
    return 'model' in chosen ? chosen : undefined;
  }
  const filters = { JSON: ['json'] };
  const [picked] = (await vscode.window.showOpenDialog({ title: fileTitle, filters })) ?? [];
  if (picked === undefined) {
    throw cancelled();
  }
  return picked;
}

function itemOf({ model: { title, request, gotAt } }: ResultPanel): vscode.QuickPickItem {
  const detail = new Date(gotAt).toLocaleString();
  return { label: plain(title), description: plain(request.connection), detail };
}

/** The name of a result in a comparison. */
function titleOf({ model: { title, request, gotAt } }: ResultPanel): string {
  return `${title} (${request.connection}, ${new Date(gotAt).toLocaleTimeString()})`;
}
