import assert from 'node:assert/strict';
import { type FaultRule, faultNames } from '../sandbox/faultRules.ts';
import { canaries, SecretSearch } from '../security/canaries.ts';
import { Disguise } from '../security/disguise.ts';
import { useFixture } from './fixture.ts';
import { getResult, signIn } from './sessions.ts';
import { allFiles, allShown, allStored, noteShown } from './shown.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** A person's day with gateways that say back whatever they are told; nothing of it may be seen or kept. */
describe('security: canaries, as a person sees them', () => {
  const cra = useFixture(() => Disguise.start('all'));
  const sarus = useFixture(() => Disguise.start('all'));
  /** One that is signed in to with an API key. */
  const keyed = useFixture(() => Disguise.start('all'));
  const vs = useWorkbench(() => {
    const [service] = cra().sandbox.services;
    const common = { requestTimeoutSeconds: 0.7 };
    const prices = (connection: string) => ({
      connection,
      endpoint: 'GetValuesForDate',
      params: { Series: ['EQUITY/OAKBA'] },
    });
    const settings = {
      'sessionTokens.connections': [
        { ...common, name: 'bank', kind: 'bmc-cra', url: cra().url, gatewayUser: 'tomcat', service },
        { ...common, name: 'market', kind: 'sarus', url: sarus().url },
        { ...common, name: 'exchange', kind: 'sarus', url: keyed().url },
      ],
      'sessionTokens.queries': [
        { name: 'Prices', request: prices('market') },
        { name: 'Quotes', request: prices('exchange') },
      ],
      'sessionTokens.closeOnExit': false,
      'workbench.hover.delay': 50,
    };
    return { settings, initScript: noteShown };
  });

  it('are in nothing that was written or shown', async function () {
    this.timeout(480_000);
    const { page, quickInput } = vs();
    const shown: string[] = [];
    await vs().showTokens();

    // All three people sign in.
    const { username: user, password, gatewayPassword } = canaries;
    await signIn(vs(), { connection: 'bank', user, password, gatewayPassword, keep: 'Remember' });
    await vs().waitForRows((rows) => rows.some(({ level }) => level === 2));
    await vs().palette('Session Tokens: Sign In');
    await quickInput.pick(/Choose a connection/, 'market');
    await quickInput.pick(/How do you sign in/, 'E-mail and password');
    await quickInput.answer(/E-mail/, canaries.email);
    await quickInput.answer(/Password/, password);
    await quickInput.pick(/Remember these/, 'Remember');
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'Session token'));
    await vs().palette('Session Tokens: Sign In');
    await quickInput.pick(/Choose a connection/, 'exchange');
    await quickInput.pick(/How do you sign in/, 'API key');
    await quickInput.answer(/API key/, canaries.apiKey);
    await quickInput.pick(/Remember these/, 'Remember');
    await vs().waitForRows((rows) => rows.filter(({ label }) => label === 'Session token').length === 2);

    // Data with the secrets in them: the table, a row's details, the plot, JSON, the request as text, a saved query.
    const tab = await getResult(vs(), 'MVMVS/JCPU', 'bank');
    await tab.header('HEARD').waitFor({ state: 'attached' });
    await tab.cell(0, 0).click();
    await page.keyboard.press('Enter');
    await tab.page.getByText('HEARD64').first().waitFor();
    await vs().palette('Session Tokens: Refresh Result');
    await tab.page.getByText('open session reused').waitFor();
    await vs().palette('Session Tokens: Plot Column');
    await tab.page.locator('canvas').first().waitFor();
    await vs().palette('Session Tokens: Save Query…');
    await quickInput.answer(/Name of the query/, 'Jobs');
    await until('the query in the settings', async () => /Jobs/.test(JSON.stringify(await vs().settings())));
    await vs().palette('Session Tokens: Copy Request As…');
    await quickInput.pick(/environment variable/, 'cURL');
    await until('the request on the clipboard', async () => /curl/.test(await vs().clipboard()));
    shown.push(await vs().clipboard());
    await vs().palette('Session Tokens: Open as JSON');
    await page.locator('.view-line').filter({ hasText: 'HEARD64' }).first().waitFor();
    await vs().palette('View: Close Editor');
    await page.locator('.tab').filter({ hasText: '.json' }).waitFor({ state: 'detached' });
    await until('the result to be stored', async () => /HEARD64/.test(await allStored(page)));

    // What goes wrong is told with the gateway's own words, and these say everything back.
    await vs().showQueries();
    const struck = async (gateway: Disguise, query: string, operation: 'getData' | 'signIn') => {
      for (const fault of faultNames) {
        const rule: FaultRule = { fault, match: { operation }, times: 2, forMs: 60 };
        // A gateway that has forgotten its tokens has everybody sign in again.
        gateway.sandbox.setFaults(operation === 'signIn' ? [{ fault: 'restart' }, rule] : [rule]);
        const strikes = async () => (gateway.sandbox.faults().at(-1)?.struck ?? 0) > 0;
        // One that is asked something at this moment answers first.
        await until(`${fault} to strike ${query}`, async () => {
          await ((await asks()) ? signInAnew() : vs().query(query).click());
          return until('the fault', async () => (await strikes()) || asks(), 3000).then(strikes);
        });
        gateway.sandbox.clearFaults();
        if (operation === 'getData') {
          await quickInput.cancel();
        }
      }
    };
    const asks = async () => /were refused/.test(JSON.stringify((await quickInput.read()) ?? ''));
    /** What a gateway has refused, or too many new tokens of, is sent no more until the person types it anew. */
    const signInAnew = async () => {
      await quickInput.pick(/were refused/, 'API key');
      await quickInput.answer(/API key/, canaries.apiKey);
      await quickInput.pick(/Remember these/, 'Remember');
    };
    // The host test strikes every command; here is what differs to a person: the kind of gateway, and who is asked.
    await struck(cra(), 'Jobs', 'getData');
    await struck(sarus(), 'Prices', 'getData');
    await struck(keyed(), 'Quotes', 'signIn');
    await quickInput.cancel();

    // Tooltips and notifications of all this. The log is heard by the host test: this VS Code writes none.
    for (const row of await vs().treeRows()) {
      // A row that is drawn anew under the pointer loses its tooltip.
      await until(`the tooltip of ${row.label}`, async () => {
        await vs().statusBarItem().hover();
        await vs().row(row.label).first().hover();
        await page
          .locator('.workbench-hover')
          .filter({ hasText: row.label })
          .first()
          .waitFor({ timeout: 2000 });
        return true;
      });
    }
    await vs().statusBarItem().hover();
    await page.locator('.tab.active').hover();
    await vs().palette('Notifications: Show Notifications');
    await page.locator('.notifications-center').waitFor();
    shown.push(await allShown(page));

    // A new window shows again what was kept.
    await page.reload();
    await tab.header('HEARD').waitFor({ state: 'attached' });
    await vs().showTokens();
    shown.push(await allShown(page));

    const tokens = [cra, sarus, keyed].map((gateway) => [...gateway().secrets]);
    assert.ok(
      tokens.every(({ length }) => length >= 2),
      'hardly a token was issued',
    );
    const search = new SecretSearch([...Object.values(canaries), ...tokens.flat()]);
    const places = new Map([
      ...(await allFiles(process.env.UI_DATA_DIR ?? '')),
      ['what was shown', shown.join('\n')],
    ]);
    places.set('what the browser keeps', await allStored(page));
    const all = [...places.values()].join('\n');
    for (const sign of [/HEARD64/, /Lives until/, /‹redacted›/, /"name": "Jobs"/]) {
      assert.match(all, sign, 'something was not looked at');
    }
    for (const [place, text] of places) {
      assert.equal(search.find(text), undefined, place);
    }
  });
});
