import * as v from 'valibot';
import * as vscode from 'vscode';

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** A person's settings other than connections, read when they are needed. */
export const options = {
  statusBarEnabled: () => read('statusBar.enabled', v.boolean(), true),
  /** Milliseconds. */
  warnMs: () => read('statusBar.warnAtSeconds', positive, 120) * 1_000,
  /** Milliseconds. */
  maxIdleMs: () => read('keepAlive.maxHours', positive, 8) * 3_600_000,
  closeOnExit: () => read('closeOnExit', v.boolean(), true),
  /** Bytes. */
  maxResponseBytes: () => read('maxResponseMegabytes', positive, 256) * 1024 * 1024,
  /** Milliseconds after which a copied token is taken off the clipboard; 0: never. */
  clipboardClearMs: () => read('clipboard.clearAfterSeconds', positive, 0) * 1_000,
  resultsOpen: () => read('results.open', v.picklist(['table', 'json']), 'table'),
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
function read<T>(key: string, schema: v.GenericSchema<T>, otherwise: T): T {
  const value = lookUp('sessionTokens', key);
  return v.is(schema, value) ? value : otherwise;
}

function lookUp(section: string, key: string): unknown {
  const name = `${section}.${key}`;
  if (!known.has(name)) {
    known.set(name, vscode.workspace.getConfiguration(section).get(key));
  }
  return known.get(name);
}
