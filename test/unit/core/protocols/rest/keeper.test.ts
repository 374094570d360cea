import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { parseRecord } from '../../../../../src/core/tokens/record.ts';
import { Random } from '../../../../simulate/random.ts';
import { closeServers, failure, type Got, json, serve } from '../rig.ts';
import { demo, plain, Rig, restOf, tableReader } from './support.ts';

/** A server with tokens that live until a test says otherwise. */
class Server {
  url = '';
  got: Got[] = [];
  /** Tokens that are good, and refresh tokens that nobody has used yet. */
  readonly live = new Set<string>();
  readonly unused = new Set<string>();
  password = demo.password;
  ttl: number | undefined;
  isAlwaysExpired = false;
  /** Renewals give what is there once more. */
  isSame = false;
  /** Answers to renewals wait for it. */
  renewed = Promise.resolve();
  /** Answers to revocations, too. */
  revoked = Promise.resolve();
  #count = 0;

  async start(): Promise<this> {
    const { url, got } = await serve((call, response) => this.#answer(call, response));
    this.url = url;
    this.got = got;
    return this;
  }

  calls(path: string): Got[] {
    return this.got.filter((call) => call.path === path);
  }

  #answer(call: Got, response: ServerResponse): void {
    const token = /^Bearer (.*)$/.exec(call.headers.authorization ?? '')?.[1] ?? '';
    if (call.path === '/login' && JSON.parse(call.body).password === this.password) {
      this.#hand(response);
    } else if (call.path === '/refresh') {
      const isGood = this.unused.delete(call.form.get('refresh') ?? '');
      void this.renewed.then(() => (isGood ? this.#hand(response, this.isSame) : json(response, {}, 400)));
    } else if (call.path === '/logout') {
      this.live.delete(token);
      void this.revoked.then(() => json(response, {}));
    } else if (this.live.has(token) && !this.isAlwaysExpired) {
      json(response, [{ path: call.path }]);
    } else {
      json(response, {}, 401);
    }
  }

  #hand(response: ServerResponse, isSame = false): void {
    this.#count += isSame ? 0 : 1;
    const number = this.#count;
    this.live.add(`token-${number}-abcdefgh`);
    this.unused.add(`refresh-${number}-abcdefgh`);
    json(response, {
      token: `token-${number}-abcdefgh`,
      refresh: `refresh-${number}-abcdefgh`,
      ttl: this.ttl,
    });
  }
}

const refreshing = {
  ...plain,
  keep: { refreshToken: '/refresh' },
  renew: { request: 'POST /refresh', form: { refresh: '{refreshToken}' }, send: false },
};

describe('rest: tokens', () => {
  let rig: Rig;
  let server: Server;

  beforeEach(async () => {
    rig = new Rig();
    server = await new Server().start();
  });
  afterEach(async () => {
    rig.end();
    await closeServers();
  });

  const called = async (times: number) => {
    while (server.calls('/refresh').length < times) {
      await new Promise((done) => setTimeout(done, 1));
    }
  };

  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      rig.clock.advance(50);
      await new Promise((done) => setTimeout(done, 1));
    }
  };

  const signedIn = async (description: Record<string, unknown>, remember = true) => {
    const window = await rig.open('one', restOf(server.url, description));
    const token = await window.keeper.signIn('api', { login: demo, remember });
    return { window, token };
  };

  it('say what can be done about them', async () => {
    const { token } = await signedIn(plain);
    deepEqual([token.kind, token.renewable, token.closable], ['session', false, false]);
    const full = restOf(server.url, { ...refreshing, name: 'full', revoke: { request: 'POST /logout' } });
    const window = await rig.open('two', full);
    const other = await window.keeper.signIn('full', { login: demo });
    deepEqual([other.renewable, other.closable], [true, true]);
  });

  it('are set back by a call only where they slide', async () => {
    for (const [sliding, left] of [
      [true, 300_000],
      [false, 200_000],
    ] as const) {
      const window = await rig.open(
        `w${sliding}`,
        restOf(server.url, { ...plain, life: { minutes: 5, sliding } }),
      );
      const before = await window.keeper.signIn('api', { login: demo });
      equal(before.expiresAt - rig.clock.now().wall, 300_000);
      rig.clock.advance(100_000);
      await rig.rows(window);
      equal(window.keeper.token(before.id).expiresAt - rig.clock.now().wall, left);
      await window.keeper.signOut('api');
    }
  });

