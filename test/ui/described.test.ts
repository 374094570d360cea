import assert from 'node:assert/strict';
import { startBlade } from './blade.ts';
import { useFixture } from './fixture.ts';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

const password = 's3cret-word';

describe('an API that is described', () => {
  const blade = useFixture(startBlade);
  const vs = useWorkbench(() => ({}), { together: true });

  it('is added by a preset, signed in to, asked, kept alive and left, by the palette alone', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Add Connection…');
    const kinds = await quickInput.offered(/kind of gateway/);
    const redfish = kinds.find(({ label }) => label.startsWith('Redfish'));
    assert.match(redfish?.detail ?? '', /documentation: .*sushy/);
    await quickInput.pick(/kind of gateway/, redfish?.label ?? '');
    await quickInput.answer(/Address of/, blade().url);
    await quickInput.answer(/Name of/, 'blade');
    await quickInput.pick(/127\.0\.0\.1/, 'Test Connection');
    await vs().answerNotification(/blade was added/, 'Sign In');
    await quickInput.answer(/User/, 'ann');
    assert.ok((await quickInput.answer(/Password/, password)).masked);
    await quickInput.pick(/Remember/, "Don't Remember");
    await vs().waitForRows((rows) => rows.length === 2);
    await vs().waitForStatusBar((text) => /(?:29|30):\d\d/.test(text ?? ''));

    await vs().palette('Session Tokens: Get Data');
    await quickInput.pick(/Request/, 'Systems');
    await quickInput.answer(/Parameters/, '');
    const tab = new ResultTab(vs());
    await tab.stands('Systems');
    assert.deepEqual(await tab.column(1), ['web', 'store']);

    await vs().palette('Session Tokens: Copy Request As…');
    await quickInput.pick(/environment variable/, 'cURL');
    await until('the request on the clipboard', async () => (await vs().clipboard()).startsWith('curl'));
    assert.match(await vs().clipboard(), /\/redfish\/v1\/Systems.*X-Auth-Token: .*\$SESSION_TOKEN/s);
    assert.doesNotMatch(await vs().clipboard(), /blade-token/);
    await vs().palette('Session Tokens: Save Query…');
    await quickInput.answer(/Name of the query/, 'Blades');
    await until(
      'the query in the settings',
      async () => (await vs().settings())['sessionTokens.queries'] !== undefined,
    );
    await vs().palette('Session Tokens: Run Query');
    await quickInput.pick(/query/i, 'Blades');
    const looks = () => blade().asked.filter((line) => line === 'GET /redfish/v1/Systems').length;
    await until('its answer', async () => looks() === 2);
    await vs().palette('Session Tokens: Watch Result…');
    await quickInput.pick(/Each refresh also keeps/, 'Every 2 seconds');
    await until('two more answers', async () => looks() >= 4);
    await vs().palette('Session Tokens: Stop Watching');

    await vs().palette('Session Tokens: Keep Alive');
    await until('the renewal', async () => blade().asked.at(-1) === 'GET /redfish/v1/SessionService');
    assert.equal(blade().tokens.size, 1);
    await vs().palette('Session Tokens: Sign Out');
    await until('the session to be over at the server', async () => blade().tokens.size === 0);
    await vs().waitForRows((rows) => rows.length === 1);
    await vs().closeEditors();
    assert.match(blade().asked.at(-1) ?? '', /^DELETE \/redfish\/v1\/SessionService\/Sessions\/blade-token/);
  });

  it('is described step by step: what was tried is shown with its secrets masked', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Describe an API…');
    await quickInput.answer(/Address of/, blade().url);
    // The spaces of what was pasted are no part of the name, by which all that follows finds the connection.
    await quickInput.answer(/Name of/, ' mine ');
    await quickInput.answer(/signs in: method and path/, 'POST /api/login/{username}');
    await quickInput.pick(/credentials/, 'JSON in the body');
    const sent = '{"user": "{username}", "pass": "{password}"}';
    await quickInput.answer(/braces/, sent);
    await vs().answerDialog(/username → POST \/api\/login\/\{username\}, in the address/, 'Allow');
    await quickInput.answer(/User/, 'nobody');
    await quickInput.answer(/Password/, password);
    await quickInput.pick(/Remember/, "Don't Remember");
    await vs().answerDialog(/status 401/, 'Edit Request');
    await quickInput.answer(/signs in: method and path/, 'POST /api/login/{username}');
    await quickInput.pick(/credentials/, 'JSON in the body');
    assert.equal((await quickInput.waitFor(/braces/)).value, sent, 'what was typed is still there');
    await quickInput.accept();
    await quickInput.answer(/User/, 'ann');
    await quickInput.answer(/Password/, password);
    await quickInput.pick(/Remember/, "Don't Remember");
    const items = await quickInput.offered(/the token/);
    assert.deepEqual(
      items.filter(({ label }) => label.trim() === 'token').map(({ description }) => description),
      ['••••xxxx'],
    );
    await quickInput.pick(/the token/, 'It comes with one more request…');
    await quickInput.answer(/request after that/, 'GET /api/ticket');
    await vs().answerDialog(/username, password → POST .*, in the body/, 'Allow');
    await quickInput.pick(/the token/, '/data/token');
    await quickInput.pick(/go out/, 'In a header of its own');
    await quickInput.answer(/header of its own/, 'X Auth Token');
    await quickInput.waitFor(/not a header that can be set/);
    await quickInput.answer(/header/, 'X-Auth-Token');
    await quickInput.pick(/How long/, '30 minutes');
    await quickInput.pick(/set its life back/, 'No, or not known');
    await quickInput.answer(/tells the life left/, 'GET /api/none');
    await vs().answerDialog(/token → every request, in the header X-Auth-Token/, 'Allow');
    await vs().answerDialog(/status 404/, 'Edit Request');
    await quickInput.answer(/tells the life left/, 'GET /api/ticket');
    await vs().answerDialog(/token → every request, in the header X-Auth-Token/, 'Allow');
    await quickInput.pick(/How long/, '30 minutes');
    await quickInput.answer(/sets its life back/, '');
    await quickInput.answer(/ends the token/, 'POST /api/logout');
    await quickInput.answer(/refused sign-in looks/, 'Who is that?');
    await vs().waitForRows((rows) => rows.at(-1)?.level === 2);
    await quickInput.answer(/request for data/, 'GET /api/none');
    await vs().answerDialog(/status 404/, 'Edit Request');
    assert.equal((await quickInput.waitFor(/request for data/)).value, 'GET /api/none');
    await quickInput.answer(/request for data/, 'GET /api/hosts');
    await quickInput.pick(/rows/, '/result/hosts');
    const tab = new ResultTab(vs());
    await tab.stands('hosts');
    assert.deepEqual(await tab.column(1), ['web', 'store']);
    // The requests of the trial are used as the sign-in.
    const tried = ['POST /api/login/ann', 'GET /api/ticket', 'GET /api/none', 'GET /api/ticket'];
    const gotten = ['GET /api/none', 'GET /api/hosts'];
    assert.deepEqual(blade().asked.slice(0, 7), ['POST /api/login/nobody', ...tried, ...gotten]);
    assert.equal(blade().tokens.size, 1);

    const stored = await until('the request in the settings', async () => {
      const all = (await vs().settings())['sessionTokens.connections'] as object[];
      return 'requests' in (all.at(-1) ?? {}) && all.at(-1);
    });
    assert.deepEqual(stored, {
      name: 'mine',
      kind: 'rest',
      url: blade().url,
      ask: ['username', 'password'],
      signIn: [
        { request: 'POST /api/login/{username}', json: { user: '{username}', pass: '{password}' } },
        { request: 'GET /api/ticket' },
      ],
      token: '/data/token',
      send: { in: 'header', name: 'X-Auth-Token' },
      life: { seconds: '/data/expires_in' },
      query: { request: 'GET /api/ticket', seconds: '/data/expires_in' },
      revoke: { request: 'POST /api/logout' },
      refused: { like: 'Who is that?' },
      requests: { hosts: { request: 'GET /api/hosts', rows: '/result/hosts' } },
    });
    await vs().waitForStatusBar((text) => /(?:29|30):\d\d/.test(text ?? ''));
    await vs().palette('Session Tokens: Sign Out');
    await until('the end of the token', async () => blade().tokens.size === 0);
    await vs().closeEditors();
  });

  it('may stand in the settings: a person is asked once where secrets go, and what its life is when a token died early', async () => {
    const { quickInput } = vs();
    const own = {
      name: 'own',
      kind: 'rest',
      url: blade().url,
      signIn: { request: 'POST /api/login', json: { user: '{username}', word: '{password}' } },
      token: '/data/token',
      life: { minutes: 30 },
    };
    await vs().showTokens();
    await vs().setSettings({ 'sessionTokens.connections': [own] });
    await vs().waitForRows((rows) => rows.map(({ label }) => label).join() === 'own');
    await vs().palette('Session Tokens: Sign In');
    await vs().answerDialog(/username, password → POST \/api\/login/, 'Cancel');
    assert.equal(blade().asked.length, 0);
    await vs().palette('Session Tokens: Sign In');
    await vs().answerDialog(/username, password → POST \/api\/login/, 'Allow');
    await quickInput.answer(/User/, 'ann');
    await quickInput.answer(/Password/, password);
    await quickInput.pick(/Remember/, 'Remember');
    await vs().waitForRows((rows) => rows.length === 2);

    blade().forget();
    await vs().palette('Session Tokens: Get Data');
    await quickInput.answer(/Request/, 'GET /api/hosts{?site}');
    await quickInput.answer(/Parameters/, 'site=Graz');
    await vs().notification(/own expired (?:29|30) min early. Is its life really 30 min/);
    // It is told as soon as it is known; the request follows under the new token.
    await until('the request', async () => blade().asked.at(-1) === 'GET /api/hosts?site=Graz');
    await vs().answerNotification(/min early/, 'Set It to 1 min');
    await until('the setting', async () => {
      const [stored] = (await vs().settings())['sessionTokens.connections'] as {
        life: { minutes: number };
      }[];
      return stored?.life.minutes === 1;
    });
  });
});
