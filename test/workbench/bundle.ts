import { glob, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { outDir, root } from './paths.ts';

/**
 * Bundles the host tests for the extension host, which knows no TypeScript, as CommonJS: an `import 'vscode'` in a
 * test that is an ES module can wait for itself. One file for each test file and `index.cjs`, their entry, in `out/host`. Returns the entry.
 */
export async function bundleHostTests(): Promise<string> {
  const out = join(outDir, 'host');
  await rm(out, { recursive: true, force: true });
  const tests: string[] = [];
  for await (const file of glob('test/host/**/*.test.ts', { cwd: root })) {
    tests.push(file);
  }
  const names = new Set(tests.map((file) => basename(file)));
  if (names.size < tests.length) {
    throw new Error('Two host tests have the same file name: rename one of them.');
  }
  await build({
    absWorkingDir: root,
    entryPoints: ['test/host/index.ts', ...tests],
    outdir: out,
    entryNames: '[name]',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    // The host gives `vscode`; mocha stays one instance, shared by the entry and what it loads.
    external: ['vscode', 'mocha'],
    sourcemap: true,
    logLevel: 'warning',
  });
  return join(out, 'index.cjs');
}
