import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled } from '../core/errors.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import { incomplete } from '../core/requests/request.ts';
import { commandButton, tell } from '../views/message.ts';
import { askChoiceOrText, chosenConnection } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { loginDialogs, loginQuestions, loginTitle } from './logins.ts';
import { withProgress } from './progress.ts';
import { fork, inSteps, type Question, type Step, under } from './steps.ts';

/** Signs in with what is remembered, else with what the person answers, who can go back to each question. */
export const signIn: Handler = async (services, call) => {
  const { connections, keeper, tree } = services;
  const { args, interactive } = call;
  const title = vscode.l10n.t('Sign In');
  let connection: Connection | undefined;
  let service: string | undefined;
  let isServiceMissing = false;
  // Asked for first, so that the progress shows only the wait for the server.
  let login: ReturnType<typeof loginQuestions> | undefined;
  const choose = fork(async (step) => {
    connection = await chosenConnection(services, call, step);
    await confirmConnection(services, call, connection);
    const { name } = connection;
    service = knownService(connection, args.service);
    isServiceMissing = service === undefined && protocolOf(connection).hasServices;
    const isRemembered = await keeper.isRemembered(name);
    const refusal = keeper.refusal(name);
    if (!isRemembered && refusal !== undefined && !interactive) {
      throw refusal;
    }
    login = isRemembered ? undefined : loginQuestions(connection, refusal ? 'refused' : 'unknown', refusal);
  });
  const chooseService: Question = async (step) => {
    service = connection && (await askService(services, connection, step));
  };
  const hasChoice = args.connection === undefined && connections.all().length > 1;
  if (!hasChoice) {
    await choose({ title });
  }
  await inSteps(title, () => [
    ...(hasChoice ? [choose] : []),
    ...(isServiceMissing ? [chooseService] : []),
    ...under(loginTitle(connection?.name ?? '', service), login?.questions() ?? []),
  ]);
  if (connection === undefined) {
    throw cancelled(); // The steps end with one, or reject.
  }
  const { name } = connection;
  const isAtRow = interactive && tree.selectedConnection() === name;
  const token = await withProgress(interactive, vscode.l10n.t('Signing in to {0}', name), (signal) =>
    keeper.signIn(name, { service, signal, ...loginDialogs(call), ...login?.given() }),
  );
  if (isAtRow) {
    // With tokens the connection has another row, which gets the selection of the one before.
    tree.focusConnection(name);
  }
  return token;
};

/** Tells a person of a new connection, and lets them sign in to it. */
export async function offerSignIn(message: string, connection = ''): Promise<void> {
  const button = commandButton(vscode.l10n.t('Sign In'), 'sessionTokens.signIn', { connection });
  await tell(vscode.window.showInformationMessage, message, button);
}

/** The service that is named or stands in the settings, where there are services. */
export function knownService(connection: Connection, named: unknown): string | undefined {
  if (!protocolOf(connection).hasServices) {
    return undefined;
  }
  if (named !== undefined && typeof named !== 'string') {
    throw incomplete('service');
  }
  return named || connection.service;
}

/** Asks for a service of a gateway, and offers those that it lists. */
export function askService({ keeper }: CommandServices, { name }: Connection, step: Step): Promise<string> {
  const listed = keeper
    .services(name)
    .then((found) => found.map(({ name, status = '' }) => ({ label: name, description: status })));
  const placeHolder = vscode.l10n.t('Service of {0}: choose one or type its name', name);
  return askChoiceOrText({ ...step, placeHolder }, listed);
}
