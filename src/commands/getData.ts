import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { logFault } from '../core/log.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Query, RequestDialog } from '../core/protocols/protocol.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { Fetched } from '../core/tokens/fetched.ts';
import type { OperationOptions } from '../core/tokens/signIn.ts';
import { translated } from '../userError.ts';
import { askChoiceOrText, askersFor, askText, chosenConnection } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { agreed } from './consent.ts';
import { type DataResult, resultOf } from './dataResult.ts';
import { withProgress } from './progress.ts';
import { chosenService } from './signIn.ts';

export const getData: Handler = async (services, call) => {
  const title = vscode.l10n.t('Get Data');
  const connection = await chosenConnection(services, call, title);
  await agreed(services, call, connection);
  const request = {
    ...(await completed(services, connection, call.args, title)),
    connection: connection.name,
  };
  const fetched = await fetchData(services, request as DataRequest, {
    interactive: call.interactive,
    ...askersFor(call),
  });
  if (call.interactive) {
    fetched.answer.dispose();
    return undefined; // Nobody takes a result from the palette, and a large one must not cross to it.
  }
  return toldResult(services, fetched);
};

/** Gets data and shows it, unless the request says not to. */
export async function fetchData(
  services: CommandServices,
  request: DataRequest,
  { interactive, ...askers }: OperationOptions & { interactive: boolean },
): Promise<Fetched> {
  const results = await services.results();
  const fetched = await withProgress(interactive, vscode.l10n.t('Getting {0}', titleOf(request)), (signal) =>
    results.get(request, { ...askers, signal, show: request.show !== false }),
  );
  await services.recents
    .add(request, services.hasSecret)
    .catch((error: unknown) => logFault(services.log, error)); // The data have come, and are not lost for that.
  return fetched;
}

/** Gets data for another extension: nothing is asked, and what is missing is an error. */
export async function getDataQuietly(services: CommandServices, request: DataRequest): Promise<DataResult> {
  return toldResult(services, await fetchData(services, request, { interactive: false }));
}

/** The whole result, for a program; it says what was mended in the answer. */
async function toldResult(services: CommandServices, fetched: Fetched): Promise<DataResult> {
  const result = await resultOf(services, fetched);
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

/** The arguments, and what the person says to what is missing in them. */
async function completed(
  services: CommandServices,
  connection: Connection,
  args: Readonly<Record<string, unknown>>,
  title: string,
): Promise<Record<string, unknown>> {
  const { dialog, hasServices } = protocolOf(connection);
  const request: Record<string, unknown> = { ...args };
  if (hasServices) {
    const known = args.service ?? connection.service ?? services.keeper.onlyService(connection.name);
    request.service = await chosenService(services, connection, known, title);
  }
  const recent = services.recents.all().filter((one) => one.connection === connection.name);
  const ownText = translated(dialog.ownText);
  const missing = dialog.target.filter(({ name }) => args[name] === undefined);
  if (missing.length === 0) {
    return request;
  }
  if (missing.length === dialog.target.length) {
    const chosen = await askChoiceOrText(offer(recent.map(titleOf), dialog.usual), {
      title,
      placeholder: translated(dialog.prompt),
      ownText,
    });
    const said = missing.length === 1 ? [chosen] : chosen.split('/', missing.length);
    missing.forEach(({ name }, at) => {
      request[name] = said[at];
    });
  }
  for (const { name, prompt } of missing) {
    request[name] ||= await askChoiceOrText([], {
      title,
      placeholder: translated(prompt),
      ownText,
    });
  }
  return dialog.params === undefined
    ? request
    : { ...request, ...(await askedParams(dialog.params, request, recent, title)) };
}

/** Parameters as a person types them; offered are those of the last request for the same. */
async function askedParams(
  { name, prompt }: NonNullable<RequestDialog['params']>,
  request: Query,
  recent: readonly DataRequest[],
  title: string,
): Promise<Query> {
  const last = recent.find((one) => titleOf(one) === titleOf(request))?.[name] as Record<string, string>;
  const value = new URLSearchParams(last ?? {}).toString();
  const typed = await askText({ title, prompt: translated(prompt), value });
  return { [name]: Object.fromEntries(new URLSearchParams(typed)) };
}

function offer(used: readonly string[], usual: readonly string[]): vscode.QuickPickItem[] {
  const recent = [...new Set(used)];
  return [
    ...recent.map((label) => ({ label, description: vscode.l10n.t('used before') })),
    ...usual.filter((label) => !recent.includes(label)).map((label) => ({ label })),
  ];
}
