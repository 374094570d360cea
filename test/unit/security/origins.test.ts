import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { SystemClock } from '../../../src/core/clock.ts';
import type { Connection } from '../../../src/core/connection.ts';
import { connect } from '../../connect.ts';
import { connectionOf } from '../../connectionOf.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../simulate/window.ts';
import { closeServers, json, serve, type TestServer } from '../core/protocols/rig.ts';

const login = { username: 'Canary-User-1', password: 'Canary-Pass-2', gatewayPassword: 'Canary-Tomcat-3' };

/** A gateway that records what it gets; its tokens and sessions carry its name. */
async function gateway(name: string): Promise<TestServer> {
  let sessions = 0;
  return serve((got, response) => {
    if (got.path.endsWith('/services')) {
      json(response, []);
    } else if (got.path.endsWith('/login')) {
      json(response, { userToken: `Canary-Token-of-${name}` });
    } else if (got.path.endsWith('/data')) {
      sessions++;
      const session = got.query.get('session') ?? `Canary-Session-${sessions}-of-${name}`;
      json(response, { rc: 0, session, totalRows: 0, Rows: [] });
    } else if (got.path.startsWith('/GetSessionToken')) {
      json(response, { Result: { SessionToken: `Canary-Sarus-of-${name}`, Remaining: 60_000 } });
    } else if (got.path.startsWith('/RenewSessionToken') || got.path.startsWith('/QuerySessionToken')) {
      json(response, { Result: { Remaining: 60_000 } });
    } else {
      json(response, {});
    }
  });
}

/** All that a server got, as it came. */
function received({ got }: TestServer): string {
  return got
    .map(({ url, headers, body }) => `${decodeURIComponent(url)} ${JSON.stringify(headers)} ${body}`)
    .join('\n');
}

describe('security: credentials and tokens go to the origin they were given for, and nowhere else', () => {
  let window: TestWindow;
  let connections: Connection[];
  let storage: SharedStorage;

  function lead(settings: Record<string, unknown>): void {
    connections.splice(0, connections.length, connectionOf({ name: 'c', ...settings }));
  }

  beforeEach(() => {
    const clock = new SystemClock();
    connections = [];
    storage = new SharedStorage();
    window = new TestWindow({
      clock,
      store: storage.window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections,
      connect: (connection, { redactor, log }) =>
        connect(connection, { clock, redactor, log, maxResponseBytes: () => 1_048_576, random: () => 0 }),
      name: 'w',
    });
  });

  afterEach(async () => {
    window.dispose();
    await closeServers();
  });

  it('CRA: a connection that leads elsewhere asks for the login again, and no old token follows it', async () => {
    const [a, b] = [await gateway('A'), await gateway('B')];
    const settings = { kind: 'bmc-cra', dialect: 'views', service: 'S', gatewayUser: 'tomcat' };
    const { keeper } = window;
    lead({ ...settings, url: a.url });
    const user = await keeper.signIn('c', { login, remember: true });
    const request = { connection: 'c', product: 'P', view: 'V' };
    const { session } = await keeper.getData(request, { makeReader: plainReader });
    ok(session !== undefined && received(a).includes(login.password));

    lead({ ...settings, url: b.url });
    for (const attempt of [
      () => keeper.getData(request, { makeReader: plainReader }),
      () => keeper.getData({ ...request, session: session.id }, { makeReader: plainReader }),
      () => keeper.keepAlive(user.id),
      () => keeper.keepAlive(session.id),
      () => keeper.remainingLife(session.id),
      () => keeper.signIn('c', {}),
    ]) {
      await rejects(attempt(), { name: 'TokensError' });
    }
    equal(await keeper.isRemembered('c'), false);
    let asked = 0;
    await keeper.signIn('c', {
      askLogin: async () => {
        asked++;
        return { login: { username: 'Other-User', password: 'Other-Pass' }, remember: false };
      },
    });
    equal(asked, 1);
    await rejects(keeper.getData({ ...request, session: session.id }, { makeReader: plainReader }), {
      code: 'E_UNKNOWN_TOKEN',
    });
    await keeper.getData(request, { makeReader: plainReader });
    await keeper.close(session.id); // Nothing leads to where it is: forgotten here.
    await keeper.closeAll('c');
    ok(!received(b).includes('Canary-User'), received(b));
    ok(!received(b).includes('Canary-Pass'), received(b));
    ok(!received(b).includes('of-A'), received(b));
    ok(!received(b).includes(Buffer.from(`tomcat:${login.gatewayPassword}`).toString('base64')));
  });

  it('CRA: back at its first origin, a session is never served with the token of another', async () => {
    const [a, b] = [await gateway('A'), await gateway('B')];
    const settings = { kind: 'bmc-cra', dialect: 'views', service: 'S' };
    const { keeper } = window;
    lead({ ...settings, url: a.url });
    const user = await keeper.signIn('c', { login });
    const request = { connection: 'c', product: 'P', view: 'V' };
    const { session } = await keeper.getData(request, { makeReader: plainReader });
    lead({ ...settings, url: b.url });
    await keeper.signIn('c', { login: { username: 'Other-User', password: 'Other-Pass' } });
    lead({ ...settings, url: a.url });
    await keeper.keepAlive(session?.id ?? '');
    const again = await keeper.getData(request, { makeReader: plainReader });
    equal(again.session?.id, session?.id, 'its user token is found again');
    // The user token that the session is under goes, so that another one would have to stand in.
    storage.entries.delete(user.id);
    await keeper.close(session?.id ?? '');
    ok(!received(a).includes('of-B'), received(a));
    ok(!received(b).includes('of-A'), received(b));
  });

  it('SARUS: the same', async () => {
    const [a, b] = [await gateway('A'), await gateway('B')];
    const { keeper } = window;
    lead({ kind: 'sarus', url: a.url });
    const token = await keeper.signIn('c', { login: { apiKey: 'Canary-Key' }, remember: true });
    lead({ kind: 'sarus', url: b.url });
    for (const attempt of [
      () => keeper.getData({ connection: 'c', endpoint: 'Data' }, { makeReader: plainReader }),
      () => keeper.keepAlive(token.id),
      () => keeper.remainingLife(token.id),
      () => keeper.signIn('c', {}),
    ]) {
      await rejects(attempt(), { name: 'TokensError' });
    }
    await keeper.signOut('c');
    deepEqual(b.got, []);
  });

  it('another scheme is another origin', async () => {
    const a = await gateway('A');
    const { keeper } = window;
    lead({ kind: 'sarus', url: a.url.replace('http:', 'https:') });
    await rejects(keeper.signIn('c', { login: { apiKey: 'Canary-Key' } }), { name: 'TokensError' });
    deepEqual(a.got, [], 'nothing came in plain text');
  });
});
