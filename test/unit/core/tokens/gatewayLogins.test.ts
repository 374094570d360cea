import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { AskGatewayLogin } from '../../../../src/core/tokens/gatewayLogins.ts';
import { connect } from '../../../connect.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../../simulate/window.ts';
import { closeServers, json, serve, tomcat } from '../protocols/rig.ts';

const anna = { username: 'anna', password: 'first-pass' };
const tomcatUser = { gatewayUser: 'tomcat', gatewayPassword: 'tomcat-pass' };
const wanted = { code: 'E_CREDENTIALS', message: /gatewayUser/ };

/** What a CRA gateway asks its Tomcat user for. */
type Wants = 'keepalive and close' | 'everything but logging on' | 'everything';

for (const dialect of ['getData', 'views'] as const) {
  describe(`the Tomcat user of a gateway, dialect ${dialect}`, () => {
    let windows: TestWindow[];
    let storage: SharedStorage;
    let credentials: MemoryCredentials;
    let wants: Wants;
    let goodPassword: string;
    let url: string;
    let refused: string[];
    let sessions: Set<string>;
    let logOns: number;
    let logOffs: number;

    beforeEach(async () => {
      windows = [];
      storage = new SharedStorage();
      credentials = new MemoryCredentials();
      wants = 'keepalive and close';
      goodPassword = tomcatUser.gatewayPassword;
      refused = [];
      sessions = new Set();
      logOns = 0;
      logOffs = 0;
      ({ url } = await serve((got, response) => {
        const isLogOn = /log-?[io]n$/i.test(got.path);
        const isClose = got.path.endsWith('/close') || got.query.get('close') === 'true';
        const isList = /services$/i.test(got.path) && !isClose;
        const isWanted =
          wants === 'everything' ||
          (wants === 'everything but logging on' && !isLogOn) ||
          got.path.endsWith('/keepalive') ||
          isClose;
        const basic = /^Basic (.*)$/.exec(got.headers.authorization ?? '')?.[1];
        const pair = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString();
        if (isWanted && !isList && pair !== `tomcat:${goodPassword}`) {
          if (pair !== undefined) {
            refused.push(pair);
          }
          response.setHeader('WWW-Authenticate', 'Basic realm="Tomcat"');
          response.writeHead(401).end();
          return;
        }
        const token = got.form.get('userToken') ?? /^Bearer (.*)$/.exec(got.headers.authorization ?? '')?.[1];
        const session = got.query.get('session');
        if (isList) {
          json(response, []);
        } else if (isLogOn) {
          json(response, { userToken: `user-token-${++logOns}` });
        } else if (token !== `user-token-${logOns}`) {
          tomcat(response, 401, 'Unauthorized', 'The user token has expired');
        } else if (session !== null && !sessions.has(session)) {
          tomcat(response, 404, 'Not Found', 'The session is not known');
        } else if (got.path.endsWith('/Logoff')) {
          logOffs++;
          json(response, {});
        } else if (isClose) {
          sessions.delete(session ?? '');
          json(response, {});
        } else if (/data$/i.test(got.path)) {
          const id = session ?? `session-number-${sessions.size + 1}`;
          sessions.add(id);
          json(response, { rc: 0, session: id, totalRows: 0, Rows: [] });
        } else {
          json(response, { columns: [] });
        }
      }));
    });

    afterEach(async () => {
      for (const window of windows) {
        window.dispose();
      }
      await closeServers();
    });

    async function open(settings: object = {}): Promise<TestWindow> {
      const clock = new SystemClock();
      const window = new TestWindow({
        clock,
        store: storage.window(),
        credentials,
        claims: new SharedClaims(() => clock.now().up).window('w'),
        connections: [connectionOf({ name: 'c', url, service: 'S', dialect, ...settings })],
        connect: (to, { redactor, log }) =>
          connect(to, { clock, redactor, log, maxResponseBytes: () => 1_048_576, random: () => 0 }),
        name: 'w',
      });
      windows.push(window);
      await window.keeper.load();
      return window;
    }

    const data = (window: TestWindow, view = 'V', askGatewayLogin?: AskGatewayLogin) =>
      window.keeper.getData(
        { connection: 'c', product: 'P', view },
        { makeReader: plainReader, askGatewayLogin },
      );

    /** A person who answers so, and how often and why they were asked. */
    function person(...answers: (typeof tomcatUser | undefined)[]) {
      const asked: string[] = [];
      const ask: AskGatewayLogin = async (_connection, why) => {
        asked.push(why);
        return answers.shift();
      };
      return { asked, ask };
    }

    it('a token is logged off with it where somebody signs out during the sign-in', async () => {
      wants = 'everything';
      const { keeper } = await open();
      const login = { ...anna, ...tomcatUser };
      const signingIn = rejects(keeper.signIn('c', { login }), { message: 'Nobody is signed in to c.' });
      await keeper.signOut('c');
      await signingIn;
      deepEqual([logOns, logOffs], [1, 1]);
    });

    it('a session outlives that a program does not know it', async () => {
      const window = await open({ keepAlive: 'auto' });
      const { keeper } = window;
      const user = await keeper.signIn('c', { login: anna, remember: true });
      const { session } = await data(window);
      const id = session?.id ?? '';
      await rejects(keeper.keepAlive(id), wanted);
      await rejects(keeper.keepAlive(user.id), wanted);
      await rejects(keeper.close(id), wanted);
      deepEqual(await keeper.closeAll('c'), { closed: 0, failed: 1 });
      equal(keeper.token(id).state, 'live');
      equal(keeper.token(user.id).state, 'live');
      const again = await data(window);
      deepEqual([again.session?.id, again.reused], [id, true]);
      equal(logOns, 1);
    });

    it('the person is asked once, for name and password, and not again after a restart', async () => {
      const window = await open();
      const user = await window.keeper.signIn('c', { login: anna, remember: true });
      const ids = [user.id];
      for (const view of ['V1', 'V2', 'V3']) {
        ids.push((await data(window, view)).session?.id ?? '');
      }
      const { asked, ask } = person(tomcatUser);
      await Promise.all(ids.map((id) => window.keeper.keepAlive(id, { askGatewayLogin: ask })));
      await window.keeper.keepAlive(user.id);
      await window.keeper.flush();
      const next = await open();
      await next.keeper.keepAlive(user.id);
      deepEqual(await next.keeper.closeAll('c'), { closed: 3, failed: 0 });
      deepEqual(asked, ['unknown']);
      deepEqual([sessions.size, refused.length, logOns], [0, 0, 1]);
    });

    it('who turns away loses nothing', async () => {
      const window = await open();
      await window.keeper.signIn('c', { login: anna });
      const id = (await data(window)).session?.id ?? '';
      const { ask } = person(undefined, undefined);
      await rejects(window.keeper.keepAlive(id, { askGatewayLogin: ask }), { code: 'E_CANCELLED' });
      await rejects(window.keeper.close(id, { askGatewayLogin: ask }), { code: 'E_CANCELLED' });
      equal(window.keeper.token(id).state, 'live');
    });

    it('a new sign-in takes no session away', async () => {
      const window = await open();
      await window.keeper.signIn('c', { login: anna });
      const id = (await data(window)).session?.id ?? '';
      await window.keeper.signIn('c', { login: anna });
      equal(window.keeper.token(id).state, 'live');
      equal(sessions.size, 1);
      const again = await data(window);
      deepEqual([again.session?.id, again.reused], [id, true]);
    });

    it('the password given with a sign-in is used, in the settings or beside it the name', async () => {
      const window = await open({ gatewayUser: 'tomcat' });
      const login = { ...anna, gatewayPassword: tomcatUser.gatewayPassword };
      const { id } = await window.keeper.signIn('c', { login });
      await window.keeper.keepAlive(id);
      await data(window);
      deepEqual(await window.keeper.closeAll('c'), { closed: 1, failed: 0 });
    });

    for (const need of ['everything but logging on', 'everything'] as const) {
      it(`a gateway that asks for it for ${need}`, async () => {
        wants = need;
        const window = await open();
        const { asked, ask } = person(tomcatUser);
        const user = await window.keeper
          .signIn('c', { login: anna, askGatewayLogin: ask })
          .catch(() => undefined);
        ok(user);
        const { session } = await data(window, 'V', ask);
        equal(window.keeper.token(user.id).state, 'live');
        equal((await data(window)).reused, true);
        await window.keeper.keepAlive(session?.id ?? '');
        await window.keeper.close(session?.id ?? '');
        deepEqual([asked, refused, logOns], [['unknown'], [], 1]);
      });
    }

    it('a sign-in by a program is refused for want of it, and says so', async () => {
      wants = 'everything';
      const window = await open();
      await rejects(window.keeper.signIn('c', { login: anna, remember: true }), wanted);
      equal(window.keeper.refusal('c'), undefined);
    });

    it('the storage of secrets is not read for each call where none is remembered', async () => {
      const window = await open();
      await window.keeper.signIn('c', { login: anna, remember: true });
      await data(window);
      let reads = 0;
      const read = credentials.read.bind(credentials);
      credentials.read = (name) => {
        reads++;
        return read(name);
      };
      equal((await data(window)).reused, true);
      await window.keeper.columns({ connection: 'c', query: { product: 'P', view: 'V' } });
      equal(reads, 0);
    });

    it('one that another window has learned is found, though its news are late', async () => {
      const window = await open();
      const { id } = await window.keeper.signIn('c', { login: anna, remember: true });
      await data(window);
      await rejects(window.keeper.keepAlive(id), wanted);
      const found = credentials.entries.get('c');
      ok(found);
      credentials.entries.set('c', { ...found, login: { ...found.login, ...tomcatUser } });
      await window.keeper.keepAlive(id);
      deepEqual(refused, []);
    });

    it('a refused one is sent once, in this window and the next, until somebody types a new one', async () => {
      const window = await open();
      await window.keeper.signIn('c', { login: { ...anna, ...tomcatUser }, remember: true });
      const ids: string[] = [];
      for (const view of ['V1', 'V2', 'V3', 'V4']) {
        ids.push((await data(window, view)).session?.id ?? '');
      }
      goodPassword = 'changed-pass';
      await Promise.allSettled(ids.map((id) => window.keeper.close(id)));
      await Promise.allSettled(ids.map((id) => window.keeper.keepAlive(id)));
      await data(window, 'V1');
      await window.keeper.flush();
      const next = await open();
      await Promise.allSettled(ids.map((id) => next.keeper.keepAlive(id)));
      equal(refused.length, 1);
      equal(next.keeper.tokens('c').length, 5);
      const { asked, ask } = person({ ...tomcatUser, gatewayPassword: goodPassword });
      await Promise.all(ids.map((id) => next.keeper.close(id, { askGatewayLogin: ask })));
      deepEqual([asked.length, refused.length, sessions.size], [1, 1, 0]);
      await (await open()).keeper.keepAlive(next.keeper.main('c').id);
    });

    it('a wrong one that a person types is sent once', async () => {
      const window = await open();
      const { id } = await window.keeper.signIn('c', { login: anna });
      const { ask } = person({ ...tomcatUser, gatewayPassword: 'mistyped' });
      await rejects(window.keeper.keepAlive(id, { askGatewayLogin: ask }), wanted);
      await rejects(window.keeper.keepAlive(id), wanted);
      await rejects(window.keeper.keepAlive(id), wanted);
      deepEqual(refused, ['tomcat:mistyped']);
    });
  });
}
