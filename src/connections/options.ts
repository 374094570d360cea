import * as vscode from 'vscode';

/** A person's settings other than connections, read when they are needed. */
export const options = {
  statusBarEnabled: () => read('statusBar.enabled', true, isBoolean),
  /** Milliseconds. */
  warnMs: () => read('statusBar.warnAtSeconds', 120, isPositive) * 1_000,
  /** Milliseconds. */
  maxIdleMs: () => read('keepAlive.maxHours', 8, isPositive) * 3_600_000,
  closeOnExit: () => read('closeOnExit', true, isBoolean),
  /** Bytes. */
  maxResponseBytes: () => read('maxResponseMegabytes', 256, isPositive) * 1024 * 1024,
  /** Milliseconds after which a copied token is taken off the clipboard; 0: never. */
  clipboardClearMs: () => read('clipboard.clearAfterSeconds', 0, isPositive) * 1_000,
  resultsOpen: () =>
    read<'table' | 'json'>('results.open', 'table', (value) => value === 'table' || value === 'json'),
  /** VS Code's own: how extensions use its proxy. */
  proxySupport: () => lookUp('http', 'proxySupport'),
};
export type Options = typeof options;

/** Settings read since the last change: VS Code takes long to look one up, and each request needs several. */
const known = new Map<string, unknown>();

/** Forgets what was read when a setting changes. To be called before others listen to changes. */
export function watchOptions(): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration(() => known.clear());
}

/** A setting of the wrong type counts as not set: VS Code marks it where it is written. */
function read<T>(key: string, otherwise: T, fits: (value: unknown) => boolean): T {
  const value = lookUp('sessionTokens', key);
  return value !== undefined && fits(value) ? (value as T) : otherwise;
}

function lookUp(section: string, key: string): unknown {
  const name = `${section}.${key}`;
  if (!known.has(name)) {
    known.set(name, vscode.workspace.getConfiguration(section).get(key));
  }
  return known.get(name);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
