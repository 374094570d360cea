import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../workbench/browser.ts';
import { root } from '../workbench/paths.ts';
import {
  remoteUri,
  type Server,
  type ServerOptions,
  startServer,
  workbenchUrl,
} from '../workbench/server.ts';
import { changeSettings, quietSettings } from '../workbench/settings.ts';
import { allStored } from './shown.ts';
import { until } from './until.ts';

describe('npm start opens VS Code with the tokens in sight', () => {
  let browser: Browser;
  let place: string;
  let server: Server | undefined;

  before(async () => {
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'st-start-'));
    await mkdir(join(place, 'folder'));
  });
  afterEach(async () => {
    await server?.stop();
    await rm(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  after(() => browser.close());

  /** A VS Code of its own with the package that is tested, at its first start. */
  async function start(options: Partial<ServerOptions>): Promise<number> {
    await changeSettings(place, {
      ...quietSettings,
      'sessionTokens.connections': [{ name: 'demo', kind: 'sarus', url: 'https://gateway.invalid' }],
    });
    const extensionsDir = join(process.env.UI_DATA_DIR ?? '', 'extensions');
    server = await startServer({ dataDir: place, extensionsDir, ...options });
    return server.port;
  }

  const seesTokens = (page: Page): Promise<void> =>
    page.locator('.sidebar .monaco-list-row').filter({ hasText: 'demo' }).waitFor({ timeout: 30_000 });

  it('in the browser, and later what the person left', async () => {
    const port = await start({ firstView: 'sessionTokens.tokens' });
    const page = await browser.newPage();
    await page.goto(workbenchUrl(port, { folder: join(place, 'folder') }));
    await seesTokens(page);
    await page.locator('.activitybar [aria-label^="Search"]').first().click();
    await page.locator('.sidebar .search-view').waitFor();
    // VS Code writes down every few seconds what is in sight; on a busy machine a reload is sooner.
    await until('the view to be stored', async () =>
      /^workbench\.view\.search$/m.test(await allStored(page)),
    );
    await page.reload();
    await page.locator('.sidebar .search-view').waitFor();
    await page.context().close();
  });

  it('on the desktop, by an extension that is lent to the window', async () => {
    const port = await start({ testDriver: true });
    const page = await browser.newPage();
    const helper = remoteUri(port, join(root, 'test/show-tokens'));
    const payload = [['extensionDevelopmentPath', helper]] as const;
    await page.goto(workbenchUrl(port, { folder: join(place, 'folder'), payload }));
    await seesTokens(page);
    await page.context().close();
  });
});
