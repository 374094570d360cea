import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../workbench/browser.ts';
import { ensurePackage } from '../workbench/package.ts';
import { outDir, root } from '../workbench/paths.ts';
import { remoteUri, type Server, startServer, workbenchUrl } from '../workbench/server.ts';
import { changeSettings, quietSettings } from '../workbench/settings.ts';
import { service, startSandboxProcess } from './sandboxProcess.ts';

const benchDir = join(outDir, 'bench');
const limitMs = 300_000;

/** Connections to the sandbox gateway that every window has. */
export const connectionNames = ['c0', 'c1', 'c2', 'c3'] as const;

/** How a script in a host tells what it has measured. */
export const mark = 'BENCH ';

/** Ours, that of another checkout, or an empty one. */
export type Extension = 'ours' | 'beside' | 'empty';

/** Empty extensions that every window has. */
const installed = ['first', 'before', 'after'];

interface WindowOptions {
  /** Whether the window seems to have the keyboard; default yes. */
  readonly focused?: boolean;
  /** What a person does meanwhile. */
  readonly drive?: (page: Page) => Promise<void>;
}

/**
 * One real VS Code and a sandbox gateway for many windows. Each window has an extension host of its own, a new
 * process, in which a script of ./inHost runs.
 */
export class Hosts {
  readonly url: string;
  /** The other checkout, where there is one. */
  readonly beside: string | undefined;
  readonly #server: Server;
  readonly #browser: Browser;
  readonly #cleaners: (() => Promise<unknown>)[];
  #filled: Promise<{ tokens: number }> | undefined;

  private constructor(
    server: Server,
    browser: Browser,
    url: string,
    beside: string | undefined,
    cleaners: (() => Promise<unknown>)[],
  ) {
    this.#server = server;
    this.#browser = browser;
    this.url = url;
    this.beside = beside;
    this.#cleaners = cleaners;
  }