  it('are replaced once by a sign-in where one is refused, and the call is made once more', async () => {
    const { window } = await signedIn(plain);
    server.live.clear();
    deepEqual(await rig.rows(window), [{ path: '/items' }]);
    equal(server.calls('/login').length, 2);
    equal(server.calls('/items').length, 2);
  });

  it('lead to one sign-in and one repetition a call where everything counts as expired, and then to none', async () => {
    const { window } = await signedIn(plain);
    server.isAlwaysExpired = true;
    await failure(rig.rows(window), 'E_EXPIRED');
    equal(server.calls('/items').length, 2);
    equal(server.calls('/login').length, 2);
    for (let call = 0; call < 4; call++) {
      await failure(rig.rows(window), 'E_EXPIRED');
    }
    equal(server.calls('/login').length, 4, 'three in vain');
    equal(server.calls('/items').length, 7, 'two of each such call, and the last token once more');
    // A person signs in by hand: from then on it goes on.
    server.isAlwaysExpired = false;
    await window.keeper.signIn('api', { login: demo });
    await rig.rows(window);
    server.live.clear();
    await rig.rows(window);
    equal(server.calls('/login').length, 6);
  });

  it('are not asked for again with a password that was refused', async () => {
    const { window } = await signedIn(plain);
    server.live.clear();
    server.password = 'another one';
    for (let call = 0; call < 3; call++) {
      await failure(rig.rows(window), 'E_CREDENTIALS');
    }
    equal(server.calls('/login').length, 2);
  });

  it('and logins go to no other description of the same address', async () => {
    await signedIn({ ...plain, revoke: { request: 'POST /logout' } });
    for (const changed of [
      { signIn: { ...plain.signIn, request: 'POST /login?to=elsewhere' } },
      { send: { in: 'query', name: 't' } },
      { headers: { 'X-T': '{token}' } },
      { keep: { more: '/refresh' } },
      { ask: ['username', 'password', 'code'] },
      { requests: { log: { request: 'GET /log?t={token}' } } },
      { requests: { log: { request: 'POST /log{?csrf}', keep: { csrf: '/csrf' } } } },
    ]) {
      const window = await rig.open(JSON.stringify(changed), restOf(server.url, { ...plain, ...changed }));
      const before = server.got.length;
      await failure(rig.rows(window), 'E_CREDENTIALS');
      const [token] = window.keeper.tokens('api');
      ok(token);
      await failure(window.keeper.keepAlive(token.id), 'E_CONFIG');
      equal(server.got.length, before, JSON.stringify(changed));
    }
    // Members that do not decide where secrets go do not change the identity.
    const same = {
      ...plain,
      revoke: { request: 'POST /logout' },
      rows: '/0',
      life: { minutes: 9 },
      requests: { a: { request: 'GET /a' } },
    };
    const window = await rig.open('same', restOf(server.url, same));
    deepEqual(await rig.rows(window, { request: 'a' }), [{ path: '/a' }]);
    equal(server.calls('/login').length, 1);
  });

  it('are renewed by a refresh token, which is stored before anything else and used once', async () => {
    server.ttl = 60;
    const { window, token } = await signedIn({ ...refreshing, life: { seconds: '/ttl' } }, false);
    const other = await rig.open('two', restOf(server.url, { ...refreshing, life: { seconds: '/ttl' } }));
    await Promise.all([
      window.keeper.keepAlive(token.id),
      window.keeper.keepAlive(token.id),
      turned(rig, other.keeper.keepAlive(token.id)),
    ]);
    equal(server.calls('/refresh').length, 1);
    equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
    equal(other.keeper.reveal(token.id), 'token-2-abcdefgh');
    const parsed = parseRecord(token.id, (await rig.storage.window().read(token.id)) ?? '');
    ok(parsed.ok);
    deepEqual(parsed.value.more, { refreshToken: 'refresh-2-abcdefgh' });
    await other.keeper.keepAlive(token.id);
    equal(server.calls('/refresh').length, 2);
  });

