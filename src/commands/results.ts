import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { TokensError } from '../core/errors.ts';
import { fileName } from '../core/paths.ts';
import { wireOf } from '../core/requests/request.ts';
import { type RequestForm, requestText } from '../core/requests/requestText.ts';
import { withoutSecrets } from '../core/requests/secretless.ts';
import {
  type Delimiter,
  delimiterOf,
  delimiters,
  type ExportFormat,
  exportFormats,
} from '../core/results/exports.ts';
import type { TableHandle } from '../core/results/tableHandle.ts';
import { exportFile } from '../views/results/exportFile.ts';
import { asSent } from '../views/results/layout.ts';
import type { TableCommand } from '../views/results/messages.ts';
import type { ResultPanel } from '../views/results/resultPanel.ts';
import { rowsText } from '../views/results/statusTexts.ts';
import { askChoice, chosenOf } from './ask.ts';
import { columnStatistics, groupBy, wholeTable } from './columns.ts';
import {
  argument,
  type Call,
  type CommandServices,
  type CommandTable,
  fileOf,
  oneOf,
  type ResultCommand,
} from './command.ts';
import { withProgress } from './progress.ts';
import { compare, setAlert, showOnlyChanged, watch } from './watch.ts';

/** A command that the webview carries out. */
const view =
  (ask: TableCommand): ResultCommand =>
  async (panel, call) =>
    panel.post({ is: 'view', ask, field: argument(call, 'field', 'string') });

/** The commands for the tab that has the focus. */
const commands: Readonly<Record<string, ResultCommand>> = {
  'sessionTokens.results.refresh': (panel) => panel.refresh(),
  'sessionTokens.results.watch': watch,
  'sessionTokens.results.stopWatch': async (panel) => panel.stopWatch(),
  'sessionTokens.results.alert': setAlert,
  'sessionTokens.results.onlyChanged': showOnlyChanged,
  'sessionTokens.results.compare': compare,
  'sessionTokens.results.plot': view('plot'),
  'sessionTokens.results.statistics': columnStatistics,
  'sessionTokens.results.groupBy': groupBy,
  'sessionTokens.results.export': exportResult,
  'sessionTokens.results.openAsJson': async (panel, _, { results }) =>
    (await results()).json.show(wholeTable(panel), panel.model.title),
  'sessionTokens.results.rawAnswer': async (panel, { interactive }, { results }) => {
    const head = await (await results()).showHead(panel);
    return interactive ? undefined : head;
  },
  'sessionTokens.results.copyRequestAs': copyRequestAs,
  'sessionTokens.results.resetView': (panel) => panel.arrange({ ...asSent, alert: panel.model.layout.alert }),
  'sessionTokens.results.copy': async (panel) => panel.post({ is: 'copy', form: 'text', headers: false }),
  'sessionTokens.results.copyWithHeaders': async (panel) =>
    panel.post({ is: 'copy', form: 'text', headers: true }),
  'sessionTokens.results.copyAs': copyAs,
  'sessionTokens.results.filter': view('filter'),
  'sessionTokens.results.toggleNames': view('toggleNames'),
  'sessionTokens.results.sortAscending': view('sortAscending'),
  'sessionTokens.results.sortDescending': view('sortDescending'),
  'sessionTokens.results.unsort': view('unsort'),
  'sessionTokens.results.hideColumn': view('hideColumn'),
  'sessionTokens.results.showAllColumns': view('showAllColumns'),
  'sessionTokens.results.pinColumn': view('pinColumn'),
  'sessionTokens.results.fitColumn': view('fitColumn'),
  'sessionTokens.results.filterByValue': view('filterByValue'),
  'sessionTokens.results.filterOutValue': view('filterOutValue'),
  'sessionTokens.results.rowDetail': view('rowDetail'),
};

export const resultCommands: CommandTable = Object.fromEntries(
  Object.entries(commands).map(([id, command]) => [
    id,
    async (services, call) => {
      const panel = (await services.results()).active;
      if (panel === undefined) {
        throw new TokensError('E_NOT_READY', 'There is no result open to do that with.');
      }
      call.chosen = panel.model.request.connection;
      return command(panel, call, services);
    },
  ]),
);

