import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { downloadAndUnzipVSCode, runTests, TestRunFailedError } from '@vscode/test-electron';
import { bundleHostTests } from './workbench/bundle.ts';
import { cacheDir, root } from './workbench/paths.ts';
import { step } from './workbench/progress.ts';
import { changeSettings, quietSettings } from './workbench/settings.ts';

/*
 * npm run test:host [-- options] [extension folder]
 *   --grep <pattern>   only tests whose title matches
 *   --desktop          desktop VS Code, downloaded if need be, or fail
 *   --browser          the browser workbench, without looking for another
 *   --code <version>   which desktop VS Code (default: stable), or which code-server: 4.105.1 is
 *                      VS Code 1.105.1, the oldest that package.json promises; CODE_SERVER_NODE=<a Node 22> runs it
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    grep: { type: 'string', short: 'g' },
    desktop: { type: 'boolean', default: false },
    browser: { type: 'boolean', default: false },
    code: { type: 'string', default: 'stable' },
  },
});

/** Desktop VS Code where it can be had without waiting, else undefined: the launcher stands in. */
async function desktop(): Promise<string | undefined> {
  if (values.code.startsWith('4.')) {
    process.env.CODE_SERVER_VERSION = values.code; // The launcher is a child and has our environment.
    return undefined;
  }
  const hasDisplay =
    process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
  if (values.browser || (!values.desktop && !hasDisplay)) {
    return undefined;
  }
  if (!values.desktop && !(await canDownload())) {
    return undefined;
  }
  return downloadAndUnzipVSCode({
    version: values.code,
    cachePath: cacheDir,
    extensionDevelopmentPath: root,
  });
}

async function canDownload(): Promise<boolean> {
  try {
    const answer = await fetch('https://update.code.visualstudio.com/api/releases/stable', {
      signal: AbortSignal.timeout(4000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const extensionDevelopmentPath = positionals[0] ?? root;
  if (!existsSync(join(extensionDevelopmentPath, 'dist/extension.js'))) {
    throw new Error('dist/extension.js is missing: run `npm run build` first.');
  }
  const extensionTestsPath = await step('Bundling the host tests', bundleHostTests);
  const vscodeExecutablePath = (await desktop()) ?? join(root, 'test/workbench/code');
  // Short, and outside the repository: desktop VS Code makes sockets below it, whose paths are limited.
  const profile = await mkdtemp(join(tmpdir(), 'st-host-'));
  try {
    await changeSettings(profile, quietSettings);
    await runTests({
      vscodeExecutablePath,
      // The second is a neighbour that uses ours as any other extension could.
      extensionDevelopmentPath: [extensionDevelopmentPath, join(root, 'test/sample-extension')],
      extensionTestsPath,
      launchArgs: [
        '--disable-extensions',
        '--user-data-dir',
        profile,
        '--extensions-dir',
        join(profile, 'extensions'),
      ],
      extensionTestsEnv: {
        TEST_GREP: values.grep,
        // Where this VS Code writes, for the tests that look for secrets there.
        TEST_PROFILE: profile,
        TEST_RESULTS: process.env.TEST_RESULTS,
        // How to start a server of test/servers.
        TEST_SERVERS: JSON.stringify([process.execPath, join(root, 'test/servers/run.ts')]),
      },
    });
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

main().catch((error: unknown) => {
  // The tests have told what failed; anything else is news.
  if (!(error instanceof TestRunFailedError)) {
    console.error(error instanceof Error ? error.message : error);
  }
  process.exitCode = 1;
});