  it('are renewed by a refresh token even when they have died, with no password at hand', async () => {
    const { window, token } = await signedIn(refreshing, false);
    server.live.clear();
    deepEqual(await rig.rows(window), [{ path: '/items' }]);
    equal(server.calls('/login').length, 1);
    equal(server.calls('/refresh').length, 1);
    // Where it has expired by the clock nothing is tried with the dead one.
    rig.clock.advance(31 * 60_000);
    await rig.rows(window);
    equal(server.calls('/items').length, 3);
    equal(server.calls('/refresh').length, 2);
    equal(window.keeper.token(token.id).state, 'live');
  });

  it('are not renewed by half a request where that needs a login which nobody remembers', async () => {
    const form = { refresh: '{refreshToken}', secret: '{password}' };
    for (const renew of [{ form }, { form: { refresh: '{refreshToken}' }, basic: true }]) {
      const description = { ...refreshing, renew: { request: 'POST /refresh', send: false, ...renew } };
      const { window, token } = await signedIn(description, false);
      const { message } = await failure(turned(rig, window.keeper.keepAlive(token.id)), 'E_CREDENTIALS');
      match(message, /api needs “password”, which is not remembered/);
      equal(server.calls('/refresh').length, 0);
      deepEqual(await rig.rows(window), [{ path: '/items' }], 'it is as good as before');
      server.live.clear();
      await failure(turned(rig, rig.rows(window)), 'E_EXPIRED');
      const login = async () => ({ login: demo, remember: true });
      const asked = { makeReader: tableReader, askLogin: login };
      await turned(rig, window.keeper.getData({ connection: 'api', request: 'GET /items' }, asked));
      await turned(rig, window.keeper.keepAlive(window.keeper.main('api').id));
      equal(server.calls('/refresh').length, 1);
      server.got.length = 0;
      await window.keeper.signOut('api');
    }
  });

