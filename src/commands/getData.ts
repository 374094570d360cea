import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { logFault } from '../core/log.ts';
import { type DataRequest, titleOf } from '../core/request.ts';
import type { Row } from '../core/results/answer.ts';
import type { Fetched } from '../core/tokens/dataCalls.ts';
import type { OperationOptions } from '../core/tokens/signIns.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { askChoiceOrText, askersFor, askText, chosenConnection } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { agreed } from './consent.ts';
import { resultOf } from './dataResult.ts';
import { withProgress } from './progress.ts';
import { chosenService } from './signIn.ts';

/** What a data call resolves to (CONTRACT.md, Commands). */
export interface DataResult {
  rows: Row[];
  columns: { field: string; label: string }[];
  /** What was mended in the answer. */
  warnings?: string[];
  totalRows: number;
  /** From the sending of the request to the last byte, in milliseconds. */
  elapsedMs: number;
  /** Of the body, inflated. */
  bytes: number;
  session?: TokenInfo;
  reused: boolean;
}

/** Views that every gateway of this kind has (PROTOCOLS.md 2), offered until a person has their own. */
const usualViews = ['MVMVS/JCPU', 'MVMVS/JCSA', 'MVMVS/XCFMBR', 'MVMVS/JESPOOL', 'MVMVS/ZFSFSZ'];

export const getData: Handler = async (parts, call) => {
  const title = vscode.l10n.t('Get Data');
  const connection = await chosenConnection(parts, call, title);
  await agreed(parts, call, connection);
  const request = { ...(await completed(parts, connection, call.args, title)), connection: connection.name };
  const fetched = await fetchData(parts, request as DataRequest, {
    interactive: call.interactive,
    ...askersFor(call),
  });
  if (call.interactive) {
    fetched.answer.dispose();
    return undefined; // Nobody takes a result from the palette, and a large one must not cross to it.
  }
  return toldResult(parts, fetched);
};

/** Gets data and shows it, unless the request says not to. */
export async function fetchData(
  parts: CommandServices,
  request: DataRequest,
  { interactive, ...askers }: OperationOptions & { interactive: boolean },
): Promise<Fetched> {
  const results = await parts.results();
  const fetched = await withProgress(interactive, vscode.l10n.t('Getting {0}', titleOf(request)), (signal) =>
    results.get(request, { ...askers, signal, show: request.show !== false }),
  );
  await parts.recents.add(request, parts.hasSecret).catch((error: unknown) => logFault(parts.log, error)); // The data have come, and are not lost for that.
  return fetched;
}

/** Gets data for another extension: nothing is asked, and what is missing is an error. */
export async function getDataQuietly(parts: CommandServices, request: DataRequest): Promise<DataResult> {
  return toldResult(parts, await fetchData(parts, request, { interactive: false }));
}

/** The whole result, for a program; it says what was mended in the answer. */
async function toldResult(parts: CommandServices, fetched: Fetched): Promise<DataResult> {
  const result = await resultOf(parts, fetched);
  const { mended } = fetched.answer;
  if (!mended) {
    return result;
  }
  const warning = vscode.l10n.t(
    'The answer is not valid JSON in {0} places: what has no value there is null, anything else is as it was sent.',
    mended,
  );
  return { ...result, warnings: [warning] };
}

async function completed(
  parts: CommandServices,
  connection: Connection,
  args: Readonly<Record<string, unknown>>,
  title: string,
): Promise<Record<string, unknown>> {
  const recent = parts.recents.all().filter((request) => request.connection === connection.name);
  if (connection.kind === 'sarus') {
    if (args.endpoint !== undefined) {
      return args;
    }
    const endpoints = recent.flatMap((request) => ('endpoint' in request ? [request.endpoint] : []));
    const endpoint = await askChoiceOrText(offer(endpoints, []), {
      title,
      placeholder: vscode.l10n.t('Endpoint: choose one or type its name'),
      ownText: vscode.l10n.t('use this name'),
    });
    const last = recent.find((request) => 'endpoint' in request && request.endpoint === endpoint);
    const before =
      last !== undefined && 'endpoint' in last ? new URLSearchParams(last.params).toString() : '';
    const params = await askText({
      title,
      prompt: vscode.l10n.t('Parameters, as name=value&name=value; none is fine'),
      value: before,
    });
    return { ...args, endpoint, params: Object.fromEntries(new URLSearchParams(params)) };
  }
  const service = await chosenService(
    parts,
    connection,
    args.service ?? connection.service ?? parts.keeper.onlyService(connection.name),
    title,
  );
  if (args.product !== undefined && args.view !== undefined) {
    return { ...args, service };
  }
  if (args.product !== undefined) {
    return { ...args, service, view: await askView(title, []) };
  }
  const used = recent.flatMap((request) => ('view' in request ? [titleOf(request)] : []));
  const chosen = await askChoiceOrText(offer(used, usualViews), {
    title,
    placeholder: vscode.l10n.t('View, as PRODUCT/VIEW: choose one or type it'),
    ownText: vscode.l10n.t('use this view'),
  });
  const [product = '', view] = chosen.split('/', 2);
  return {
    ...args,
    service,
    product,
    view: view === undefined || view === '' ? await askView(title, []) : view,
  };
}

function askView(title: string, offered: readonly string[]): Promise<string> {
  return askChoiceOrText(offer(offered, []), {
    title,
    placeholder: vscode.l10n.t('View'),
    ownText: vscode.l10n.t('use this view'),
  });
}

function offer(used: readonly string[], usual: readonly string[]): vscode.QuickPickItem[] {
  const recent = [...new Set(used)];
  return [
    ...recent.map((label) => ({ label, description: vscode.l10n.t('used before') })),
    ...usual.filter((label) => !recent.includes(label)).map((label) => ({ label })),
  ];
}
