/** Every command that is registered at activation; what each does is in the table, loaded when one first runs. */
export const commandIds = [
  'sessionTokens.addConnection',
  'sessionTokens.removeConnection',
  'sessionTokens.signIn',
  'sessionTokens.signOut',
  'sessionTokens.getData',
  'sessionTokens.keepAlive',
  'sessionTokens.query',
  'sessionTokens.close',
  'sessionTokens.forgetUserToken',
  'sessionTokens.closeAll',
  'sessionTokens.copyToken',
  'sessionTokens.toggleKeepAlive',
  'sessionTokens.startSandbox',
  'sessionTokens.stopSandbox',
  'sessionTokens.refresh',
  'sessionTokens.showLog',
  'sessionTokens.showMenu',
  'sessionTokens.openSettings',
  'sessionTokens.openWalkthrough',
  'sessionTokens.pickConnection',
  'sessionTokens.pickToken',
] as const;

export type CommandId = (typeof commandIds)[number];
