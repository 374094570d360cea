import assert from 'node:assert/strict';
import { nodeRed } from '../servers/nodeRed.ts';
import { record } from '../servers/recorder.ts';
import { useFixture } from './fixture.ts';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** Node-RED, and what it is asked. */
async function startNodeRed() {
  const server = await nodeRed.start(300);
  const recorder = await record(server.url);
  const close = async (): Promise<void> => {
    await recorder.stop();
    await server.stop();
  };
  return { login: server.login, url: server.url, recorder, close };
}

/** test/servers and test/host say more of such servers; this is what a person sees. */
describe('an API that somebody else wrote, by palette', () => {
  const server = useFixture(startNodeRed);
  const vs = useWorkbench(() => ({
    settings: {
      'sessionTokens.connections': [
        { name: 'flows', kind: 'rest', url: server().recorder.url, preset: 'node-red' },
      ],
    },
  }));

  it('is refused and signed in to, gives a table, counts down, has a dead token replaced, and its token ended', async () => {
    const { quickInput } = vs();
    const { login, recorder, url } = server();
    const answer = async (password: string): Promise<void> => {
      await quickInput.answer(/User/, login.username);
      await quickInput.answer(/Password/, password);
      await quickInput.pick(/Remember these/, "Don't Remember");
    };
    await vs().showTokens();
    await vs().palette('Session Tokens: Sign In');
    await answer('wrong');
    await vs().notification(/refused the sign-in/);
    assert.deepEqual(recorder.asked, ['POST /auth/token']);
    await vs().palette('Session Tokens: Sign In');
    await answer(login.password);
    await vs().waitForStatusBar((text) => /0[45]:[0-5]\d flows/.test(text ?? ''));
    await vs().waitForRows((rows) => rows.some(({ label, level }) => label === 'flows' && level === 1));

    await vs().palette('Session Tokens: Get Data');
    await quickInput.pick(/Request/, 'Nodes');
    await quickInput.answer(/Parameters/, '');
    const tab = new ResultTab(vs());
    await tab.stands('Nodes');
    assert.equal(await tab.cell(0, 0).textContent(), 'node-red/junction');
    assert.equal(await recorder.again('GET /nodes'), 200);

    // Ended over there by somebody else: it is noticed by the next request, and a person signs in again.
    const authorization = recorder.authorization('GET /nodes');
    const body = new URLSearchParams({ token: authorization.replace('Bearer ', '') });
    await fetch(`${url}/auth/revoke`, { method: 'POST', headers: { authorization }, body });
    assert.equal(await recorder.again('GET /nodes'), 401);
    await vs().palette('Session Tokens: Get Data');
    await quickInput.pick(/Request/, 'Nodes');
    await quickInput.answer(/Parameters/, '');
    await answer(login.password);
    await until('a new token at work', async () => (await recorder.again('GET /nodes')) === 200);
    assert.notEqual(recorder.authorization('GET /nodes'), authorization);

    await vs().palette('Session Tokens: Close Session');
    await vs().waitForStatusBar((text) => text === undefined);
    // The status bar shows nothing as soon as the close has begun.
    await until('the end of the token', async () => (await recorder.again('GET /nodes')) === 401);
    assert.equal(recorder.asked.filter((what) => what === 'POST /auth/token').length, 3);
  });
});
