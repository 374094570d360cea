import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { format } from 'node:util';
import { launchBrowser } from './browser.ts';
import { type LaunchArgs, parseLaunchArgs } from './launchArgs.ts';
import { isNoise } from './noise.ts';
import { onStop } from './processes.ts';
import { remoteUri, type ServerOptions, serverCommand, startServer, workbenchUrl } from './server.ts';
import { changeSettings, quietSettings } from './settings.ts';

/** A page that never says it is done must not hold a build for ever. */
const limitMs = Number(process.env.LAUNCHER_TIMEOUT_MS ?? 15 * 60_000);

/**
 * VS Code to whoever knows only its command line: understands what `@vscode/test-electron` passes, runs the
 * tests in the extension host of the browser workbench, and exits with their code.
 */
async function main(args: LaunchArgs): Promise<number> {
  const cleaners: (() => Promise<void>)[] = [];
  const clean = async (): Promise<void> => {
    for (let last = cleaners.pop(); last; last = cleaners.pop()) {
      await last();
    }
  };
  onStop(clean);
  try {
    let dataDir = args.userDataDir && resolve(args.userDataDir);
    if (!dataDir) {
      const temporary = await mkdtemp(join(tmpdir(), 'workbench-'));
      cleaners.push(() => rm(temporary, { recursive: true, force: true, maxRetries: 5 }));
      await changeSettings(temporary, quietSettings);
      dataDir = temporary;
    }
    const options: ServerOptions = {
      dataDir,
      testDriver: true,
      ...(args.extensionsDir ? { extensionsDir: resolve(args.extensionsDir) } : {}),
    };
    if (args.serverCommand.length > 0) {
      process.stdout.write(await serverCommand(options, args.serverCommand));
      return 0;
    }
    return await runTests(args, options, cleaners);
  } finally {
    await clean();
  }
}

async function runTests(
  args: LaunchArgs,
  options: ServerOptions,
  cleaners: (() => Promise<void>)[],
): Promise<number> {
  if (!args.extensionTestsPath) {
    throw new Error('This launcher runs tests only: --extensionTestsPath=<file> is missing.');
  }
  const [extension, ...neighbours] = args.extensionDevelopmentPaths;
  await Promise.all(neighbours.map((folder) => putBeside(options, resolve(folder))));
  const [server, browser] = await Promise.all([
    startServer(options).then((started) => {
      cleaners.push(() => started.stop());
      return started;
    }),
    launchBrowser().then((started) => {
      cleaners.push(() => started.close());
      return started;
    }),
  ]);
  const page = await browser.newPage();
  const exited = deferred<number>();
  // Once the tests are over, the workbench only complains about being closed.
  let over = false;
  await page.exposeFunction('codeAutomationLog', (type: string, logArgs: unknown[]) => {
    if (!over) {
      print(type, logArgs);
    }
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => exited.resolve(code));
  page.once('crash', () => exited.reject(new Error('The browser page of VS Code crashed.')));
  server.ended.then(() =>
    exited.reject(new Error(`The VS Code server ended under the tests:\n${server.log()}`)),
  );
  const limit = setTimeout(
    () => exited.reject(new Error(`The tests did not end within ${limitMs / 1000} s.`)),
    limitMs,
  );
  const payload = [
    ...(extension === undefined
      ? []
      : [['extensionDevelopmentPath', remoteUri(server.port, resolve(extension))] as const]),
    ['extensionTestsPath', remoteUri(server.port, resolve(args.extensionTestsPath))] as const,
  ];
  const place = args.folder ? { folder: resolve(args.folder) } : {};
  const workspace = args.workspace ? { workspace: resolve(args.workspace) } : {};
  // Listens before the page is opened, so that a test that ends early is noticed.
  const navigation = page.goto(workbenchUrl(server.port, { ...place, ...workspace, payload }));
  navigation.catch((error: unknown) => exited.reject(error));
  try {
    return await exited.promise;
  } finally {
    over = true;
    clearTimeout(limit);
  }
}

/**
 * Desktop VS Code takes several extensions under development; the browser workbench knows one. The others are put
 * where installed extensions are, which VS Code looks through at its first start.
 */
async function putBeside(options: ServerOptions, folder: string): Promise<void> {
  const { publisher, name, version } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const extensions = options.extensionsDir ?? join(options.dataDir, 'extensions');
  await cp(folder, join(extensions, `${publisher}.${name}-${version}`), { recursive: true });
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let settle: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}

/** One console call of the extension host, or of the workbench, which shares the channel. */
function print(type: string, args: readonly unknown[]): void {
  const text = format(...args);
  if (!isNoise(text)) {
    const stream = type === 'error' || type === 'warn' ? process.stderr : process.stdout;
    stream.write(`${text}\n`);
  }
}

main(parseLaunchArgs(process.argv.slice(2))).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
