import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { startSandbox } from '../sandbox/gateway.ts';
import { startBlade } from '../ui/blade.ts';
import { exportTo } from '../ui/exporting.ts';
import { until } from '../ui/until.ts';
import { Walkthrough } from '../ui/walkthrough.ts';
import { themes, Workbench, type WorkbenchOptions } from '../ui/workbench.ts';
import { launchBrowser } from '../workbench/browser.ts';
import { ensurePackage } from '../workbench/package.ts';
import { outDir, root } from '../workbench/paths.ts';
import { onStop } from '../workbench/processes.ts';
import { step } from '../workbench/progress.ts';
import { installExtension, startServer } from '../workbench/server.ts';
import { changeSettings, quietSettings, type Settings } from '../workbench/settings.ts';
import { codeBundle, manifestBundle, readBundle } from './bundles.ts';
import { withPalette } from './png.ts';

/*
 * npm run pictures [-- options] [part of a name]…
 *   --all            the ones for looking at alone as well (high contrast), into out/pictures
 *   --vsix <file>    another package than the one of the working tree
 *
 * Makes the pictures of the documentation, in docs/images, from the packaged extension as it runs.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false }, vsix: { type: 'string' } },
});

type Theme = keyof typeof themes;

interface Picture {
  readonly name: string;
  readonly theme: Theme;
  readonly language?: string;
  /** Only for the eyes of those who make the extension. */
  readonly internal?: boolean;
  readonly settings?: Settings;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly take: (vs: Workbench, words: Words) => Promise<void>;
}

/** What the product says in the language of a picture. */
interface Words {
  /** A text of the code. */
  readonly text: (english: string) => RegExp;
  /** A command as the palette shows it. */
  readonly command: (key: string) => string;
  readonly label: (english: string) => string;
}

async function wordsIn(language: string | undefined): Promise<Words> {
  const texts = await readBundle(codeBundle(language));
  const titles = await readBundle(manifestBundle(language));
  const label = (english: string): string => texts[english] ?? english;
  return {
    label,
    text: (english) =>
      new RegExp(
        label(english)
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
          .replace('\\{0\\}', '.*'),
      ),
    command: (key) => `Session Tokens: ${titles[`command.${key}`]}`,
  };
}

const both: readonly Theme[] = ['dark', 'light'];
const contrast: readonly Theme[] = ['hc-dark', 'hc-light'];

/** A life of 15 minutes counts as about to end after this picture's other steps. */
const soon: Settings = { 'sessionTokens.statusBar.warnAtSeconds': 850 };

/** Nothing is set up yet, and there is room for the pictures beside the steps. */
const fresh = { settings: { 'sessionTokens.connections': [] }, viewport: { width: 1440, height: 760 } };

const pictures: readonly Picture[] = [
  ...both.map((theme) => ({ name: `overview-${theme}`, theme, take: overview })),
  ...contrast.map((theme) => ({ name: `overview-${theme}`, theme, take: overview, internal: true })),
  { name: 'watch-dark', theme: 'dark', take: watch },
  { name: 'watch-light', theme: 'light', take: watch, internal: true },
  { name: 'alerts-dark', theme: 'dark', take: alerts },
  { name: 'watch-hc-dark', theme: 'hc-dark', take: watch, internal: true },
  ...looked('statistics', statistics),
  ...looked('groups', groups),
  ...looked('comparison', comparison),
  { name: 'expiring-dark', theme: 'dark', take: expiring, settings: soon },
  ...(['light', ...contrast] as const).map((theme) => ({
    name: `expiring-${theme}`,
    theme,
    take: expiring,
    settings: soon,
    internal: true,
  })),
  { name: 'describe-dark', theme: 'dark', take: describe, ...fresh },
  { name: 'describe-light', theme: 'light', take: describe, ...fresh, internal: true },
  ...both.map((theme) => ({ name: `walkthrough-${theme}`, theme, take: walkthrough, ...fresh })),
  { name: 'walkthrough-hc-dark', theme: 'hc-dark', take: walkthrough, ...fresh, internal: true },
  { name: 'walkthrough-hc-light', theme: 'hc-light', take: walkthrough, ...fresh, internal: true },
  ...['de', 'ja'].flatMap((language): Picture[] => [
    { name: `tree-${language}`, theme: 'dark', language, take: overview },
    { name: `walkthrough-${language}`, theme: 'dark', language, take: walkthrough, ...fresh },
  ]),
];

/** One picture for the documentation, in the dark, and the others for looking at. */
function looked(name: string, take: Picture['take']): Picture[] {
  const all = ['dark', 'light', ...contrast] as const;
  return all.map((theme) => ({ name: `${name}-${theme}`, theme, take, internal: theme !== 'dark' }));
}

