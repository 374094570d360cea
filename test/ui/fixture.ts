import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a test needs besides VS Code, and somebody must put away. */
export interface Fixture {
  close(): Promise<void>;
}

/**
 * Gives each test of a suite a fixture of its own, as a gateway. It is there before the VS Code of a `useWorkbench`
 * that comes after it, and is closed with the suite: until then a VS Code that ends may still talk to it. Tests that have
 * one page `together` may have one of these as well, by the same rule.
 *
 *     const sandbox = useFixture(startSandbox);
 *     const vs = useWorkbench(() => ({ settings: connectionTo(sandbox().url) }));
 */
export function useFixture<T extends Fixture>(start: () => Promise<T>, { together = false } = {}): () => T {
  const all: T[] = [];
  let isGood = false;
  beforeEach('start what the test needs', async () => {
    if (!together || !isGood) {
      all.push(await start());
    }
  });
  afterEach(function () {
    isGood = this.currentTest?.state !== 'failed';
  });
  after('put away what the tests needed', async () => {
    await Promise.all(all.map((one) => one.close()));
  });
  return () => {
    const current = all.at(-1);
    if (!current) {
      throw new Error('It is there only while a test runs.');
    }
    return current;
  };
}

/** An empty folder on this computer. */
export async function temporaryFolder(): Promise<Fixture & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'st-ui-folder-'));
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}
