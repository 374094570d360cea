import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureServer } from './install.ts';
import { endTree, runOrThrow } from './processes.ts';

export interface ServerOptions {
  /** Settings, state and logs: everything of this VS Code but its extensions lives below it. */
  readonly dataDir: string;
  /** Default: a folder below `dataDir`. */
  readonly extensionsDir?: string;
  /** The home folder that VS Code and its terminals see. Default: one below `dataDir`, where no shell's profile can stop a test. */
  readonly home?: string;
  /** Extensions that VS Code comes with, by the names of their folders: those only. Default: all hundred of them. */
  readonly builtIn?: readonly string[];
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Who opens the workbench must know the token in this file. Default: whoever reaches the port may. */
  readonly tokenFile?: string;
  /** Makes the page accept an `extensionTestsPath`; without it that part of the payload is ignored. */
  readonly testDriver?: boolean;
  /** How long the extension host of a page that is gone waits for it to come back. Default: three hours. */
  readonly graceSeconds?: number;
  /** The view in sight when a folder is opened for the first time. Default: the Explorer. */
  readonly firstView?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A program with its arguments that starts another one, by default none: so the server runs where that wants it. */
  readonly within?: readonly string[];
}

/** Of what VS Code comes with, all that tests look at: a page reads the manifests of all, which takes a quarter of its time. */
export const fewBuiltIn = ['theme-defaults', 'theme-seti', 'theme-modern-icons', 'json'];

export interface Server {
  readonly port: number;
  readonly dataDir: string;
  /** Resolves when the server has ended, by stop() or by itself. */
  readonly ended: Promise<void>;
  /** What the server said so far: for messages about its failure. */
  readonly log: () => string;
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/** The dirs one VS Code works in, as server-main.js wants to hear them. */
function dirs(options: ServerOptions): string[] {
  return [
    ...['--server-data-dir', join(options.dataDir, 'server')],
    ...['--user-data-dir', options.dataDir],
    ...['--extensions-dir', options.extensionsDir ?? join(options.dataDir, 'extensions')],
  ];
}

/** What the server and all that it starts have in their environment. */
async function environment({
  dataDir,
  home = join(dataDir, 'home'),
}: ServerOptions): Promise<NodeJS.ProcessEnv> {
  await mkdir(dataDir, { recursive: true });
  await mkdir(home, { recursive: true });
  return { ...process.env, HOME: home };
}

/** Installs a packaged extension into that VS Code, which need not run. */
export async function installExtension(options: ServerOptions, vsix: string): Promise<void> {
  await serverCommand(options, ['--install-extension', vsix, '--force']);
}

/** Runs one of the server's own commands (`--install-extension`, `--list-extensions`, …) and returns what it says. */
export async function serverCommand(options: ServerOptions, args: readonly string[]): Promise<string> {
  const { node, main } = await ensureServer();
  const env = await environment(options);
  return runOrThrow(node, [main, ...dirs(options), '--accept-server-license-terms', ...args], { env });
}

/** Starts the server; resolves when the workbench can be opened. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { node, main } = await ensureServer();
  const env = await environment(options);
  const guard = join(import.meta.dirname, 'guard.ts');
  const product = join(import.meta.dirname, 'product.ts');
  const secretKey = await keyOf(options.dataDir);
  const [program = node, ...programArgs] = [...(options.within ?? []), node];
  const child = spawn(
    program,
    [
      ...programArgs,
      ...[
        '--import',
        guard,
        '--import',
        product,
        main,
        ...dirs(options),
        '--host',
        host,
        '--port',
        String(options.port ?? 0),
      ],
      ...(options.tokenFile
        ? ['--connection-token-file', options.tokenFile]
        : ['--without-connection-token']),
      ...(options.builtIn ? ['--builtin-extensions-dir', await only(options, options.builtIn)] : []),
      ...(options.graceSeconds ? ['--reconnection-grace-time', String(options.graceSeconds)] : []),
      ...(options.testDriver ? ['--enable-smoke-test-driver'] : []),
      ...['--accept-server-license-terms', '--telemetry-level', 'off', '--disable-workspace-trust'],
      // The environment is ours to give; asking a login shell for it costs seconds and changes under CI.
      '--force-disable-user-env',
    ],
    {
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...env,
        WORKBENCH_SECRET_KEY: secretKey,
        ...(options.firstView ? { WORKBENCH_FIRST_VIEW: options.firstView } : {}),
        ...options.env,
      },
    },
  );
  const output: string[] = [];
  const log = (): string => output.join('');
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  const port = await listening(child, output, ended).catch(async (error: unknown) => {
    await endTree(child);
    throw error;
  });
  return { port, dataDir: options.dataDir, ended, log, stop: () => endTree(child) };
}

/** A folder with these of the extensions that VS Code comes with. */
async function only({ dataDir }: ServerOptions, names: readonly string[]): Promise<string> {
  const { main } = await ensureServer();
  const folder = join(dataDir, 'built-in');
  const one = (name: string) =>
    cp(join(main, '../../extensions', name), join(folder, name), { recursive: true });
  await Promise.all(names.map(one));
  return folder;
}

/** The key that the browser's secrets are encrypted with: the same at every start of this VS Code. */
async function keyOf(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret-key');
  try {
    return await readFile(file, 'utf8');
  } catch {
    const key = randomBytes(32).toString('hex');
    await writeFile(file, key, { mode: 0o600 });
    return key;
  }
}

function listening(child: ChildProcess, output: string[], ended: Promise<void>): Promise<number> {
  return new Promise((found, failed) => {
    const listen = (chunk: Buffer): void => {
      output.push(chunk.toString('utf8'));
      const port = /Extension host agent listening on (\d+)/.exec(output.join(''))?.[1];
      if (port) {
        found(Number(port));
      }
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8')));
    child.once('error', failed);
    ended.then(() => failed(new Error(`The VS Code server ended before it was ready:\n${output.join('')}`)));
    setTimeout(
      () => failed(new Error(`The VS Code server was not ready in 60 s:\n${output.join('')}`)),
      60_000,
    ).unref();
  });
}

export interface Place {
  readonly folder?: string;
  readonly workspace?: string;
  readonly payload?: readonly (readonly [string, string])[];
  readonly token?: string;
}

/** The URL that opens the workbench of a server at a place. */
export function workbenchUrl(port: number, place: Place): string {
  const url = new URL(`http://${host}:${port}/`);
  if (place.token) {
    url.searchParams.set('tkn', place.token);
  }
  if (place.workspace) {
    url.searchParams.set('workspace', place.workspace);
  } else if (place.folder) {
    url.searchParams.set('folder', place.folder);
  } else {
    url.searchParams.set('ew', 'true');
  }
  if (place.payload) {
    url.searchParams.set('payload', JSON.stringify(place.payload));
  }
  return url.href;
}

/** How the workbench of a server names a file of the machine the server runs on. */
export function remoteUri(port: number, path: string): string {
  return `vscode-remote://${host}:${port}${encodeURI(path)}`;
}