  it('are renewed once by two machines at once: the one that comes late finds what the other has got', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const far = new Rig(rig);
    try {
      const other = await far.open('far', restOf(server.url, refreshing));
      await Promise.all([
        turned(rig, window.keeper.keepAlive(token.id)),
        turned(far, other.keeper.keepAlive(token.id)),
      ]);
      equal(server.calls('/login').length, 1);
      equal(server.calls('/refresh').length, 1);
      equal(window.keeper.reveal(token.id), other.keeper.reveal(token.id));
      ok(server.live.has(other.keeper.reveal(token.id)));
      await turned(far, other.keeper.keepAlive(token.id));
      equal(server.calls('/login').length, 1);
    } finally {
      far.end();
    }
  });

  it('are good where another machine has used the refresh token just before: its result is awaited', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const far = new Rig(rig);
    try {
      const other = await far.open('far', restOf(server.url, refreshing));
      const { promise, resolve } = Promise.withResolvers<void>();
      server.renewed = promise;
      const first = other.keeper.keepAlive(token.id);
      await turned(far, called(1));
      server.renewed = Promise.resolve();
      server.live.clear();
      const second = rig.rows(window);
      await called(2);
      await new Promise((done) => setTimeout(done, 20));
      resolve();
      await Promise.all([turned(far, first), turned(rig, second)]);
      equal(server.calls('/login').length, 1);
      equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
    } finally {
      far.end();
    }
  });

  it('are renewed once by two windows at once, though a window that has replaced them holds them under another id', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const store = rig.storage.window();
    const entry = (await store.read(token.id)) ?? '';
    await store.write('aside', JSON.stringify({ ...JSON.parse(entry), id: 'aside' }));
    await pass(50);
    ok(other.keeper.find('aside'));
    const both = [
      window.keeper.keepAlive(token.id),
      other.keeper.keepAlive('aside'),
      window.keeper.keepAlive('aside'),
    ];
    await turned(rig, Promise.allSettled(both));
    equal(server.calls('/refresh').length, 1);
    equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are not renewed again by what is used up, while a window writes over the news of that', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const { entries } = rig.storage;
    const before = entries.get(token.id) ?? '';
    entries.set = (id) => {
      Reflect.deleteProperty(entries, 'set');
      return entries.set(id, before);
    };
    await window.keeper.keepAlive(token.id);
    await turned(rig, other.keeper.keepAlive(token.id));
    equal(server.calls('/refresh').length, 1);
    equal(other.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are renewed by one window, however long the storage lets all of them wait', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const { promise, resolve } = Promise.withResolvers<void>();
    rig.lag = promise;
    const first = window.keeper.keepAlive(token.id);
    await new Promise((done) => setTimeout(done, 5));
    rig.clock.advance(121_000);
    const second = other.keeper.keepAlive(token.id);
    await new Promise((done) => setTimeout(done, 5));
    resolve();
    await turned(rig, Promise.all([first, second]));
    equal(server.calls('/refresh').length, 1);
    equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  for (const seed of [1, 2, 3]) {
    it(`rotate, slide and end over windows and machines without a refresh token used twice (${seed})`, async () => {
      const random = new Random(seed);
      server.ttl = 60;
      const description = { ...refreshing, life: { seconds: '/ttl' }, keepAlive: 'auto' };
      const { window, token } = await signedIn(description);
      const far = new Rig(rig);
      const windows = [
        [rig, window],
        [rig, await rig.open('two', restOf(server.url, description))],
        [far, await far.open('far', restOf(server.url, description))],
      ] as const;
      try {
        for (let step = 0; step < 40; step++) {
          for (const machine of [rig, far]) {
            machine.clock.advance(2_500);
          }
          await new Promise((resolve) => setTimeout(resolve, 5));
          const [machine, one] = random.one(windows) ?? windows[0];
          await turned<unknown>(machine, random.chance(0.7) ? rig.rows(one) : one.keeper.keepAlive(token.id));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        const used = server.calls('/refresh').map((call) => call.form.get('refresh'));
        equal(new Set(used).size, used.length);
        equal(server.calls('/login').length, 1, 'nobody had to sign in again');
      } finally {
        far.end();
      }
    });
  }

  it('are renewed by one window though the machine sleeps before it can note what it has got', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const [renewed, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const soon = () => new Promise((done) => setTimeout(done, 20));
    server.renewed = renewed.promise;
    const both = [window, other].map(({ keeper }) => keeper.keepAlive(token.id));
    await soon();
    rig.clock.sleep(121_000);
    rig.lag = stored.promise;
    renewed.resolve();
    await soon();
    rig.clock.advance(200);
    await soon();
    stored.resolve();
    await turned(rig, Promise.all(both));
    equal(server.calls('/refresh').length, 1);
    equal(other.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are renewed by one window though another, which had held it too long, fails meanwhile and tries again', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.renewed = promise;
    server.unused.clear();
    const failing = failure(window.keeper.keepAlive(token.id), 'E_TIMEOUT');
    await called(1);
    server.unused.add('refresh-1-abcdefgh'); // The request was lost on its way.
    rig.clock.sleep(121_000);
    const taken = other.keeper.keepAlive(token.id);
    await new Promise((done) => setTimeout(done, 20));
    await turned(rig, failing);
    await turned(rig, called(2));
    const again = window.keeper.keepAlive(token.id);
    await pass(20_000);
    equal(server.calls('/refresh').length, 2);
    resolve();
    await turned(rig, Promise.all([taken, again]));
    equal(server.calls('/refresh').length, 2);
    equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are renewed by one window that goes meanwhile: another waits for what it has got', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.renewed = promise;
    const renewing = window.keeper.keepAlive(token.id);
    await called(1);
    await window.keeper.closeMine(3_500);
    const waiting = other.keeper.keepAlive(token.id);
    await pass(3_400);
    resolve();
    await renewing;
    await turned(rig, waiting);
    equal(server.calls('/refresh').length, 1);
    equal(other.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are renewed as often as one asks where that leaves them as they are', async () => {
    const { window, token } = await signedIn(refreshing);
    server.isSame = true;
    await window.keeper.keepAlive(token.id);
    await window.keeper.keepAlive(token.id); // Nothing waits: the clock stands still.
    equal(server.calls('/refresh').length, 2);
  });

  it('are renewed by another window where the one that did it has died', async () => {
    const { window, token } = await signedIn(refreshing, false);
    const other = await rig.open('two', restOf(server.url, refreshing));
    server.renewed = new Promise(() => undefined);
    void window.keeper.keepAlive(token.id).catch(() => undefined);
    await called(1);
    rig.claims.alive.delete('one');
    window.dispose();
    server.unused.add('refresh-1-abcdefgh'); // The request was lost on its way.
    server.renewed = Promise.resolve();
    await turned(rig, other.keeper.keepAlive(token.id));
    equal(server.calls('/refresh').length, 2);
    equal(other.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('are ended where they come of a dead one that was closed meanwhile', async () => {
    const { window, token } = await signedIn({ ...refreshing, revoke: { request: 'POST /logout' } });
    server.live.clear();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.renewed = promise;
    const rows = rig.rows(window);
    while (server.calls('/refresh').length === 0) {
      await new Promise((done) => setTimeout(done, 1));
    }
    await window.keeper.close(token.id);
    resolve();
    await turned(rig, rows);
    await rig.pass(window, 5_000);
    deepEqual([...server.live], [window.keeper.reveal(window.keeper.main('api').id)]);
  });

  it('are ended with what a renewal puts in their place while they are being closed', async () => {
    const { window, token } = await signedIn({ ...refreshing, revoke: { request: 'POST /logout' } });
    const revoked = Promise.withResolvers<void>();
    server.revoked = revoked.promise;
    const closing = window.keeper.close(token.id);
    while (server.calls('/logout').length === 0) {
      await new Promise((done) => setTimeout(done, 1));
    }
    await turned(rig, window.keeper.keepAlive(token.id)).catch(() => undefined);
    equal(server.live.size, 1);
    revoked.resolve();
    await closing;
    deepEqual([[...server.live], window.keeper.tokens()], [[], []]);
  });

  it('are signed in for anew in time where a renewal leaves their life as it was', async () => {
    const { window } = await signedIn({ ...refreshing, life: { minutes: 5 }, keepAlive: 'auto' });
    server.isSame = true;
    await rig.pass(window, 299_000);
    deepEqual([server.calls('/refresh').length, server.calls('/login').length], [1, 2]);
    equal(window.keeper.main('api').state, 'live');
  });

  it('are signed in for anew where the refresh token is good no more', async () => {
    const { window, token } = await signedIn(refreshing);
    server.live.clear();
    server.unused.clear();
    deepEqual(await turned(rig, rig.rows(window)), [{ path: '/items' }]);
    equal(server.calls('/refresh').length, 1);
    equal(server.calls('/login').length, 2);
    server.unused.clear();
    await turned(rig, window.keeper.keepAlive(token.id));
    deepEqual([server.calls('/refresh').length, server.calls('/login').length], [2, 3]);
  });

  it('are signed in for anew in time where nothing renews them', async () => {
    const { window, token } = await signedIn({ ...plain, life: { minutes: 5 }, keepAlive: 'auto' });
    await rig.pass(window, 299_000);
    equal(server.calls('/login').length, 2);
    equal(window.keeper.reveal(token.id), 'token-2-abcdefgh');
  });

  it('tell the person in time where nobody can sign in anew', async () => {
    const { window, token } = await signedIn({ ...plain, life: { minutes: 5 }, keepAlive: 'auto' }, false);
    const ends: unknown[] = [];
    window.keeper.onDidEndRenewal((end) => ends.push(end));
    await rig.pass(window, 299_000);
    deepEqual(ends, [{ id: token.id, why: 'refused' }]);
    equal(window.keeper.token(token.id).state, 'expiring');
    equal(server.calls('/login').length, 1);
  });

  it('are stored with what is kept so that version 0.1 leaves them alone', async () => {
    const { window, token } = await signedIn(refreshing);
    const entry = JSON.parse((await rig.storage.window().read(token.id)) ?? '');
    equal(entry.version, 2);
    equal(entry.value, undefined, 'version 0.1 asks for a text here');
    const other = await rig.open('two', restOf(server.url, refreshing));
    equal(other.keeper.reveal(token.id), window.keeper.reveal(token.id));
    notEqual(other.redactor.redact('refresh-1-abcdefgh'), 'refresh-1-abcdefgh');
  });

  it('are ended at the server, and kept at the end of a window where nothing ends them', async () => {
    const { window } = await signedIn({ ...plain, revoke: { request: 'POST /logout' } });
    deepEqual(await window.keeper.closeAll('api'), { closed: 1, failed: 0 });
    equal(server.live.size, 0);
    const other = await rig.open('two', restOf(server.url, plain));
    const token = await other.keeper.signIn('api', { login: demo });
    await turned(rig, other.keeper.closeMine(1_000));
    ok(other.keeper.find(token.id));
  });
});

/** Turns the clock until something has happened. */
async function turned<T>(rig: Rig, work: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  work.then(end, end);
  while (!isOver) {
    rig.clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return work;
}
