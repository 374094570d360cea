import { addConnection, openSettings, removeConnection } from './connections.ts';
import { getData } from './getData.ts';
import { showMenu } from './menu.ts';
import type { Handler } from './parts.ts';
import { startSandbox, stopSandbox } from './sandbox.ts';
import { signIn } from './signIn.ts';
import { close, closeAll, copyToken, keepAlive, query, signOut, toggleKeepAlive } from './tokens.ts';

/** Every command and what it does. */
export const commandTable: Readonly<Record<string, Handler>> = {
  'sessionTokens.addConnection': addConnection,
  'sessionTokens.removeConnection': removeConnection,
  'sessionTokens.signIn': signIn,
  'sessionTokens.signOut': signOut,
  'sessionTokens.getData': getData,
  'sessionTokens.keepAlive': keepAlive,
  'sessionTokens.query': query,
  'sessionTokens.close': close,
  'sessionTokens.closeAll': closeAll,
  'sessionTokens.copyToken': copyToken,
  'sessionTokens.toggleKeepAlive': toggleKeepAlive,
  'sessionTokens.startSandbox': startSandbox,
  'sessionTokens.stopSandbox': stopSandbox,
  'sessionTokens.refresh': async ({ refreshTree }) => refreshTree(),
  'sessionTokens.showLog': async ({ output }) => output.show(),
  'sessionTokens.showMenu': showMenu,
  'sessionTokens.openSettings': openSettings,
};
