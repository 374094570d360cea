// The `main` of both extensions that are compared: loads the real one and times that.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';

const start = performance.now();
const real = await import('./dist/extension.js');
const required = performance.now();

export const activate = (context) => {
  const called = performance.now();
  const api = real.activate(context);
  const returned = performance.now();
  globalThis[Symbol.for('session-tokens.bench')] = {
    requireMs: required - start,
    activateMs: returned - called,
    secrets: context.secrets,
    /** Gives the same answer to all that a person is asked from now on. */
    answer: (words) => Object.assign(vscode.window, { showWarningMessage: async () => words }),
    /** Files of this extension that are loaded with its main file. */
    loaded: () => [...importsOf(join(import.meta.dirname, 'dist/extension.js'))],
  };
  return api;
};

export const deactivate = () => real.deactivate?.();

/** A file and what it imports; what is imported when it is used is not loaded yet. */
function importsOf(file, found = new Set()) {
  if (!found.has(file)) {
    found.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import)"(\.\/[^"]+)"/g)) {
      importsOf(join(file, '..', name), found);
    }
  }
  return found;
}