async function exportResult(panel: ResultPanel, call: Call, services: CommandServices): Promise<unknown> {
  const { all, format, delimiter } = await chooseExport(panel, wholeTable(panel), call);
  const target = await chooseFile(panel, format, call.args);
  if (target === undefined) {
    return undefined;
  }
  // A watch may have brought another table meanwhile.
  const table = wholeTable(panel);
  const { arrangement, seenFields } = panel.model;
  const shown = all ? { fields: table.state.fields } : { fields: seenFields, arrangement };
  const rows = await withProgress(true, vscode.l10n.t('Exporting {0}', panel.model.title), (signal, report) =>
    exportFile(table, target, { ...shown, format, delimiter }, services.hide, report, signal),
  );
  panel.note(vscode.l10n.t('Exported: {0}', rowsText(rows)));
  return { rows, path: target.fsPath };
}

async function chooseExport(panel: ResultPanel, table: TableHandle, call: Call) {
  const { args } = call;
  const usual = delimiterOf(vscode.env.language, Intl.DateTimeFormat().resolvedOptions().locale);
  const given = oneOf('format', args.format, exportFormats);
  if (given !== undefined) {
    const delimiter = oneOf('delimiter', args.delimiter, [',', ';', 'tab']) ?? usual;
    const all = argument(call, 'all', 'boolean') ?? false;
    return { format: given, delimiter: delimiter === 'tab' ? '\t' : delimiter, all };
  }
  const { arrangement, seenFields, title } = panel.model;
  const { rowCount, fields } = table.state;
  const { shown } = await table.call('page', { arrangement, from: 0, to: 0 });
  const isPart = shown < rowCount || seenFields.length < fields.length;
  const asShown = isPart ? vscode.l10n.t('as shown: {0}', rowsText(shown)) : rowsText(rowCount);
  const whole = vscode.l10n.t('every column: {0}', rowsText(rowCount));
  const separated: Readonly<Record<Delimiter, string>> = {
    ',': vscode.l10n.t('CSV, separated by commas'),
    ';': vscode.l10n.t('CSV, separated by semicolons'),
    '\t': vscode.l10n.t('CSV, separated by tabs'),
  };
  const ways: readonly (readonly [string, ExportFormat, Delimiter])[] = [
    ['CSV', 'csv', usual],
    [vscode.l10n.t('Excel workbook (.xlsx)'), 'xlsx', usual],
    ['JSON', 'json', usual],
    [vscode.l10n.t('NDJSON (one JSON object a line)'), 'ndjson', usual],
    ...delimiters.filter((one) => one !== usual).map((one) => [separated[one], 'csv', one] as const),
  ];
  const offered = (isPart ? [false, true] : [false]).flatMap((all) =>
    ways.map(([label, format, delimiter]) => ({
      label,
      description: all ? whole : asShown,
      format,
      delimiter,
      all,
    })),
  );
  return askChoice(offered, { title: vscode.l10n.t('Export {0}', title), ignoreFocusOut: false });
}

async function chooseFile(
  panel: ResultPanel,
  format: ExportFormat,
  { path }: Call['args'],
): Promise<vscode.Uri | undefined> {
  if (path !== undefined) {
    return fileOf(path);
  }
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const name = `${fileName(panel.model.title)}.${format}`;
  return vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export {0}', panel.model.title),
    defaultUri: vscode.Uri.joinPath(folder, name),
    filters: { [format.toUpperCase()]: [format] },
    saveLabel: vscode.l10n.t('Export'),
  });
}

async function copyAs(panel: ResultPanel, call: Call): Promise<void> {
  const labels = { markdown: 'Markdown', json: 'JSON', csv: 'CSV' };
  const form = await chosenOf('form', call, labels, { title: vscode.l10n.t('Copy Selection As') });
  panel.post({ is: 'copy', form, headers: form !== 'json' });
}

async function copyRequestAs(panel: ResultPanel, call: Call, services: CommandServices): Promise<void> {
  const names: Readonly<Record<RequestForm, string>> = {
    curl: 'cURL',
    cmd: vscode.l10n.t('cURL for the Command Prompt of Windows (cmd)'),
    python: 'Python (requests)',
    powershell: 'PowerShell',
    http: vscode.l10n.t('HTTP file (.http)'),
  };
  const placeHolder = vscode.l10n.t('The token comes from an environment variable');
  const asked = { title: vscode.l10n.t('Copy Request As'), placeHolder };
  const form = await chosenOf('form', call, names, asked);
  const connection = services.connections.get(panel.model.request.connection);
  const wire = wireOf(withoutSecrets(panel.model.request, services.hasSecret), connection, services.memory);
  await vscode.env.clipboard.writeText(requestText(wire, connection, form));
  panel.note(vscode.l10n.t('Copied the request as {0}.', names[form]));
}
