import * as vscode from 'vscode';

/** A person's settings other than connections, read when they are needed, in the units of the code. */
export interface Options {
  statusBarEnabled(): boolean;
  /** Milliseconds. */
  warnMs(): number;
  /** Milliseconds. */
  maxIdleMs(): number;
  closeOnExit(): boolean;
  /** Bytes. */
  maxResponseBytes(): number;
  resultsOpen(): 'table' | 'json';
  /** Milliseconds after which a copied token is taken off the clipboard; 0: never. */
  clipboardClearMs(): number;
  /** VS Code's own: how extensions use its proxy. */
  proxySupport(): unknown;
}

export const options: Options = {
  statusBarEnabled: () => read('statusBar.enabled', true, isBoolean),
  warnMs: () => read('statusBar.warnAtSeconds', 120, isPositive) * 1_000,
  maxIdleMs: () => read('keepAlive.maxHours', 8, isPositive) * 3_600_000,
  closeOnExit: () => read('closeOnExit', true, isBoolean),
  maxResponseBytes: () => read('maxResponseMegabytes', 256, isPositive) * 1024 * 1024,
  clipboardClearMs: () => read('clipboard.clearAfterSeconds', 0, isPositive) * 1_000,
  resultsOpen: () => read('results.open', 'table', (value) => value === 'table' || value === 'json'),
  proxySupport: () => vscode.workspace.getConfiguration('http').get('proxySupport'),
};

/** A setting of the wrong type counts as not set: VS Code marks it where it is written. */
function read<T>(key: string, otherwise: T, fits: (value: unknown) => boolean): T {
  const value = vscode.workspace.getConfiguration('sessionTokens').get<T>(key);
  return value !== undefined && fits(value) ? value : otherwise;
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
