import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runMocha } from '../workbench/runMocha.ts';

/**
 * The entry that VS Code calls in its extension host. `TEST_GREP` narrows to the tests whose title matches.
 * A test that wants a gateway starts one itself: `startSandbox` of src/sandbox runs in this very process.
 */
export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  console.log(`host tests in VS Code ${vscode.version}`);
  // Beside this bundle, not beside this source.
  const here = __dirname;
  const files = (await readdir(here)).filter((name) => name.endsWith('.test.cjs')).sort();
  await runMocha({
    files: files.map((name) => join(here, name)),
    grep: process.env.TEST_GREP,
    timeoutMs: 30_000,
  });
}