  /** @param beside another checkout of this project, with its bundles made, for what is compared with it */
  static async start(beside?: string): Promise<Hosts> {
    const cleaners: (() => Promise<unknown>)[] = [];
    try {
      await prepare(beside);
      const dataDir = await mkdtemp(join(tmpdir(), 'st-bench-'));
      cleaners.push(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
      const sandbox = await startSandboxProcess();
      cleaners.push(() => sandbox.stop());
      await changeSettings(dataDir, {
        ...quietSettings,
        'sessionTokens.closeOnExit': false,
        'sessionTokens.connections': connectionNames.map((name) => ({
          name,
          kind: 'bmc-cra',
          url: sandbox.url,
          service,
          dialect: 'getData',
          lifeMinutes: 60,
          maxSessions: 100,
        })),
      });
      const server = await startServer({
        dataDir,
        testDriver: true,
        extensionsDir: join(benchDir, 'extensions'),
        graceSeconds: 1,
        env: { BENCH_URL: sandbox.url, BENCH_SERVICE: service },
      });
      cleaners.push(() => server.stop());
      const browser = await launchBrowser();
      cleaners.push(() => browser.close());
      return new Hosts(server, browser, sandbox.url, beside, cleaners);
    } catch (error) {
      await end(cleaners);
      throw error;
    }
  }

  /** Opens a window with a fresh extension host, runs a script there, and returns what it told. */
  async run<T>(script: string, extension: Extension, options: WindowOptions = {}): Promise<T> {
    const profile = await this.#browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await profile.newPage();
    try {
      return await this.#told<T>(page, script, extension, options);
    } finally {
      // Leaving the page tells the host to go; closing it alone does not.
      await page.goto('about:blank').catch(() => undefined);
      await profile.close();
    }
  }

  /** Makes sure that the scripts have 100 live tokens to work with. */
  async fill(): Promise<void> {
    this.#filled ??= this.run<{ tokens: number }>('fill', 'ours');
    const { tokens } = await this.#filled;
    if (tokens !== 100) {
      throw new Error(`${tokens} tokens were opened instead of 100.`);
    }
  }

  async stop(): Promise<void> {
    await end(this.#cleaners);
  }

  async #told<T>(
    page: Page,
    script: string,
    extension: Extension,
    { focused = true, drive }: WindowOptions,
  ): Promise<T> {
    let told: unknown;
    const said: string[] = [];
    const exited = Promise.withResolvers<number>();
    await page.exposeFunction('codeAutomationLog', (_: string, args: unknown[]) => {
      const [first] = args;
      if (typeof first === 'string' && first.startsWith(mark)) {
        told = JSON.parse(first.slice(mark.length));
      } else {
        said.push(args.map(String).join(' '));
      }
    });
    await page.exposeFunction('codeAutomationExit', (code: number) => exited.resolve(code));
    page.once('crash', () => exited.reject(new Error('The page of VS Code crashed.')));
    const limit = setTimeout(
      () => exited.reject(new Error(`${script} did not end within ${limitMs / 1000} s:\n${said.join('\n')}`)),
      limitMs,
    );
    if (!focused) {
      await page.addInitScript('document.hasFocus = () => false');
    }
    const { port } = this.#server;
    const payload = [
      ['extensionDevelopmentPath', remoteUri(port, join(benchDir, extension))],
      ['extensionTestsPath', remoteUri(port, join(benchDir, `${script}.cjs`))],
    ] as const;
    try {
      await page.goto(workbenchUrl(port, { payload }));
      const driving = drive?.(page);
      driving?.catch((error: unknown) => exited.reject(error));
      const code = await exited.promise;
      if (code !== 0 || told === undefined) {
        throw new Error(`${script} failed in the extension host:\n${said.slice(-20).join('\n')}`);
      }
      return told as T;
    } finally {
      clearTimeout(limit);
    }
  }
}

async function end(cleaners: (() => Promise<unknown>)[]): Promise<void> {
  for (let last = cleaners.pop(); last; last = cleaners.pop()) {
    await last();
  }
}

/**
 * Makes the extensions that are compared, and the scripts. Ours is the package as it is, but that it waits to be
 * activated, and that its bundle is loaded by a few lines which time it and say what else was loaded; the `activate`
 * of the empty ones is empty, and loaded by the same lines. Another checkout brings such lines of its own.
 */
async function prepare(beside: string | undefined): Promise<void> {
  await ensurePackage();
  await rm(benchDir, { recursive: true, force: true });
  const manifest = await copyExtension(root, 'ours');
  if (beside !== undefined) {
    await copyExtension(beside, 'beside');
  }
  for (const folder of ['empty', ...installed.map((name) => `extensions/${name}`)]) {
    const to = join(benchDir, folder);
    await mkdir(join(to, 'dist'), { recursive: true });
    const empty = { ...manifest, name: basename(folder), contributes: undefined, icon: undefined };
    await writeFile(join(to, 'package.json'), JSON.stringify(empty));
    await writeFile(join(to, 'dist/extension.js'), 'export const activate = () => undefined;\n');
    await cp(join(benchDir, 'ours/timed.js'), join(to, 'timed.js'));
  }
  await bundleScripts();
}

/** Copies what is packaged of a checkout, with the lines that time it; returns the copy's manifest. */
async function copyExtension(from: string, name: string): Promise<object> {
  const manifest = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as { type?: string };
  const timed = manifest.type === 'module' ? 'timed.js' : 'timed.cjs';
  for (const part of ['dist', 'media', 'l10n', 'package.nls.json']) {
    await cp(join(from, part), join(benchDir, name, part), {
      recursive: true,
      filter: (file) => !file.endsWith('.map'),
    });
  }
  await cp(join(from, 'test/bench', timed), join(benchDir, name, timed));
  const waiting = { ...manifest, activationEvents: [], main: `./${timed}` };
  await writeFile(join(benchDir, name, 'package.json'), JSON.stringify(waiting));
  return waiting;
}

async function bundleScripts(): Promise<void> {
  const scripts = ['activation', 'fill', 'idle', 'getData', 'relay', 'scale'];
  await build({
    absWorkingDir: root,
    entryPoints: scripts.map((name) => `test/bench/inHost/${name}.ts`),
    outdir: benchDir,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    target: 'node22',
    external: ['vscode'],
    logLevel: 'warning',
  });
}
