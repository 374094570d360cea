import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunningServer } from '../servers/server.ts';
import { servers } from '../servers/servers.ts';
import { ensurePackage } from './package.ts';
import { cacheDir, root } from './paths.ts';
import { endTree, onStop, run, runOrThrow } from './processes.ts';
import { step } from './progress.ts';
import { installExtension, type ServerOptions, startServer, workbenchUrl } from './server.ts';
import { changeSettings, quietSettings, readSettings, settingsFile } from './settings.ts';

/*
 * npm start [-- options]: the packaged extension in a VS Code, a sandbox gateway beside it, one URL to open.
 * What a person does there is kept, under .vscode-test/start, until the next start.
 *   --desktop       your own VS Code instead of one in the browser
 *   --with <name>   one of the servers of test/servers as well, as etcd, and a connection to it; may be given again
 */
const { values } = parseArgs({
  options: {
    desktop: { type: 'boolean', default: false },
    with: { type: 'string', multiple: true, default: [] },
  },
});

const home = join(cacheDir, 'start');
/**
 * The same ports at every start, where they are free: the browser keeps secrets and UI state by origin, port
 * included, and the connections in the settings name the gateway's.
 */
const preferred = { workbench: 8317, sandbox: 8318 };

/** How long the tokens of a server that is started as well live, in seconds: as long as etcd's do by default. */
const otherLifeSeconds = 300;

const cleaners: (() => Promise<void>)[] = [];

async function main(): Promise<void> {
  onStop(stopAll);
  const vsix = await ensurePackage({ checkTypes: true });
  const sandboxPort = await step('Starting the sandbox gateway', startSandbox);
  const others: [string, RunningServer][] = [];
  for (const name of values.with) {
    others.push([name, await step(`Starting ${name}`, () => startOther(name))]);
  }
  const url = values.desktop ? await desktop(vsix) : await workbench(vsix, sandboxPort, others);
  console.log(
    `\nThe sandbox gateway listens on port ${sandboxPort}: user demo, password demo, API key demo.`,
  );
  for (const [, { name, url, login }] of others) {
    console.log(`${name} listens on ${url}: user ${login.username}, password ${login.password}`);
  }
  console.log(url ? `Open ${url}\nCtrl-C ends it all.` : 'VS Code is open. Ctrl-C ends the gateway.');
}

async function workbench(
  vsix: string,
  sandboxPort: number,
  others: readonly [string, RunningServer][],
): Promise<string> {
  const token = await connectionToken();
  const folder = join(home, 'folder');
  await mkdir(folder, { recursive: true });
  const options: ServerOptions = {
    dataDir: join(home, 'data'),
    home: homedir(),
    port: await freePort(preferred.workbench),
    tokenFile: token.file,
    graceSeconds: 60,
    firstView: 'sessionTokens.tokens',
  };
  if (!existsSync(settingsFile(options.dataDir))) {
    await changeSettings(options.dataDir, {
      ...quietSettings,
      'sessionTokens.connections': connections(sandboxPort),
    });
  }
  await connectTo(options.dataDir, others);
  await installPackage(options, vsix);
  const server = await step('Starting VS Code', () => startServer(options));
  cleaners.push(() => server.stop());
  server.ended.then(() => fail(new Error(`VS Code ended by itself:\n${server.log()}`)));
  return workbenchUrl(server.port, { folder, token: token.value });
}

/** The package goes in when it is another one than last time: VS Code replaces, a person's settings stay. */
async function installPackage(options: ServerOptions, vsix: string): Promise<void> {
  const stamp = join(home, 'installed');
  const now = await readFile(`${vsix}.sources`, 'utf8');
  const installed = await readFile(stamp, 'utf8').catch(() => '');
  if (installed !== now) {
    await step('Installing the package', () => installExtension(options, vsix));
    await writeFile(stamp, now);
  }
}

/**
 * The workbench can do all that this user can, so that being on the machine, or a web page that reaches
 * localhost, must not be enough to use it. The token is in the URL and in a file only this user reads.
 */
