import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

/**
 * The entry that VS Code calls in its extension host. `TEST_RESULTS` names the file for the counts, `TEST_GREP`
 * narrows to the tests whose title matches.
 */
export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  console.log(`host tests in VS Code ${vscode.version}`);
  // A module, loaded at run time: the bundle is CommonJS and mocha must stay one instance.
  const { default: Mocha } = await import('mocha');
  const { TEST_GREP, TEST_RESULTS } = process.env;
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: 30_000,
    forbidOnly: Boolean(process.env.CI),
    ...(TEST_GREP ? { grep: TEST_GREP } : {}),
  });
  for (const name of (await readdir(__dirname)).sort()) {
    if (name.endsWith('.test.js')) {
      mocha.addFile(join(__dirname, name));
    }
  }
  await mocha.loadFilesAsync();
  const stats = await new Promise<Mocha.Stats | undefined>((done) => {
    const runner = mocha.run(() => done(runner.stats));
  });
  const passed = stats?.passes ?? 0;
  const failed = stats?.failures ?? 1;
  const skipped = stats?.pending ?? 0;
  if (TEST_RESULTS) {
    await writeFile(TEST_RESULTS, JSON.stringify({ passed, failed, skipped }));
  }
  if (failed > 0 || passed === 0) {
    throw new Error(`${failed} of ${passed + failed} host tests failed`);
  }
}
