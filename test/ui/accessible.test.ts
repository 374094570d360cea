import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Frame, Locator, Page } from 'playwright-core';
import { getResult } from './sessions.ts';
import { until } from './until.ts';
import { Walkthrough } from './walkthrough.ts';
import { labels, useWorkbench, type Workbench } from './workbench.ts';

interface Violation {
  readonly rule: string;
  readonly nodes: readonly string[];
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Breaches of WCAG 2.2 A and AA, and of what is good practice, below a selector. */
async function violations(
  place: Page | Frame,
  selector: string,
  without: readonly string[] = [],
): Promise<Violation[]> {
  await place.evaluate(await readFile(axe, 'utf8'));
  const run = `axe.run(${JSON.stringify({ include: [[selector]], exclude: without.map((one) => [one]) })}, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    // A view is a part of a page: it has no main landmark, headings or skip links of its own.
    // How large the icons of a row are is for VS Code to say; in the document of a result it is for us.
    // VS Code writes a row's label and description side by side without a space, which no name can match.
    rules: {
      region: { enabled: false },
      'page-has-heading-one': { enabled: false },
      'target-size': { enabled: ${selector === 'body'} },
      'label-content-name-mismatch': { enabled: false },
    },
  }).then(({ violations, passes }) => ({
    checked: passes.length,
    found: violations.map(({ id, nodes }) => ({ rule: id, nodes: nodes.map(({ html }) => html.slice(0, 200)) })),
  }))`;
  const { checked, found } = await place.evaluate<{ checked: number; found: Violation[] }>(run);
  assert.ok(checked > 5, 'hardly anything was checked');
  return found;
}

const container = '[id="workbench.view.extension.sessionTokens"]';
/** What VS Code draws around every view, the same for all extensions. */
const notOurs = ['.pane-header'];

const looks = ['dark', 'hc-light'] as const;

describe('for everybody', () => {
  const vs = useWorkbench(() => ({}), { together: true });

  it('the empty view passes axe (dark, hc-light)', async () => {
    await vs().showTokens();
    await vs().waitForWelcome(/Start Sandbox Gateway/);
    for (const theme of looks) {
      await vs().theme(theme);
      assert.deepEqual(await violations(vs().page, container, notOurs), [], theme);
    }
  });

  it('the tree can be used by keyboard alone', async () => {
    const { page, quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Start Sandbox Gateway');
    await vs().waitForRows((rows) => rows.length === 2);
    await vs().palette('Session Tokens: Focus on Tokens View');
    await goTo(vs(), /sandbox-cra/);
    await page.keyboard.press('Enter');
    await vs().waitForRows((rows) => rows.length === 3);
    // The row is another one now, and still has the focus.
    const focusedRow = page.locator(`${container} .monaco-list:focus .monaco-list-row.focused`);
    await until('the focus to be where it was', async () =>
      /sandbox-cra, signed in/.test((await focusedRow.getAttribute('aria-label', { timeout: 1000 })) ?? ''),
    );
    await goTo(vs(), /User token/);
    await page.keyboard.press('Shift+F10');
    const menu = page.locator('.monaco-menu');
    await menu.waitFor();
    const focused = menu.locator('.action-menu-item:focus');
    await until('Keep Alive in the menu', async () => {
      if ((await focused.allTextContents())[0]?.trim() === 'Keep Alive') {
        return true;
      }
      await page.keyboard.press('ArrowDown');
      return false;
    });
    await vs().waitForStatusBar((text) => text !== undefined);
    const low = (await vs().lifeLeft()) - 3;
    await until('the countdown to go down', async () => (await vs().lifeLeft()) <= low);
    await page.keyboard.press('Enter');
    await until('the countdown to be back', async () => (await vs().lifeLeft()) > low);
    assert.equal(await quickInput.read(), undefined);
  });

  it('the countdown is not spoken at every second', async () => {
    await vs().showTokens();
    await signedIn(vs());
    const item = vs().statusBarItem();
    const heard = new Set<string>();
    const seen = new Set<string>();
    await until('the countdown to move', async () => {
      seen.add((await item.textContent()) ?? '');
      const spoken = item.locator('[aria-label]').first();
      heard.add((await spoken.getAttribute('aria-label')) ?? '');
      return seen.size >= 4;
    });
    const [label = ''] = heard;
    assert.equal(heard.size, 1, [...heard].join(' | '));
    assert.match(label, /sandbox-cra\b.*15 minutes/);
    assert.equal(await item.locator('[aria-live]').count(), 0);
  });

  it('rows and their actions have words, in colour or without', async () => {
    await vs().showTokens();
    await signedIn(vs());
    await vs().waitForRows((rows) => {
      const spoken = rows.map((row) => row.spoken).join('\n');
      return /sandbox-cra.*signed in\n.*User token .*until.*\n.*sandbox-sarus.*signed out/.test(spoken);
    });
    const names = await vs()
      .page.locator(`${container} .action-label`)
      .evaluateAll((actions) => actions.map((action) => action.getAttribute('aria-label')));
    assert.ok(names.length > 0 && names.every(Boolean), names.join(' | '));
  });

  it('the queries can be used by keyboard alone', async () => {
    const { page } = vs();
    await vs().showTokens();
    await signedIn(vs());
    await getResult(vs(), 'MVMVS/JCPU', 'sandbox-cra');
    await vs().closeEditors();
    await vs().showQueries();
    await vs().waitForQueries((rows) => labels(rows).includes('MVMVS/JCPU'));
    await vs().palette('Session Tokens: Focus on Queries View');
    await goTo(vs(), /MVMVS\/JCPU/);
    await page.keyboard.press('Enter');
    await vs().webview().getByRole('grid', { name: 'MVMVS/JCPU' }).waitFor();
  });

  it('the tree, the queries, the status bar and the result pass axe (dark, hc-light)', async () => {
    await vs().showTokens();
    await signedIn(vs());
    await getResult(vs(), 'MVMVS/JCPU', 'sandbox-cra');
    await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
    await vs().showQueries();
    await vs().waitForQueries((rows) => labels(rows).includes('MVMVS/JCPU'));
    for (const theme of looks) {
      await vs().theme(theme);
      await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
      assert.deepEqual(await violations(vs().page, container, notOurs), [], theme);
      assert.deepEqual(await violations(vs().page, '.statusbar-item[id$="sessionTokens.life"]'), [], theme);
      const rows = vs().webview().locator('.grid .body .row');
      const awaited = vs().webview().locator('.grid .body .row[aria-busy]');
      await until('rows', async () => (await rows.count()) > 3 && (await awaited.count()) === 0);
      assert.deepEqual(await violations(await frameOf(vs().webview().locator('body')), 'body'), [], theme);
    }
  });

  it('the walkthrough gives each picture words', async () => {
    const walkthrough = new Walkthrough(vs());
    await walkthrough.open();
    for (const { title } of await walkthrough.steps()) {
      await walkthrough.expand(title);
      const picture = walkthrough.root.locator('.getting-started-media');
      await until(`words for the picture of “${title}”`, async () => {
        const label = (await picture.getAttribute('aria-label')) ?? (await picture.innerHTML());
        return /\w{3}/.test(label);
      });
    }
  });
});

async function signedIn(vs: Workbench): Promise<void> {
  if ((await vs.statusBarText()) !== undefined) {
    return; // By a test before, whose page this is.
  }
  await vs.palette('Session Tokens: Start Sandbox Gateway');
  await vs.answerNotification(/sandbox gateway runs at/, 'Sign In');
  await vs.waitForRows((rows) => rows.some(({ level }) => level === 2));
}

/** Goes down the tree by the arrow key until the row that is focused says this. */
async function goTo(vs: Workbench, spoken: RegExp): Promise<void> {
  const tree = vs.page.locator(`${container} .monaco-list:focus`);
  let last = '';
  await until(`the row ${spoken} to have the focus`, async () => {
    const focused = tree.locator('.monaco-list-row.focused');
    const words = await focused.evaluateAll((rows) =>
      rows.map((row) => row.getAttribute('aria-label') ?? ''),
    );
    if (words.some((label) => spoken.test(label))) {
      return true;
    }
    if ((await tree.count()) > 0) {
      // At the end without having met it: it may have come above.
      await vs.page.keyboard.press(words.join() === last ? 'Home' : 'ArrowDown');
      last = words.join();
    }
    return false;
  });
}

async function frameOf(inside: Locator): Promise<Frame> {
  const frame = await (await inside.elementHandle())?.ownerFrame();
  assert.ok(frame, 'there is no such frame');
  return frame;
}
