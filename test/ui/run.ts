import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from '../workbench/browser.ts';
import { ensurePackage } from '../workbench/package.ts';
import { root } from '../workbench/paths.ts';
import { onStop } from '../workbench/processes.ts';
import { step } from '../workbench/progress.ts';
import { runMocha } from '../workbench/runMocha.ts';
import { installExtension, startServer } from '../workbench/server.ts';
import { changeSettings, quietSettings } from '../workbench/settings.ts';

/*
 * npm run test:ui [-- options] [part of a file name]…
 *   --grep <pattern>   only tests whose title matches
 *   --vsix <file>      another package than the one of the working tree
 *
 * One server with the packaged extension serves all tests; each opens its own page (workbench.ts).
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { grep: { type: 'string', short: 'g' }, vsix: { type: 'string' } },
});

async function main(): Promise<void> {
  const files = await testFiles();
  const vsixFile = values.vsix ?? (await ensurePackage());
  await ensureBrowser();
  const dataDir = await mkdtemp(join(tmpdir(), 'st-ui-'));
  const options = { dataDir, graceSeconds: 1 };
  const server = await step('Starting VS Code with the package', async () => {
    await changeSettings(dataDir, quietSettings);
    await installExtension(options, vsixFile);
    return startServer(options);
  });
  const clean = async (): Promise<void> => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  onStop(clean);
  try {
    process.env.UI_PORT = String(server.port);
    process.env.UI_DATA_DIR = dataDir;
    await runMocha({ files, grep: values.grep, timeoutMs: 60_000 });
  } finally {
    await clean();
  }
}

async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob('test/ui/**/*.test.ts', { cwd: root })) {
    if (positionals.length === 0 || positionals.some((part) => file.includes(part))) {
      files.push(join(root, file));
    }
  }
  return files.sort();
}

main().then(
  // A test that failed half-way may have left a handle open; the result is known.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
