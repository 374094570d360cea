import assert from 'node:assert/strict';
import { until } from './until.ts';
import { Walkthrough } from './walkthrough.ts';
import { useWorkbench } from './workbench.ts';

/** From installation to the first table this many choices, and no more time of the machine. */
const mostChoices = 3;
const mostMs = 30_000;

describe('the first minutes', () => {
  const vs = useWorkbench();

  it('lead by the walkthrough from a fresh profile to a table', async () => {
    const started = Date.now();
    const walkthrough = new Walkthrough(vs());
    await walkthrough.open();
    const steps = await walkthrough.steps();
    assert.deepEqual(
      steps.map(({ done }) => done),
      [false, false, false, false, false],
    );

    // Who does not begin at the beginning is told so.
    await walkthrough.press('Try it in two clicks', 'Sign In');
    await vs().notification(/no connection called sandbox-cra/);

    let choices = 0;
    const press = async (step: string, button: string): Promise<void> => {
      choices++;
      await walkthrough.press(step, button);
    };
    await press('Try it in two clicks', 'Start Sandbox Gateway');
    await vs().notification(/sandbox gateway runs at/);
    await press('Try it in two clicks', 'Sign In');
    await until('the first step to be done', async () => (await walkthrough.steps())[0]?.done);
    await press('Get the first data', 'Show Jobs');
    const rows = vs().webview().locator('.grid .body .row');
    await until('rows of data', async () => (await rows.count()) >= 5);
    await rows.first().getByText(/\w/).first().waitFor();

    const elapsed = Date.now() - started;
    assert.ok(choices <= mostChoices, `${choices} choices`);
    assert.ok(elapsed < mostMs, `${elapsed} ms`);
    assert.equal(await vs().quickInput.read(), undefined, 'something was asked');
    await vs().showTokens();
    await vs().waitForRows((all) => all.some(({ label }) => label === 'MVMVS/JCPU'));
  });

  it('offer the same from the empty view, and say when settings are of no use', async () => {
    await vs().showTokens();
    const text = await vs().waitForWelcome(/walkthrough/);
    for (const offer of ['Add Connection…', 'Start Sandbox Gateway', 'Open the walkthrough']) {
      assert.ok(text.includes(offer), text);
    }
    await vs().setSettings({ 'sessionTokens.connections': [{ name: 'x', kind: 'other', url: 'https://x' }] });
    await vs().waitForWelcome(/cannot be used/);
    await vs().setSettings({
      'sessionTokens.connections': [{ name: 'mainframe', kind: 'bmc-cra', url: 'https://gateway.invalid' }],
    });
    const [row] = await vs().waitForRows((rows) => rows.length === 1);
    assert.equal(row?.label, 'mainframe');
    assert.equal(row?.description, 'signed out');
  });
});
