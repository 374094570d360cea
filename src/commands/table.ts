import type { CommandTable } from './command.ts';
import { addConnection, openSettings, openWalkthrough, removeConnection } from './connections.ts';
import { describeApi } from './describe.ts';
import { getData } from './getData.ts';
import { pickConnection, pickToken } from './inputs.ts';
import { showMenu } from './menu.ts';
import { queryCommands } from './queries.ts';
import { openTerminal, relayUrl, stopRelay } from './relay.ts';
import { startSandbox, stopSandbox } from './sandbox.ts';
import { signIn } from './signIn.ts';
import { close, closeAll, copyToken, keepAlive, query, signOut, toggleKeepAlive } from './tokens.ts';

/** The commands about connections, tokens and requests. Loaded, with all that they need, when the first of them runs. */
export const commandTable: CommandTable = {
  'sessionTokens.addConnection': addConnection,
  'sessionTokens.describeApi': describeApi,
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
  'sessionTokens.openTerminal': openTerminal,
  'sessionTokens.relayUrl': relayUrl,
  'sessionTokens.stopRelay': stopRelay,
  'sessionTokens.refresh': async ({ tree }) => tree.refresh(),
  'sessionTokens.showLog': async ({ output }) => output.show(),
  'sessionTokens.showMenu': showMenu,
  'sessionTokens.openSettings': openSettings,
  'sessionTokens.openWalkthrough': openWalkthrough,
  'sessionTokens.pickConnection': pickConnection,
  'sessionTokens.pickToken': pickToken,
  ...queryCommands,
};
