import assert from 'node:assert/strict';
import type { SandboxStats } from '../../src/sandbox/state.ts';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** What the product is for, by palette alone, as a person types it. */
describe('the main job, by palette', () => {
  const vs = useWorkbench();

  it('adds a connection, signs in, gets data, counts down, keeps alive, closes', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().waitForWelcome(/Start Sandbox Gateway/);
    await vs().palette('Session Tokens: Start Sandbox Gateway');
    const { message } = await vs().notification(/sandbox gateway runs at/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(message)?.[0] ?? '';
    const stats = async () => (await (await fetch(`${url}/sandbox/stats`)).json()) as SandboxStats;

    await vs().palette('Session Tokens: Add Connection…');
    await quickInput.pick(/kind of gateway/, 'BMC AMI Common REST API');
    await quickInput.answer(/Address of/, 'http://127.0.0.1:1');
    assert.match((await quickInput.waitFor(/Name of/)).title, /Add Connection \(3\/4\)/);
    await quickInput.back();
    assert.equal((await quickInput.waitFor(/Address of/)).value, 'http://127.0.0.1:1');
    await quickInput.accept();
    await quickInput.answer(/Name of/, 'mainframe');
    await quickInput.pick(/127\.0\.0\.1/, 'Test Connection');
    await vs().answerNotification(/Nothing answers at/, 'Edit Address');
    await quickInput.answer(/Address of/, url);
    assert.equal((await quickInput.waitFor(/Name of/)).value, 'mainframe');
    await quickInput.accept();
    await quickInput.pick(/127\.0\.0\.1/, 'Test Connection');
    await vs().notification(/mainframe was added/);
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'mainframe'));

    await vs().palette('Session Tokens: Sign In');
    // Each question leads back to the one before: that for the service to the connections, and the login's to the service.
    await quickInput.pick(/Choose a connection/, 'mainframe');
    assert.match((await quickInput.waitFor(/Service of mainframe/)).title, /Sign In \(2\/5\)/);
    await quickInput.back();
    // How many questions come depends on the connection.
    assert.equal((await quickInput.waitFor(/Choose a connection/)).title, 'Sign In');
    await quickInput.pick(/Choose a connection/, 'mainframe');
    await quickInput.pick(/Service of mainframe/, 'BBI3SYSA');
    assert.match((await quickInput.waitFor(/User/)).title, /\(3\/5\)/);
    await quickInput.back();
    await quickInput.pick(/Service of mainframe/, 'BBI3SYSA');
    await quickInput.answer(/User/, 'dmeo');
    await quickInput.waitFor(/Password for dmeo/);
    await quickInput.back();
    await quickInput.answer(/User/, 'demo');
    const asked = await quickInput.waitFor(/Password for demo/);
    assert.match(asked.title, /Sign In to mainframe \(Service BBI3SYSA\) \(4\/5\)/);
    assert.equal(asked.masked, true, 'the password is shown while it is typed');
    await quickInput.accept();
    await quickInput.answer(/This must not be empty/, 'demo');
    await quickInput.pick(/Remember these/, 'Remember');
    const signedIn = await vs().waitForRows((rows) => rows.some(({ label }) => label === 'BBI3SYSA'));
    assert.deepEqual(
      signedIn
        .map(({ level, label }) => [level, label])
        .filter(([, label]) => !String(label).startsWith('sandbox-')),
      [
        [1, 'mainframe'],
        [2, 'BBI3SYSA'],
      ],
    );

    await vs().palette('Session Tokens: Get Data');
    await quickInput.pick(/Choose a connection/, 'mainframe');
    await quickInput.pick(/View, as PRODUCT/, 'MVMVS/JCPU');
    await new ResultTab(vs()).stands('MVMVS/JCPU');
    const rows = await vs().waitForRows(
      (all) =>
        all.some(({ label }) => label === 'MVMVS/JCPU') &&
        all.some(({ spoken }) => /kept alive by MVMVS\/JCPU/.test(spoken)),
    );
    assert.equal(rows.find(({ label }) => label === 'MVMVS/JCPU')?.level, 3);
    const userToken = rows.find(({ spoken }) => /kept alive/.test(spoken));
    // The side bar has room for the time alone.
    assert.deepEqual(
      [userToken?.label, /kept alive/.test(userToken?.description ?? '')],
      ['BBI3SYSA', false],
    );
    assert.equal((await stats()).sessions, 1);

    await vs().waitForStatusBar((text) => /14:5\d/.test(text ?? ''));
    const begun = await vs().lifeLeft();
    const seen = new Set<number>();
    await until('the countdown to go down', async () => {
      seen.add(await vs().lifeLeft());
      return Math.min(...seen) <= begun - 4;
    });
    // By the second: a slow machine may have looked away for one of them.
    assert.ok(seen.size >= 4, `seen: ${[...seen].join(', ')}`);
    const low = Math.min(...seen);

    await vs().palette('Session Tokens: Keep Alive');
    await quickInput.pick(/Choose a token/, 'MVMVS/JCPU (mainframe)');
    await until('the countdown to be back', async () => (await vs().lifeLeft()) > low);
    assert.equal((await stats()).keepAlives, 1);

    await vs().palette('Session Tokens: Query Remaining Life');
    await quickInput.pick(/Choose a token/, 'MVMVS/JCPU (mainframe)');
    await vs().notification(/MVMVS\/JCPU .*estimated from the timeout/);

    await vs().palette('Session Tokens: Copy Token');
    await quickInput.pick(/Choose a token/, 'MVMVS/JCPU (mainframe)');
    await until('the token on the clipboard', async () => /^\S{9,}$/.test(await vs().clipboard()));

    await vs().palette('Session Tokens: Close Session');
    await vs().waitForRows((all) => all.every(({ label }) => label !== 'MVMVS/JCPU'));
    await until('the gateway to have closed it', async () => (await stats()).closed === 1);
    assert.equal((await stats()).sessions, 0);
  });
});
