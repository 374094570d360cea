import * as vscode from 'vscode';
import { logFault } from '../core/log.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { Fetched } from '../core/tokens/sessionCall.ts';
import type { OperationOptions } from '../core/tokens/signIn.ts';
import { warningText } from '../userError.ts';
import { chosenConnection } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { type DataResult, resultOf } from './dataResult.ts';
import { loginDialogs } from './logins.ts';
import { withProgress } from './progress.ts';
import { RequestQuestions } from './requestQuestions.ts';

export const getData: Handler = async (services, call) => {
  const title = vscode.l10n.t('Get Data');
  const connection = await chosenConnection(services, call, { title });
  await confirmConnection(services, call, connection);
  const asking = { services, connection, title, args: call.args, logins: loginDialogs(call) };
  const completed = await new RequestQuestions(asking).ask();
  const request = { ...completed, connection: connection.name } as DataRequest;
  return call.interactive ? showData(services, request) : dataOf(services, request, loginDialogs(call));
};

/** Gets data as for a person: the palette does not use results, and passing a large one to it is slow. */
export async function showData(services: CommandServices, request: DataRequest): Promise<void> {
  const { answer } = await fetchData(services, request, loginDialogs({ interactive: true }), true);
  answer.dispose();
}

/** Gets data for a program. Without `askers` nothing is asked, and what is missing is an error. */
export async function dataOf(
  services: CommandServices,
  request: DataRequest,
  askers: OperationOptions = {},
): Promise<DataResult> {
  const fetched = await fetchData(services, request, askers, false);
  const { mended = 0 } = fetched.answer;
  const said = vscode.l10n.t(
    'The answer is not valid JSON in {0} places: what has no value there is null, anything else is as it was sent.',
    mended,
  );
  const warnings = (fetched.warnings ?? []).map(warningText);
  return resultOf(services, fetched, mended > 0 ? [...warnings, said] : warnings);
}

/** Gets data and shows it, unless the request says not to. */
async function fetchData(
  services: CommandServices,
  request: DataRequest,
  askers: OperationOptions,
  interactive: boolean,
): Promise<Fetched> {
  const results = await services.results();
  const fetched = await withProgress(interactive, vscode.l10n.t('Getting {0}', titleOf(request)), (signal) =>
    results.get(request, { ...askers, signal, show: request.show !== false, wantsRows: !interactive }),
  );
  const noted = services.recents.add(request, services.hasSecret);
  await noted.catch((error: unknown) => logFault(services.log, error)); // The data are there, and must not be lost for that.
  return fetched;
}
