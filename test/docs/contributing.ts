import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir, root } from '../workbench/paths.ts';
import { onStop, runOrThrow } from '../workbench/processes.ts';

/*
 * npm run contributing: follows CONTRIBUTING.md to the letter. Clones what is committed into an empty folder and runs
 * the blocks marked `sh run` there, line by line, in their order. Fails with the first line that does.
 */

/** The lines of a page that are to be run. */
function linesToRun(page: string): string[] {
  return [...page.matchAll(/^```sh run\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line.trim() !== ''),
  );
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'st-clone-'));
  const clean = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  onStop(clean);
  try {
    const clone = join(folder, 'session-tokens');
    await runOrThrow('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    // The VS Code that was fetched before; a fresh one is the same 200 MB.
    await symlink(cacheDir, join(clone, '.vscode-test'), 'junction');
    for (const line of linesToRun(await readFile(join(clone, 'CONTRIBUTING.md'), 'utf8'))) {
      console.log(`\n$ ${line}`);
      const child = spawn(line, { cwd: clone, shell: true, stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) {
        throw new Error(`“${line}” of CONTRIBUTING.md ended with ${code}.`);
      }
    }
    const changed = await runOrThrow('git', ['status', '--porcelain'], { cwd: clone });
    if (changed.trim() !== '') {
      throw new Error(`Following CONTRIBUTING.md changed files that are committed:\n${changed}`);
    }
    console.log('\nCONTRIBUTING.md works as it stands.');
  } finally {
    await clean();
  }
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