async function main(): Promise<void> {
  const wanted = pictures.filter(
    ({ name, internal }) =>
      (values.all || internal !== true) &&
      (positionals.length === 0 || positionals.some((part) => name.includes(part))),
  );
  const vsix = values.vsix ?? (await ensurePackage());
  const dataDir = await mkdtemp(join(tmpdir(), 'st-pictures-'));
  const options = { dataDir, graceSeconds: 1 };
  const server = await step('Starting VS Code with the package', async () => {
    await changeSettings(dataDir, quietSettings);
    await installExtension(options, vsix);
    return startServer(options);
  });
  const browser = await launchBrowser();
  const clean = async (): Promise<void> => {
    await browser.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  onStop(clean);
  process.env.UI_PORT = String(server.port);
  process.env.UI_DATA_DIR = dataDir;
  try {
    for (const picture of wanted) {
      await step(`Taking ${picture.name}`, () => take(browser, picture));
    }
  } finally {
    await clean();
  }
}

async function take(browser: Browser, picture: Picture): Promise<void> {
  const sandbox = await startSandbox({});
  const [service] = sandbox.services;
  const options: WorkbenchOptions = {
    viewport: picture.viewport ?? { width: 1160, height: 680 },
    settings: {
      'workbench.colorTheme': themes[picture.theme].name,
      'window.autoDetectColorScheme': false,
      'workbench.layoutControl.enabled': false,
      'sessionTokens.connections': [
        { name: 'SYSA', kind: 'bmc-cra', url: sandbox.url, service },
        { name: 'markets', kind: 'sarus', url: sandbox.url },
      ],
      ...picture.settings,
    },
    ...(picture.language === undefined ? {} : { language: picture.language }),
  };
  const vs = await Workbench.open(browser, options);
  try {
    await picture.take(vs, await wordsIn(picture.language));
    const png = withPalette(await vs.page.screenshot());
    const folder = picture.internal === true ? join(outDir, 'pictures') : join(root, 'docs/images');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${picture.name}.png`), png);
  } finally {
    await vs.close();
    await sandbox.close();
  }
}

/** Tree, table and status bar. */
async function overview(vs: Workbench, words: Words): Promise<void> {
  await signIn(vs, words);
  for (const view of ['MVMVS/JCSA', 'MVMVS/JCPU']) {
    await vs.palette(words.command('getData'));
    await pickFirst(vs, 'SYSA');
    await pickFirst(vs, view);
    await vs.waitForRows((rows) => rows.some(({ label }) => label === view));
  }
  await tableShown(vs);
  await settle(vs);
}

/** A result that is watched, with its changes marked and a column plotted. */
async function watch(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  // The jobs' names stay in sight beside the numbers that change.
  await vs.palette(words.command('results.pinColumn'));
  await vs.palette(words.command('results.plot'));
  await vs.palette(words.command('results.watch'));
  await vs.quickInput.pick(
    words.text('Each refresh also keeps the session alive'),
    words.label('Every {0} seconds').replace('{0}', '2'),
  );
  const table = vs.webview();
  await table.locator('.plot canvas').waitFor();
  await table.locator('.grid').evaluate((grid) => {
    grid.scrollLeft = 400;
  });
  // Enough looks for lines that go somewhere.
  await delay(40_000);
  await table.locator('.cell.changed').first().waitFor();
}

/** Rows that meet a condition, in a watch that has told of one. */
async function alerts(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  await vs.palette(words.command('results.alert'));
  const asked =
    'A condition as in the filter, such as CPU > 90. Rows that meet it are marked, and a watch tells when they begin to. Empty: no alert';
  await vs.quickInput.answer(words.text(asked), 'ASICPSCA > 35');
  await vs.webview().locator('.cell.alert').first().waitFor();
  await vs.palette(words.command('results.watch'));
  await vs.quickInput.pick(
    words.text('Each refresh also keeps the session alive'),
    words.label('Every {0} seconds').replace('{0}', '2'),
  );
  await vs.notification(/ASICPSCA > 35/);
}

/** What a column has, in a list. */
async function statistics(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  const header = vs.webview().locator('[role=columnheader][data-field=ASICPSCA]');
  await header.click({ button: 'right' });
  await vs.pickFromMenu(words.command('results.statistics').replace(/^.*: /, ''));
  await vs.quickInput.waitFor(words.text('Choose a number to copy it, or a value to filter by it'));
}

/** A result's rows by one of its columns. */
async function groups(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  const header = vs.webview().locator('[role=columnheader][data-field=ASGCNMC]');
  await header.click({ button: 'right' });
  await vs.pickFromMenu(words.command('results.groupBy').replace(/^.*: /, ''));
  await vs.webview().locator('[role=columnheader][data-field="count(*)"]').waitFor();
  await tableShown(vs);
}

/** A result beside its export of yesterday: rows that are new, gone or otherwise now. */
async function comparison(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  const folder = await mkdtemp(join(tmpdir(), 'st-comparison-'));
  try {
    const path = join(folder, 'JCPU-yesterday.json');
    await exportTo(vs, 'JSON', path);
    const rows = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>[];
    const was = rows.map((row, at) => (at % 3 === 1 ? { ...row, ASICPSCA: '0.42' } : row));
    const gone = { ...rows[4], ASGNAME: 'PAYROLL7', ASGJBID: 'JOB04711' };
    await writeFile(path, JSON.stringify([...was.slice(0, 2), ...was.slice(3, 5), gone, ...was.slice(5)]));
    await vs.palette(words.command('results.compare'));
    await vs.quickInput.pick(/Compare .* With/, words.label('JSON File…'));
    await until('the dialog to have the path', async () => {
      await vs.quickInput.type(path);
      return (await vs.quickInput.read())?.value === path;
    });
    await vs.clickAway(vs.page.locator('.quick-input-widget .monaco-button').filter({ hasText: /Open|OK/ }));
    await vs.webview().locator('.row.gone').first().waitFor();
    await vs.webview().locator('.note:empty').waitFor({ state: 'attached' });
    await settle(vs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A token about to end: warning colours, and the one notice. */
async function expiring(vs: Workbench, words: Words): Promise<void> {
  await overview(vs, words);
  await vs.notification(/about to expire/, 60_000);
  // The buttons of a notice are shown to the pointer.
  await vs.page.locator('.notification-toast').first().hover();
}

/** The answer to a sign-in that is being described, in which a person points at the token. */
async function describe(vs: Workbench, words: Words): Promise<void> {
  const blade = await startBlade();
  const { quickInput } = vs;
  try {
    await vs.showTokens();
    await vs.palette(words.command('describeApi'));
    await quickInput.answer(words.text('Address of the gateway'), blade.url);
    await quickInput.answer(words.text('Name of the connection'), 'inventory');
    await quickInput.answer(words.text('The request that signs in: method and path'), 'POST /api/login');
    await quickInput.pick(words.text('How does it get your credentials?'), words.label('JSON in the body'));
    await quickInput.answer(
      words.text('What it is sent; each name in braces is asked for at sign-in'),
      '{"user": "{username}", "secret": "{password}"}',
    );
    await vs.answerDialog(/POST \/api\/login/, words.label('Allow'));
    await quickInput.answer(words.text('User'), 'ann');
    await quickInput.answer(words.text('Password'), 'demo');
    await quickInput.pick(words.text('Remember these credentials?'), words.label("Don't Remember"));
    await quickInput.waitFor(words.text('Which one is the token?'));
    await vs.page.mouse.move(500, 600);
  } finally {
    await blade.close();
  }
}

async function walkthrough(vs: Workbench, words: Words): Promise<void> {
  await vs.showTokens();
  await new Walkthrough(vs).open(words.command('openWalkthrough'));
  await vs.webview().locator('svg').first().waitFor();
  await settle(vs);
}

async function signIn(vs: Workbench, { text, label }: Words): Promise<void> {
  await vs.showTokens();
  await vs.row('SYSA').click();
  const { quickInput } = vs;
  await quickInput.answer(text('User'), 'demo');
  await quickInput.answer(text('Password for {0}'), 'demo');
  await quickInput.pick(text('Remember these credentials?'), label("Don't Remember"));
  await vs.waitForRows((rows) => rows.some(({ level }) => level === 2));
  await vs.row('markets').click();
  await quickInput.pick(text('How do you sign in?'), label('API key'));
  await quickInput.answer(text('API key'), 'demo');
  await quickInput.pick(text('Remember these credentials?'), label("Don't Remember"));
  await vs.waitForRows((rows) => rows.filter(({ level }) => level === 2).length === 2);
}

async function pickFirst(vs: Workbench, label: string): Promise<void> {
  await vs.quickInput.focus(label);
  await vs.quickInput.accept();
}

async function tableShown(vs: Workbench): Promise<void> {
  const rows = vs.webview().locator('.grid .body .row');
  await until('rows', async () => (await rows.count()) > 3);
}

/** Nothing floats over the picture. */
async function settle(vs: Workbench): Promise<void> {
  const toast = vs.page.locator('.notification-toast');
  await until('notifications to be gone', async () => {
    if ((await toast.count()) === 0) {
      return true;
    }
    // One that goes by itself meanwhile cannot be pointed at any more.
    await toast.first().hover({ timeout: 1_000 });
    await toast.first().locator('.codicon-notifications-clear').click({ timeout: 1_000 });
    return false;
  });
  await vs.page.mouse.move(500, (vs.page.viewportSize()?.height ?? 0) - 5);
  const hover = vs.page.locator('.monaco-hover:visible');
  await until('tooltips to be gone', async () => (await hover.count()) === 0);
}

await main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
