import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, BrowserContext, CDPSession, FrameLocator, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../workbench/browser.ts';
import { outDir } from '../workbench/paths.ts';
import { type Server, workbenchUrl } from '../workbench/server.ts';
import { quietSettings, readSettings, type Settings, settingsFile } from '../workbench/settings.ts';
import { QuickInput } from './quickInput.ts';
import { shareSecrets } from './sharedSecrets.ts';
import { until, waitMs } from './until.ts';

/** The themes that VS Code comes with, and the class of a workbench that has one. */
export const themes = {
  dark: { name: 'Dark Modern', css: 'vs-dark' },
  light: { name: 'Light Modern', css: 'vs' },
  'hc-dark': { name: 'Default High Contrast', css: 'hc-black' },
  'hc-light': { name: 'Default High Contrast Light', css: 'hc-light' },
} as const;

/** For setSettings(): settings.json opens in a tab, and holds what was pasted as it was. */
const plainEditor: Settings = {
  'editor.formatOnPaste': false,
  'workbench.editor.useModal': 'off',
};

interface TreeRow {
  readonly level: number;
  readonly label: string;
  readonly description: string;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly expanded: boolean | undefined;
}

export const labels = (rows: readonly TreeRow[]): string[] => rows.map(({ label }) => label);

export interface Notification {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly actions: readonly string[];
}

export interface WorkbenchOptions {
  readonly settings?: Settings;
  /** A folder to open; default none. */
  readonly folder?: string;
  /** Display language, as `de`; the workbench itself stays English without a language pack. */
  readonly language?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Several windows will share their secrets, as those of a desktop VS Code do. */
  readonly sharedSecrets?: boolean;
  /** Runs in every frame before anything of VS Code. */
  readonly initScript?: string;
}

/** One for all suites of a process: it ends with that. */
let browser: Browser | undefined;

/** A page that was left, in a profile that was emptied: opening VS Code there costs half as much as in a new one. */
let spare: { readonly page: Page; readonly like: string } | undefined;

/** What a page is made with, and keeps. */
const made = ({ viewport, sharedSecrets, initScript }: WorkbenchOptions): string =>
  JSON.stringify([viewport, sharedSecrets, initScript]);

/**
 * Gives each test of a suite a VS Code of its own: a page in a fresh browser profile, hence without secrets, with
 * the default settings plus `options.settings`. After a failure a screenshot is in out/ui.
 *
 * The options are asked for before each test: they may tell of what was started for it. A page takes ten seconds of a
 * processor, so tests that do not need a fresh one have one `together`: each goes on where the one before has ended, and
 * only after one that failed the next has a new page.
 *
 *     const vs = useWorkbench();
 *     it('signs in', async () => { await vs().palette('Session Tokens: Sign In'); … });
 */
export function useWorkbench(
  options: () => WorkbenchOptions = () => ({}),
  { together = false } = {},
): () => Workbench {
  let current: Workbench | undefined;
  const close = async (well: boolean): Promise<void> => {
    await current?.close({ well });
    current = undefined;
  };
  before('open the browser', async () => {
    browser ??= await launchBrowser();
  });
  beforeEach('open VS Code', async () => {
    if (browser) {
      current ??= await Workbench.open(browser, options());
    }
  });
  afterEach('close VS Code', async function () {
    if (this.currentTest?.state === 'failed') {
      const name = this.currentTest.fullTitle().replace(/[^\w-]+/g, '-');
      await current?.screenshot(join(outDir, 'ui', `${name}.png`));
    }
    const well = this.currentTest?.state !== 'failed';
    if (!together || !well) {
      await close(well);
    }
  });
  after('close VS Code', () => close(true));
  return () => {
    if (!current) {
      throw new Error('VS Code is open only while a test runs.');
    }
    return current;
  };
}

/** VS Code as a person sees and uses it. Everything waits for what it needs; nothing sleeps. */
export class Workbench {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly #context: BrowserContext;
  readonly #dataDir: string;
  #like = '';
  #session: CDPSession | undefined;
  #origin = '';

  private constructor(context: BrowserContext, page: Page, dataDir: string) {
    this.#context = context;
    this.page = page;
    this.#dataDir = dataDir;
    this.quickInput = new QuickInput(page);
  }