async function connectionToken(): Promise<{ file: string; value: string }> {
  const file = join(home, 'connection-token');
  if (!existsSync(file)) {
    await mkdir(home, { recursive: true });
    await writeFile(file, randomBytes(16).toString('hex'), { mode: 0o600 });
  }
  return { file, value: await readFile(file, 'utf8') };
}

function connections(port: number): object[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    { name: 'demo-cra', kind: 'bmc-cra', url },
    { name: 'demo-sarus', kind: 'sarus', url },
  ];
}

async function startOther(name: string): Promise<RunningServer> {
  const server = servers[name];
  if (server === undefined) {
    throw new Error(`There is no ${name}; there are ${Object.keys(servers).join(', ')}.`);
  }
  const running = await server.start(otherLifeSeconds);
  cleaners.push(() => running.stop());
  return running;
}

/** Has a connection to each of these in the settings, and none to what an earlier start had. */
async function connectTo(dataDir: string, others: readonly [string, RunningServer][]): Promise<void> {
  const setting = 'sessionTokens.connections';
  let all: unknown;
  try {
    all = (await readSettings(dataDir))[setting];
  } catch {
    console.log('The settings have comments, so the connections in them stay as they are.');
    return;
  }
  const ours = new Set(Object.keys(servers).map((name) => `demo-${name}`));
  const kept = ((all ?? []) as { name: string }[]).filter(({ name }) => !ours.has(name));
  const now = others.map(([name, { url }]) => ({ name: `demo-${name}`, kind: 'rest', url, preset: name }));
  await changeSettings(dataDir, { [setting]: [...kept, ...now] });
}

async function startSandbox(): Promise<number> {
  const port = await freePort(preferred.sandbox);
  const guard = join(import.meta.dirname, 'guard.ts');
  const child = spawn(
    process.execPath,
    [...['--import', guard], ...['test/sandbox/cli.ts', '--port', String(port)]],
    { cwd: root, detached: process.platform !== 'win32', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  cleaners.push(() => endTree(child));
  let output = '';
  return new Promise((ready, failed) => {
    const listen = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const url = /listening on (\S+)/.exec(output)?.[1];
      if (url) {
        ready(Number(new URL(url).port));
      }
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', failed);
    child.once('exit', () => {
      const error = new Error(`The sandbox gateway ended:\n${output}`);
      failed(error);
      fail(error);
    });
  });
}

/** Into the person's own VS Code, as the package would be installed from anywhere else. */
async function desktop(vsix: string): Promise<undefined> {
  const shell = process.platform === 'win32';
  if ((await run('code', ['--version'], { shell })).code !== 0) {
    throw new Error(
      'There is no `code` on PATH: install it from VS Code (“Shell Command: Install code command”).',
    );
  }
  const folder = join(home, 'folder');
  await mkdir(folder, { recursive: true });
  const quoted = (text: string): string => (shell ? `"${text}"` : text);
  await step('Installing the package into VS Code', () =>
    runOrThrow('code', ['--install-extension', quoted(vsix), '--force'], { shell }),
  );
  // Not installed, but lent to this one window: it shows the view of tokens there.
  const helper = `--extensionDevelopmentPath=${join(root, 'test/show-tokens')}`;
  await step('Opening VS Code', () => runOrThrow('code', [quoted(helper), quoted(folder)], { shell }));
}

/** This port if it is free, else any. */
async function freePort(wanted: number): Promise<number> {
  return (await canListen(wanted)) ?? (await canListen(0)) ?? 0;
}

function canListen(port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

let stopping = false;

async function stopAll(): Promise<void> {
  stopping = true;
  await Promise.all(cleaners.splice(0).map((clean) => clean()));
}

function fail(error: unknown): void {
  if (!stopping) {
    console.error(error instanceof Error ? error.message : error);
    stopAll().finally(() => process.exit(1));
  }
}

main().catch(fail);
