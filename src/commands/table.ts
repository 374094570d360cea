import type { DataRequest } from '../core/request.ts';
import { askersFor } from './ask.ts';
import { addConnection, openSettings, openWalkthrough, removeConnection } from './connections.ts';
import { agreed } from './consent.ts';
import { type DataResult, fetchData, getData, toldResult } from './getData.ts';
import type { CommandId } from './ids.ts';
import { pickConnection, pickToken } from './inputs.ts';
import { showMenu } from './menu.ts';
import type { Handler, Parts } from './parts.ts';
import { startSandbox, stopSandbox } from './sandbox.ts';
import { signIn } from './signIn.ts';
import { close, closeAll, copyToken, keepAlive, query, signOut, toggleKeepAlive } from './tokens.ts';

/** Every command and what it does. Loaded, with all that they need, when the first of them runs. */
export const commandTable: Readonly<Record<CommandId, Handler>> = {
  'sessionTokens.addConnection': addConnection,
  'sessionTokens.removeConnection': removeConnection,
  'sessionTokens.signIn': signIn,
  'sessionTokens.signOut': signOut,
  'sessionTokens.getData': getData,
  'sessionTokens.keepAlive': keepAlive,
  'sessionTokens.query': query,
  'sessionTokens.close': close,
  'sessionTokens.forgetUserToken': close,
  'sessionTokens.closeAll': closeAll,
  'sessionTokens.copyToken': copyToken,
  'sessionTokens.toggleKeepAlive': toggleKeepAlive,
  'sessionTokens.startSandbox': startSandbox,
  'sessionTokens.stopSandbox': stopSandbox,
  'sessionTokens.refresh': async ({ refreshTree }) => refreshTree(),
  'sessionTokens.showLog': async ({ output }) => output.show(),
  'sessionTokens.showMenu': showMenu,
  'sessionTokens.openSettings': openSettings,
  'sessionTokens.openWalkthrough': openWalkthrough,
  'sessionTokens.pickConnection': pickConnection,
  'sessionTokens.pickToken': pickToken,
};

/** Runs a request for a person, who may be asked to sign in; what comes of it is shown. */
export async function runForPerson(parts: Parts, request: DataRequest): Promise<void> {
  const call = { args: {}, interactive: true };
  await agreed(parts, call, parts.connections.get(request.connection));
  const { answer } = await fetchData(parts, request, { interactive: true, ...askersFor(call) });
  answer.dispose();
}

/** Gets data for another extension: nothing is asked, and what is missing is an error. */
export async function getDataQuietly(parts: Parts, request: DataRequest): Promise<DataResult> {
  return toldResult(parts, await fetchData(parts, request, { interactive: false }));
}