  static async open(browser: Browser, options: WorkbenchOptions = {}): Promise<Workbench> {
    const { UI_PORT: port, UI_DATA_DIR: dataDir } = process.env;
    if (!port || !dataDir) {
      throw new Error('UI tests run by `npm run test:ui`.');
    }
    // The server keeps the user settings for all pages: each begins with the same ones.
    await mkdir(dirname(settingsFile(dataDir)), { recursive: true });
    const settings = { ...quietSettings, ...plainEditor, ...options.settings };
    await writeFile(settingsFile(dataDir), JSON.stringify(settings, undefined, 2));
    const like = made(options);
    const page = spare?.like === like ? spare.page : await newPage(browser, options);
    spare = page === spare?.page ? undefined : spare;
    const url = workbenchUrl(Number(port), options.folder ? { folder: options.folder } : {});
    const session = await page.context().newCDPSession(page);
    if (options.language) {
      await speak(session, options.language);
    }
    const vs = await Workbench.#at(url, page, page.context(), dataDir);
    vs.#like = like;
    vs.#session = session;
    return vs;
  }

  /** Another window of the same VS Code: it shares settings, state and secrets with this one, and closes with it. */
  async anotherWindow(): Promise<Workbench> {
    return Workbench.#at(this.page.url(), await this.#context.newPage(), this.#context, this.#dataDir);
  }

  /** A window of this VS Code that is connected to another machine, with the same settings: secrets are shared, clocks are not. */
  async windowOn({ port, dataDir }: Pick<Server, 'port' | 'dataDir'>): Promise<Workbench> {
    await mkdir(dirname(settingsFile(dataDir)), { recursive: true });
    await copyFile(settingsFile(this.#dataDir), settingsFile(dataDir));
    return Workbench.#at(workbenchUrl(port, {}), await this.#context.newPage(), this.#context, dataDir);
  }

  static async #at(url: string, page: Page, context: BrowserContext, dataDir: string): Promise<Workbench> {
    const vs = new Workbench(context, page, dataDir);
    await vs.goTo(url);
    return vs;
  }

  /** Opens an address of VS Code in this page. */
  async goTo(url: string): Promise<void> {
    this.#origin = new URL(url).origin;
    await this.page.goto(url);
    // The sign that VS Code has read the extension's manifest: from now on its commands are in the palette.
    await this.#icon.waitFor({ timeout: 60_000 });
  }

  /** With all of its windows. The page of one that has done well is kept, with nothing of what it has stored. */
  async close({ well = false } = {}): Promise<void> {
    await this.page.evaluate('sessionStorage.clear()').catch(() => undefined);
    // Leaving the page tells the extension host to deactivate its extensions; a page cut off does not.
    await this.page.goto('about:blank').catch(() => undefined);
    // One that most tests can use is not given away for one that few can.
    const hasBetter = spare?.like === made({});
    if (!well || hasBetter || this.#session === undefined || this.#context.pages().length > 1) {
      await this.#context.close();
      return;
    }
    await this.#session.send('Storage.clearDataForOrigin', { origin: this.#origin, storageTypes: 'all' });
    await this.#session.detach();
    await spare?.page.context().close();
    spare = { page: this.page, like: this.#like };
  }

  /** Runs a command as a person does: palette, its full name (`Session Tokens: Sign In`), Enter. */
  async palette(command: string): Promise<void> {
    const run = async (): Promise<true> => {
      await this.page.keyboard.press('F1');
      await this.quickInput.waitFor(/^Type the name of a command/, 3000);
      await this.quickInput.type(`>${command}`, 3000);
      try {
        await this.quickInput.focus(command, 3000);
        await this.quickInput.accept();
        return true;
      } catch (error) {
        // An open palette never learns of commands that came later: the next try needs a new one.
        await this.quickInput.cancel();
        await this.quickInput.waitUntilClosed();
        throw error;
      }
    };
    await until(`the palette to offer “${command}”`, run, 20_000);
  }

  /** Brings the Session Tokens view to the front: by its icon, which costs a tenth of what the first palette of a page does. */
  async showTokens(): Promise<void> {
    await until('the Session Tokens view', async () => {
      // The icon of a view that is in front would hide it; so it may be with one that VS Code was about to show.
      if (!(await this.#view.isVisible())) {
        await this.#icon.click({ timeout: 2000 });
      }
      await this.#view.waitFor({ timeout: 2000 });
      return true;
    });
  }

  /** The rows of the Session Tokens view, top to bottom; it must be in front (showTokens). */
  async treeRows(): Promise<TreeRow[]> {
    return readRows(this.#rows);
  }

  /** Waits until the rows are as `accept` wants them, and returns them. */
  async waitForRows(accept: (rows: readonly TreeRow[]) => boolean, timeoutMs = waitMs): Promise<TreeRow[]> {
    let rows: TreeRow[] = [];
    const asWanted = async (): Promise<TreeRow[] | undefined> => {
      rows = await this.treeRows();
      return accept(rows) ? rows : undefined;
    };
    return until('the tree to show it', asWanted, timeoutMs, () => JSON.stringify(rows));
  }

  /** When a row of this label is first drawn, in epoch milliseconds; by the page's own eyes, so that none is late. */
  async whenRowAppears(label: string): Promise<number> {
    return this.page.evaluate(`new Promise((seen) => {
      const look = () => {
        const labels = document.querySelectorAll('.monaco-list-row .label-name');
        if ([...labels].some(({ textContent }) => textContent === ${JSON.stringify(label)})) {
          watcher.disconnect();
          seen(Date.now());
        }
      };
      const watcher = new MutationObserver(look);
      watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    })`);
  }

  /** Brings the Queries view to the front, with all of its rows in sight. */
  async showQueries(): Promise<void> {
    await this.showTokens();
    const header = this.#queries.locator('.pane-header');
    if ((await header.getAttribute('aria-expanded')) !== 'true') {
      await header.click();
    }
    await this.#queries.locator('.pane-body').waitFor();
  }

  /** Waits until the rows of the Queries view are as `accept` wants them, and returns them. */
  async waitForQueries(accept: (rows: readonly TreeRow[]) => boolean): Promise<TreeRow[]> {
    let rows: TreeRow[] = [];
    const asWanted = async (): Promise<TreeRow[] | undefined> => {
      rows = await readRows(this.#queries.locator('.monaco-list-row'));
      return accept(rows) ? rows : undefined;
    };
    return until('the queries to be listed', asWanted, waitMs, () => JSON.stringify(rows));
  }

  /** A row of the Queries view, by its label. */
  query(label: string): Locator {
    return this.#queries
      .locator('.monaco-list-row')
      .filter({ has: this.page.locator('.label-name').getByText(label, { exact: true }) });
  }

  /** One row of the tree, by its label. */
  row(label: string): Locator {
    return this.#rows.filter({ has: this.page.locator('.label-name').getByText(label, { exact: true }) });
  }

  /** Clicks an inline action (icon) of a row, by its title. */
  async rowAction(of: string | Locator, action: string): Promise<void> {
    const row = typeof of === 'string' ? this.row(of) : of;
    // A row that is drawn anew under the pointer hides its icons.
    await until(`the row's “${action}” to take a click`, async () => {
      await row.hover({ timeout: 2000 });
      await row.locator(`.action-label[aria-label^="${action}"]`).click({ timeout: 2000 });
      return true;
    });
  }

  /** Picks from the context menu of a row. */
  async rowMenu(of: string | Locator, item: string): Promise<void> {
    await (typeof of === 'string' ? this.row(of) : of).click({ button: 'right' });
    await this.pickFromMenu(item);
  }

  /** Picks from the context menu that is open. */
  async pickFromMenu(item: string): Promise<void> {
    // A menu passes over clicks in its first 100 ms, which may belong to the click that opened it, and is gone at once by others.
    await this.clickAway(this.menuItem(item), 500);
  }

  /** An item of the context menu that is open. */
  menuItem(item: string): Locator {
    return this.page.locator('.monaco-menu .action-menu-item').filter({ hasText: item });
  }

  /** Clicks what goes away by a click, within `ms`; again while it passes over clicks. */
  async clickAway(target: Locator, ms = 3000): Promise<void> {
    await target.waitFor();
    await until(`${target} to take a click`, async () => {
      if (await target.isVisible()) {
        await target.click({ timeout: 1000 });
        await target.waitFor({ state: 'hidden', timeout: ms });
      }
      return true;
    });
  }

  /** Waits until the welcome text of the view, shown while the tree is empty, says this, and returns it. */
  async waitForWelcome(words: RegExp): Promise<string> {
    const welcome = this.#view.locator('.welcome-view-content').filter({ hasText: words }).first();
    return ((await welcome.textContent()) ?? '').trim();
  }

  /** The user settings as they are stored. */
  settings(): Promise<Settings> {
    return readSettings(this.#dataDir);
  }

  /** Text of the status-bar item whose id ends so, without its icons; undefined when it is hidden. */
  async statusBarText(id = 'sessionTokens.life'): Promise<string | undefined> {
    const item = this.statusBarItem(id);
    const [text] = await item.filter({ visible: true }).allTextContents(); // At once: it may go while one looks.
    return text?.trim();
  }

  /** The seconds that the status bar has counted down to; 0 while it shows no life. */
  async lifeLeft(): Promise<number> {
    const [, minutes = '0', seconds = '0'] = /(\d+):(\d\d)/.exec((await this.statusBarText()) ?? '') ?? [];
    return Number(minutes) * 60 + Number(seconds);
  }

  statusBarItem(id = 'sessionTokens.life'): Locator {
    return this.page.locator(`.statusbar-item[id$="${id}"]`);
  }

  /** Waits until the status-bar item's text is as `accept` wants it, and returns it. */
  async waitForStatusBar(
    accept: (text: string | undefined) => boolean,
    { id = 'sessionTokens.life', timeoutMs = waitMs } = {},
  ): Promise<string | undefined> {
    let text: string | undefined;
    const found = await until(
      `the status bar (${id})`,
      async () => {
        text = await this.statusBarText(id);
        return accept(text) ? { text } : undefined;
      },
      timeoutMs,
      () => `it shows ${JSON.stringify(text)}`,
    );
    return found.text;
  }

  async notifications(): Promise<Notification[]> {
    return this.page.locator('.notification-toast .notification-list-item').evaluateAll((items) =>
      items.map((item) => {
        const severity = (['error', 'warning'] as const).find((name) =>
          item.querySelector(`.codicon-${name}`),
        );
        return {
          severity: severity ?? 'info',
          message: item.querySelector('.notification-list-item-message')?.textContent ?? '',
          actions: [...item.querySelectorAll('.notification-list-item-buttons-container .monaco-button')].map(
            (button) => button.textContent ?? '',
          ),
        };
      }),
    );
  }

  /** Waits for a notification whose message matches, and returns it. */
  async notification(message: RegExp, timeoutMs = waitMs): Promise<Notification> {
    let all: Notification[] = [];
    const find = async (): Promise<Notification | undefined> => {
      all = await this.notifications();
      return all.find((one) => message.test(one.message));
    };
    return until(`a notification ${message}`, find, timeoutMs, () => `there are ${JSON.stringify(all)}`);
  }

  /** Presses a button of the notification whose message matches. */
  async answerNotification(message: RegExp, button: string): Promise<void> {
    await this.notification(message);
    const toast = this.page.locator('.notification-toast').filter({ hasText: message });
    await until(`“${button}” to be pressed`, async () => {
      // Its buttons may be folded away until the pointer is there.
      await toast.hover();
      await toast.locator('.monaco-button').filter({ hasText: button }).click();
      // A click is lost where another notification moves this one under the pointer; else it is gone at once.
      return toast.waitFor({ state: 'detached', timeout: 5_000 }).then(
        () => true,
        () => false,
      );
    });
  }

  /** Presses a button of the modal dialog that says this, once it is there, and waits until it is gone. */
  async answerDialog(words: RegExp, button: string): Promise<void> {
    const dialog = this.page.locator('.monaco-dialog-box').filter({ hasText: words });
    await dialog.locator('.monaco-button').filter({ hasText: button }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** The document inside the webview in front: what an extension shows as HTML in the editor area. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
  }

  /** Titles of the open editor tabs. */
  async editorTitles(): Promise<string[]> {
    return this.page.locator('.tabs-container .tab .label-name').allInnerTexts();
  }

  async closeEditors(): Promise<void> {
    await this.palette('View: Close All Editors');
    await until('the editors to be closed', async () => {
      return (await this.page.locator('.tabs-container .tab, iframe.webview').count()) === 0;
    });
  }

  async clipboard(): Promise<string> {
    return this.page.evaluate('navigator.clipboard.readText()');
  }

  /**
   * Changes user settings while VS Code runs, in the editor of settings.json: a page does not notice when the
   * file changes behind its back. They are in force when this returns.
   */
  async setSettings(change: Settings): Promise<void> {
    const text = JSON.stringify({ ...(await readSettings(this.#dataDir)), ...change });
    await this.palette('Preferences: Open User Settings (JSON)');
    const editor = this.page.locator('.editor-instance .monaco-editor').filter({ visible: true }).last();
    const tab = this.page.locator('.tab.active').filter({ hasText: 'settings.json' });
    await tab.waitFor();
    // The clipboard is only for a page that has the focus, which a result's frame may have.
    await editor.locator('.view-line').first().click();
    // Pasted: the editor closes brackets that are typed.
    const clipboard = await this.clipboard();
    await this.#setClipboard(text);
    const saved = async () => isDeepStrictEqual(await readSettings(this.#dataDir), JSON.parse(text));
    // An editor that is still being opened may lose keys.
    await until('the settings to be written', async () => {
      await editor.click({ timeout: 5000 });
      for (const keys of ['ControlOrMeta+A', 'ControlOrMeta+V', 'ControlOrMeta+S']) {
        await this.page.keyboard.press(keys);
      }
      return until('the settings to be saved', saved, 5000);
    });
    await this.#setClipboard(clipboard);
    await tab.locator('.tab-actions .action-label').click();
    await tab.waitFor({ state: 'detached' });
  }

  async theme(theme: keyof typeof themes): Promise<void> {
    const { name, css } = themes[theme];
    await this.setSettings({ 'workbench.colorTheme': name, 'window.autoDetectColorScheme': false });
    await this.page.locator(`.monaco-workbench.${css}`).waitFor({ timeout: waitMs });
  }

  async screenshot(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }

  async #setClipboard(text: string): Promise<void> {
    await this.page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  }

  get #icon(): Locator {
    return this.page.locator('.activitybar [aria-label^="Session Tokens"]').first();
  }

  get #view(): Locator {
    return this.page.locator('[id="workbench.view.extension.sessionTokens"]');
  }

  get #queries(): Locator {
    return this.#view.locator('.pane').nth(1);
  }

  get #rows(): Locator {
    return this.#view.locator('.pane').first().locator('.monaco-list-row');
  }
}

/** What turns until something is done has the page drawn anew sixty times a second: a tenth of a processor's time, for no test. */
const standStill = `
  const still = new CSSStyleSheet();
  const turning = '.progress-bit, .codicon-modifier-spin, .codicon-loading, .codicon-tree-item-loading::before';
  still.replaceSync(turning + ' { animation: none !important }');
  document.adoptedStyleSheets.push(still);
`;

/** In a fresh browser profile. */
async function newPage(browser: Browser, options: WorkbenchOptions): Promise<Page> {
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await context.addInitScript(standStill);
  if (options.sharedSecrets) {
    await shareSecrets(context);
  }
  if (options.initScript) {
    await context.addInitScript(options.initScript);
  }
  return context.newPage();
}

/** As long as the session lasts, a page is in this language. */
async function speak(session: CDPSession, locale: string): Promise<void> {
  await session.send('Emulation.setLocaleOverride', { locale });
  await session.send('Page.enable');
  const source = `globalThis._VSCODE_NLS_LANGUAGE = ${JSON.stringify(locale)}`;
  await session.send('Page.addScriptToEvaluateOnNewDocument', { source });
}

/** The rows of a tree, top to bottom. */
function readRows(rows: Locator): Promise<TreeRow[]> {
  return rows.evaluateAll((found) =>
    found
      .sort((a, b) => Number(a.getAttribute('data-index')) - Number(b.getAttribute('data-index')))
      .map((row) => ({
        level: Number(row.getAttribute('aria-level')),
        label: row.querySelector('.label-name')?.textContent ?? '',
        description: row.querySelector('.label-description')?.textContent ?? '',
        spoken: row.getAttribute('aria-label') ?? '',
        expanded: row.hasAttribute('aria-expanded')
          ? row.getAttribute('aria-expanded') === 'true'
          : undefined,
      })),
  );
}
