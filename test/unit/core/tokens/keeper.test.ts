import assert from 'node:assert/strict';
import { connectionOf } from '../../../connectionOf.ts';
import { demo, Gate, key, lifeMs, Rig } from './rig.ts';

const isSession = (json: string) => JSON.parse(json).view !== undefined;

describe('keeper', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  afterEach(() => rig.end());

  describe('signing in', () => {
    it('gets a token, and a new value for the same one when done again', async () => {
      const window = await rig.open('w');
      const first = await window.keeper.signIn('cra', { login: demo });
      assert.deepEqual(
        { kind: first.kind, service: first.service, lifeMs: first.lifeMs, source: first.source },
        { kind: 'user', service: 'S1', lifeMs, source: 'reported' },
      );
      const value = window.keeper.reveal(first.id);
      const second = await window.keeper.signIn('cra', { login: demo });
      assert.equal(second.id, first.id);
      assert.notEqual(window.keeper.reveal(second.id), value);
      assert.equal(window.keeper.tokens().length, 1);
    });

    it('revokes the SARUS token that it replaces', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('sarus', { login: key });
      await window.keeper.signIn('sarus', { login: key });
      assert.equal(rig.sarus.sessions.size, 1);
      assert.equal(window.keeper.tokens().length, 1);
      rig.assertInStep(window);
    });

    it('does not revoke a SARUS token that the gateway hands out again', async () => {
      const sameAgain = new Rig({}, { name: (prefix) => `${prefix}-only` });
      const window = await sameAgain.open('w');
      await window.keeper.signIn('sarus', { login: key });
      await window.keeper.signIn('sarus', { login: key });
      assert.equal(sameAgain.sarus.sessions.size, 1);
      assert.equal(window.keeper.tokens('sarus').length, 1);
      sameAgain.assertInStep(window);
      sameAgain.end();
    });

    it('keeps a replaced SARUS token on the list when it cannot be revoked', async () => {
      const window = await rig.open('w');
      const first = await window.keeper.signIn('sarus', { login: key });
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      const second = await window.keeper.signIn('sarus', { login: key });
      assert.equal(second.id, first.id);
      assert.equal(rig.sarus.sessions.size, 2);
      rig.assertInStep(window);
      // Calls are made with the new one.
      await rig.getSarus(window);
      assert.equal(rig.sarus.asked.at(-1)?.token, window.keeper.reveal(second.id));
      assert.deepEqual(await window.keeper.closeAll('sarus'), { closed: 2, failed: 0 });
      assert.equal(rig.sarus.sessions.size, 0);
    });

    it('keeps one on the list, too, that was refused though it lives, as the answer to another call tells', async () => {
      const waits: number[] = [];
      rig = new Rig({}, { latency: () => waits.shift() ?? 10 });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('sarus', { login: key, remember: true }));
      rig.faults.push(
        { operation: 'keepAlive', fault: { kind: 'status', status: 410, done: false } },
        { operation: 'close', fault: { kind: 'network', done: false } },
      );
      waits.push(10, 10, 400, 10, 10, 1_000); // Renewing, asking there and back, signing in, closing.
      await rig.during(Promise.all([window.keeper.keepAlive(id), window.keeper.remainingLife(id)]));
      await rig.pass(1_500);
      assert.equal(rig.sarus.sessions.size, 2);
      rig.assertInStep(window);
    });

    it('keeps one on the list, too, whose note took so long to be stored that it looked like that of a dead window', async () => {
      rig = new Rig({}, { lifeMs: 10 * lifeMs });
      const lags: number[] = [];
      const lag = (ms = 0) =>
        new Promise<void>((done) => void (ms ? rig.clock.setTimeout(done, ms) : done()));
      const window = await rig.open('w', () => lag(lags.shift()));
      await window.keeper.signIn('sarus', { login: key });
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      lags.push(0, 70_000); // Reading and writing the note.
      await rig.during(window.keeper.signIn('sarus', { login: key }));
      assert.equal(rig.sarus.sessions.size, 2);
      rig.assertInStep(window);
    });

    it('holds a new SARUS token though the one before it waits for the end of what that replaced', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('sarus', { login: key });
      const proto = Object.getPrototypeOf(rig.sarus.gateway(rig.connections[1] ?? assert.fail()));
      const original = proto.close;
      const closing = Promise.withResolvers<void>();
      proto.close = () => closing.promise;
      try {
        const signIns = [1, 2].map(() => window.keeper.signIn('sarus', { login: key }));
        await rig.settle();
        const stored = [...rig.storage.entries.values()].join();
        assert.equal(rig.sarus.sessions.size, 3);
        for (const value of rig.sarus.sessions.keys()) {
          assert.ok(stored.includes(value), value);
        }
        closing.resolve();
        await Promise.all(signIns);
      } finally {
        proto.close = original;
      }
    });

    it('tries whether sessions serve under the new user token, and closes those that do not', async () => {
      const window = await rig.open('w');
      const user = await window.keeper.signIn('cra', { login: demo });
      const before = window.keeper.reveal(user.id);
      await rig.getData(window);
      await window.keeper.signIn('cra', { login: demo });
      rig.assertInStep(window);
      assert.equal(window.keeper.tokens().length, 1, 'the model’s sessions die with their user token');
      assert.equal(rig.cra.asked.filter(({ operation }) => operation === 'close').length, 1);
      assert.notEqual(window.keeper.reveal(user.id), before);
    });

    it('closes a session under the old user token when nobody can tell whether it serves under the new one', async () => {
      const window = await rig.open('w');
      for (const status of [500, 503]) {
        await window.keeper.signIn('cra', { login: demo });
        await rig.getData(window);
        rig.faults.push({ operation: 'keepAlive', fault: { kind: 'status', status, done: false } });
        await window.keeper.signIn('cra', { login: demo });
        assert.equal(rig.cra.sessions.size, 0);
        rig.assertInStep(window);
      }
    });

    it('does not lose a session that was being opened under the user token that it replaces', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      const getting = rig.getData(window);
      await rig.pass(500);
      await rig.during(Promise.all([window.keeper.signIn('cra', { login: demo }), getting]));
      rig.assertInStep(window);
      assert.equal(rig.cra.sessions.size, 0, 'it was closed under the token that it was opened with');
    });

    it('loses none of two SARUS tokens when done twice at once', async () => {
      rig = new Rig({}, { latency: () => 500 });
      const window = await rig.open('w');
      const signIn = () => window.keeper.signIn('sarus', { login: key });
      await rig.during(signIn());
      await rig.during(Promise.all([signIn(), signIn(), signIn()]));
      assert.equal(rig.sarus.sessions.size, 1);
      rig.assertInStep(window);
    });

    it('loses none of two SARUS tokens when another window does it between two of its steps', async () => {
      const storage = new Gate();
      const one = await rig.open('one', storage.passed);
      const two = await rig.open('two');
      await one.keeper.signIn('sarus', { login: key });
      await rig.settle();
      storage.close();
      const signing = one.keeper.signIn('sarus', { login: key });
      await rig.settle();
      storage.open();
      await two.keeper.signIn('sarus', { login: key });
      await rig.settle();
      storage.release();
      await signing;
      await rig.pass(3_000);
      assert.equal(rig.sarus.sessions.size, 1);
      rig.assertInStep(one);
      rig.assertInStep(two);
    });

    it('closes a session that a lost answer may have renewed under the token that it was opened with', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      await rig.pass(lifeMs / 2, 1_000);
      rig.faults.push({ operation: 'keepAlive', fault: { kind: 'network', done: true } });
      await assert.rejects(window.keeper.keepAlive(session?.id ?? ''), { code: 'E_NETWORK' });
      await rig.pass(lifeMs / 2 + 1_000, 1_000);
      assert.equal(window.keeper.find(session?.id ?? '')?.state, 'expired');
      assert.equal(rig.cra.sessions.size, 1);
      await window.keeper.signIn('cra', { login: demo });
      assert.equal(rig.cra.sessions.size, 0);
    });

    it('notes the old user token for whoever has to take over what was being opened under it', async () => {
      let latency = 3_000;
      rig = new Rig({}, { latency: () => latency, logsOff: false });
      const window = await rig.open('w');
      const user = await rig.during(window.keeper.signIn('cra', { login: demo }));
      const old = window.keeper.reveal(user.id);
      const getting = rig.getData(window);
      await rig.settle();
      latency = 500;
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      for (let open = 0; open < 1; open = [...rig.storage.entries.values()].filter(isSession).length) {
        await rig.pass(50, 50);
      }
      const notes = [...rig.storage.entries.values()].map((json) => JSON.parse(json));
      assert.ok(notes.some(({ value, closing }) => value === old && closing));
      await rig.during(getting);
      assert.equal(rig.cra.sessions.size, 0);
      assert.deepEqual([...rig.storage.entries.keys()], [user.id]);
      await rig.pass(1_000); // The log-off.
    });

    it('tries again to close what could not be closed under the old user token, and nothing else', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      await window.keeper.signIn('cra', { login: demo });
      await rig.settle();
      assert.equal(window.keeper.isUsable(session?.id ?? ''), false, 'it does not serve any more');
      assert.equal((await rig.getData(window)).reused, false);
      assert.ok(rig.storage.entries.has(session?.id ?? ''), 'it is held until it is closed');
      assert.equal(rig.cra.sessions.size, 2);
      // Whatever the retry results in, it must not touch what is open under the new one.
      const keepAlives = rig.cra.count('keepAlive');
      await rig.pass(50_000, 1_000);
      await rig.getData(window);
      await rig.pass(11_000, 1_000);
      assert.equal(rig.cra.count('keepAlive'), keepAlives);
      assert.equal(rig.cra.sessions.size, 1);
      rig.assertInStep(window);
      assert.equal(window.keeper.tokens().length, 2);
    });

    it('keeps the old user token while a session waits to be closed under it, whoever closes that token', async () => {
      const window = await rig.open('w');
      const user = await window.keeper.signIn('cra', { login: demo });
      await rig.getData(window);
      const fails = () => rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      fails();
      await window.keeper.signIn('cra', { login: demo });
      const [old = ''] = [...rig.storage.entries].flatMap(([id, json]) =>
        !isSession(json) && id !== user.id ? id : [],
      );
      fails();
      await window.keeper.close(old);
      assert.equal(rig.cra.sessions.size, 1);
      await window.keeper.close(old);
      assert.equal(rig.cra.sessions.size, 0);
      assert.deepEqual(
        window.keeper.tokens().map(({ id }) => id),
        [user.id],
      );
    });

    it('asks nothing about a session that is certainly dead', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      await rig.getData(window);
      await rig.pass(3 * lifeMs, 10_000);
      const asked = rig.cra.asked.length;
      await window.keeper.signIn('cra', { login: demo });
      assert.equal(rig.cra.asked.length, asked + 1);
    });

    it('closes a session that was being opened under a user token that was closed meanwhile', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('cra', { login: demo }));
      const getting = rig.getData(window);
      await rig.pass(500);
      await rig.during(window.keeper.close(id));
      await rig.during(getting);
      rig.assertInStep(window);
      assert.equal(rig.cra.sessions.size, 0);
      await rig.pass(2_500); // The log-off.
    });

    it('goes on when its asker has turned away, and keeps what comes', async () => {
      const window = await rig.open('w');
      const stop = new AbortController();
      const signing = window.keeper.signIn('sarus', { login: key, signal: stop.signal });
      stop.abort();
      await assert.rejects(signing, { code: 'E_CANCELLED' });
      await rig.settle();
      assert.equal(window.keeper.tokens('sarus').length, 1);
      rig.assertInStep(window);
    });

    it('says who is not signed in, and what is no connection', async () => {
      const window = await rig.open('w');
      await assert.rejects(window.keeper.signIn('cra', {}), { code: 'E_CREDENTIALS' });
      await assert.rejects(window.keeper.signIn('other', {}), { code: 'E_CONFIG' });
      await assert.rejects(window.keeper.signIn('cra', { login: { username: 'demo', password: 'wrong' } }), {
        code: 'E_CREDENTIALS',
      });
      assert.throws(() => window.keeper.main('cra'), { code: 'E_UNKNOWN_TOKEN' });
      assert.deepEqual(window.keeper.tokens(), []);
    });

    it('remembers a login only if told to, and sends it nowhere else', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      assert.equal(await window.keeper.isRemembered('cra'), false);
      await window.keeper.signIn('cra', { login: demo, remember: true });
      assert.equal(await window.keeper.isRemembered('cra'), true);
      // The same name leads elsewhere now.
      rig.connections[0] = connectionOf({ ...rig.connections[0], url: 'https://elsewhere.example' });
      assert.equal(await window.keeper.isRemembered('cra'), false);
      const { length } = rig.cra.asked;
      await assert.rejects(rig.getData(window), { code: 'E_CREDENTIALS' });
      const [user] = window.keeper.tokens();
      await assert.rejects(window.keeper.keepAlive(user?.id ?? ''), { code: 'E_CONFIG' });
      assert.equal(rig.cra.asked.length, length, 'neither login nor token went there');
      await window.keeper.close(user?.id ?? '');
    });

    it('sends its tokens to no gateway of another kind, though it has the same address', async () => {
      const window = await rig.open('w');
      const { keeper } = window;
      await keeper.signIn('cra', { login: demo });
      await rig.getData(window);
      rig.connections[0] = connectionOf({ name: 'cra', kind: 'sarus' });
      for (const { id } of keeper.tokens()) {
        await assert.rejects(keeper.keepAlive(id), { code: 'E_CONFIG' });
        await assert.rejects(keeper.remainingLife(id), { code: 'E_CONFIG' });
        assert.equal(keeper.isUsable(id), false);
      }
      await keeper.signOut('cra');
      assert.deepEqual(rig.sarus.asked, []);
    });

    it('forgets everything at signing out', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo, remember: true });
      await rig.getData(window);
      assert.deepEqual(await window.keeper.signOut('cra'), { closed: 1, failed: 0 });
      assert.deepEqual(window.keeper.tokens(), []);
      assert.equal(rig.storage.entries.size, 0);
      assert.equal(rig.credentials.entries.size, 0);
    });

    it('forgets nothing when signing out is called off', async () => {
      rig = new Rig({}, { latency: () => 500 });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('cra', { login: demo, remember: true }));
      await rig.during(rig.getData(window));
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      const stop = new AbortController();
      const leaving = window.keeper.signOut('cra', { signal: stop.signal });
      await rig.pass(100);
      stop.abort();
      await assert.rejects(leaving, { code: 'E_CANCELLED' });
      await rig.pass(1_000);
      assert.equal(window.keeper.tokens().length, 2);
      assert.equal(rig.credentials.entries.size, 1);
      rig.assertInStep(window);
    });

    it('closes at signing out what is signed in to meanwhile, before it is forgotten', async () => {
      let latencyMs = 500;
      rig = new Rig({}, { latency: () => latencyMs });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('sarus', { login: key }));
      const leaving = window.keeper.signOut('sarus');
      await rig.pass(100);
      latencyMs = 100;
      await rig.during(window.keeper.signIn('sarus', { login: key }));
      assert.deepEqual(await rig.during(leaving), { closed: 2, failed: 0 });
      assert.equal(rig.sarus.sessions.size, 0);
    });

    it('counts a token once that is being replaced when somebody signs out', async () => {
      let latencyMs = 0;
      let storageMs = 0;
      rig = new Rig({}, { latency: () => latencyMs });
      const lag = async (): Promise<void> => {
        await new Promise<void>((resolve) => {
          rig.clock.setTimeout(resolve, storageMs);
        });
      };
      const window = await rig.open('w', () => (storageMs === 0 ? Promise.resolve() : lag()));
      await window.keeper.signIn('sarus', { login: key });
      latencyMs = 500;
      storageMs = 200;
      const ended = Promise.allSettled([window.keeper.signIn('sarus', { login: key })]);
      await rig.pass(1200, 25);
      assert.deepEqual(await rig.during(window.keeper.signOut('sarus')), { closed: 2, failed: 0 });
      assert.equal(rig.sarus.sessions.size, 0);
      await rig.during(ended);
      await rig.pass(1000);
    });

    it('undoes a sign-in that was under way when somebody signed out, and remembers nothing of it', async () => {
      let latencyMs = 0;
      rig = new Rig({}, { latency: () => latencyMs });
      const { keeper } = await rig.open('w');
      for (const [name, login, gateway] of [
        ['cra', demo, rig.cra],
        ['sarus', key, rig.sarus],
      ] as const) {
        const { id } = await keeper.signIn(name, { login, remember: true });
        gateway.restart();
        latencyMs = 500;
        const refused = [
          assert.rejects(keeper.keepAlive(id)),
          assert.rejects(keeper.signIn(name, { login, remember: true }), { code: 'E_CREDENTIALS' }),
        ];
        await rig.pass(600);
        latencyMs = 0;
        await keeper.signOut(name);
        await rig.during(Promise.all(refused));
        assert.deepEqual(keeper.tokens(), []);
        assert.equal(rig.credentials.entries.size, 0);
        assert.equal(gateway.users.size + gateway.sessions.size, 0);
      }
    });
  });

  describe('keeping alive by hand', () => {
    it('renews with one request and one write', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      const { writes } = rig.storage;
      const asked = rig.sarus.asked.length;
      await rig.pass(30_000);
      const renewed = await window.keeper.keepAlive(id);
      await rig.pass(5_000);
      assert.equal(rig.sarus.asked.length - asked, 1);
      assert.equal(rig.storage.writes - writes, 1);
      assert.equal(renewed.expiresAt, renewed.lastUsedAt + lifeMs);
    });

    it('takes over a value that a renewal replaced', async () => {
      rig = new Rig({}, { replaces: true });
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      const before = window.keeper.reveal(id);
      await window.keeper.keepAlive(id);
      assert.notEqual(window.keeper.reveal(id), before);
      await rig.getSarus(window);
      rig.assertInStep(window);
      assert.ok(rig.sarus.asked.slice(2).every(({ token }) => token !== before));
    });

    it('signs in again with what is remembered when the token has died', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo, remember: true });
      rig.cra.restart();
      await window.keeper.keepAlive(id);
      assert.equal(rig.cra.count('signIn'), 2);
      assert.equal(window.keeper.token(id).state, 'live');
    });

    it('does not sign in again for a refusal that is not about the token', async () => {
      const window = await rig.open('w');
      for (const [connection, login] of [
        ['cra', demo],
        ['sarus', key],
      ] as const) {
        const { id } = await window.keeper.signIn(connection, { login, remember: true });
        for (const status of [400, 404, 500]) {
          rig.faults.push({ operation: 'keepAlive', fault: { kind: 'status', status, done: false } });
          await assert.rejects(window.keeper.keepAlive(id), { code: 'E_HTTP' });
        }
      }
      assert.equal(rig.cra.count('signIn') + rig.sarus.count('signIn'), 2);
    });

    it('shows a token as expired when nobody can sign in again', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      rig.cra.restart();
      await assert.rejects(window.keeper.keepAlive(id), { code: 'E_EXPIRED' });
      assert.equal(window.keeper.token(id).state, 'expired');
    });

    it('ends a session that the gateway has ended, and says so', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      rig.cra.evict(window.keeper.reveal(session?.id ?? ''));
      await assert.rejects(window.keeper.keepAlive(session?.id ?? ''), {
        code: 'E_EXPIRED',
        message: /P\/V/,
      });
      assert.equal(window.keeper.find(session?.id ?? ''), undefined);
      rig.assertInStep(window);
    });

    it('says that a session has ended which the new sign-in could not take over', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo, remember: true });
      const { session } = await rig.getData(window);
      rig.cra.restart();
      const renewing = window.keeper.keepAlive(session?.id ?? '');
      await assert.rejects(renewing, { code: 'E_EXPIRED', message: /has ended at the gateway/ });
      assert.equal(window.keeper.find(session?.id ?? ''), undefined);
    });

    it('asks the person when nothing is remembered', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      rig.cra.restart();
      const asked: string[] = [];
      await window.keeper.keepAlive(id, {
        askLogin: async (_connection, service, why) => {
          asked.push(`${service} ${why}`);
          return { login: demo, remember: false };
        },
      });
      assert.deepEqual(asked, ['S1 unknown']);
      rig.cra.restart();
      await assert.rejects(window.keeper.keepAlive(id, { askLogin: async () => undefined }), {
        code: 'E_CANCELLED',
      });
    });
  });

  describe('querying', () => {
    it('believes what SARUS tells, and does not take it for a use', async () => {
      const window = await rig.open('w');
      const { id, lastUsedAt } = await window.keeper.signIn('sarus', { login: key });
      await rig.pass(20_000);
      const told = await window.keeper.remainingLife(id);
      assert.equal(told.source, 'reported');
      assert.equal(told.expiresAt, rig.clock.now().wall + lifeMs - 20_000);
      assert.equal(told.lifeMs, lifeMs);
      assert.equal(told.lastUsedAt, lastUsedAt);
    });

    it('shows as expired what SARUS knows no more', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      rig.sarus.restart();
      await assert.rejects(window.keeper.remainingLife(id), { code: 'E_EXPIRED' });
      assert.equal(window.keeper.token(id).state, 'expired');
    });

    it('reckons for CRA, without a request', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      await window.keeper.remainingLife(id);
      assert.equal(await window.keeper.canAsk(id), false);
      assert.equal(rig.cra.asked.length, 1);
    });
  });

  describe('closing', () => {
    it('closes at the gateway and forgets', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      await window.keeper.close(session?.id ?? '');
      await assert.rejects(window.keeper.close(session?.id ?? ''), { code: 'E_UNKNOWN_TOKEN' });
      rig.assertInStep(window);
    });

    it('closes once for all who want it closed at once', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      await Promise.all([window.keeper.close(id), window.keeper.close(id), window.keeper.closeAll()]);
      assert.equal(rig.sarus.count('close'), 1);
    });

    it('keeps what could not be closed', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      for (const status of [404, 500, 503]) {
        rig.faults.push({ operation: 'close', fault: { kind: 'status', status, done: false } });
        await assert.rejects(window.keeper.close(id), { code: 'E_HTTP' });
        rig.assertInStep(window);
      }
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      assert.deepEqual(await window.keeper.closeAll(), { closed: 0, failed: 1 });
      rig.assertInStep(window);
    });

    it('closes a session although its user token has died, if a login is remembered', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo, remember: true });
      const { session } = await rig.getData(window);
      rig.faults.push({ operation: 'close', fault: { kind: 'status', status: 401, done: false } });
      await window.keeper.close(session?.id ?? '');
      assert.equal(rig.cra.count('signIn'), 1, 'the user token answered, so it was not that');
      rig.assertInStep(window);
    });

    it('of a user token closes its sessions and forgets it; with one left open it stays', async () => {
      const window = await rig.open('w');
      const user = await window.keeper.signIn('cra', { login: demo });
      await rig.getData(window);
      await rig.getData(window, { view: 'W' });
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      await assert.rejects(window.keeper.close(user.id), { code: 'E_NETWORK' });
      assert.equal(window.keeper.tokens().length, 2);
      rig.assertInStep(window);
      await window.keeper.close(user.id);
      assert.deepEqual(window.keeper.tokens(), []);
      rig.assertInStep(window);
    });

    it('of a user token closes those as well that open meanwhile', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('cra', { login: demo }));
      await rig.during(rig.getData(window));
      const getting = rig.getData(window, { view: 'W' });
      await rig.pass(1_500);
      await rig.during(Promise.all([window.keeper.close(id), getting]));
      assert.deepEqual(window.keeper.tokens(), []);
      assert.equal(rig.cra.sessions.size, 0);
    });

    it('closes what is being taken over from an old sign-in under that one', async () => {
      rig = new Rig({}, { latency: () => 500 });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      const { session } = await rig.during(rig.getData(window));
      const signing = window.keeper.signIn('cra', { login: demo });
      await rig.pass(1_100, 50);
      await rig.during(window.keeper.close(session?.id ?? ''));
      assert.equal(rig.cra.sessions.size, 0, 'under the new user token nobody can close it');
      await rig.during(signing);
    });

    it('closes what is about to be taken over under the user token that it is open under', async () => {
      rig = new Rig({}, { latency: () => 500 });
      const storage = new Gate();
      const window = await rig.open('w', storage.passed);
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      const { session } = await rig.during(rig.getData(window));
      await rig.pass(2_000);
      // The old user token is being stored for takeover: it is not replaced yet.
      storage.close();
      const signing = window.keeper.signIn('cra', { login: demo });
      await rig.pass(1_100, 50);
      const closing = window.keeper.close(session?.id ?? '');
      await rig.settle();
      storage.open();
      storage.release();
      await rig.during(Promise.all([signing, closing]));
      assert.equal(rig.cra.sessions.size, 0);
      rig.assertInStep(window);
    });

    it('closes what another window was opening under a user token that is closed', async () => {
      const storage = new Gate();
      const one = await rig.open('one', storage.passed);
      const two = await rig.open('two');
      const { id } = await one.keeper.signIn('cra', { login: demo });
      await rig.settle();
      storage.close(); // One has not heard yet of what two opens.
      await rig.getData(two);
      await rig.settle();
      storage.open();
      await one.keeper.close(id);
      await rig.settle();
      storage.release();
      await rig.settle();
      assert.equal(rig.cra.sessions.size, 0);
      assert.deepEqual([one.keeper.tokens(), two.keeper.tokens()], [[], []]);
    });

    it('forgets what another window has put aside while it was renewed', async () => {
      rig = new Rig({}, { replaces: true });
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      const text = rig.storage.entries.get(id) ?? '';
      await rig.pass(250);
      await window.keeper.keepAlive(id);
      const other = rig.storage.window();
      await other.write('aside', text.replace(`"id":"${id}"`, '"id":"aside"'));
      await rig.settle();
      rig.assertInStep(window);
      other.dispose();
    });

    it('closes as well what a renewal puts in its place meanwhile', async () => {
      for (const [renewalMs, closeMs] of [
        [2_000, 4_000],
        [4_000, 2_000],
      ] as const) {
        let latency = renewalMs / 2;
        rig = new Rig({}, { latency: () => latency, replaces: true });
        const window = await rig.open('w');
        const { id } = await rig.during(window.keeper.signIn('sarus', { login: key }));
        const renewal = window.keeper.keepAlive(id).catch(() => undefined);
        await rig.settle();
        latency = closeMs / 2;
        const closing = window.keeper.close(id);
        await rig.during(Promise.all([renewal, closing]));
        await rig.pass(closeMs);
        assert.equal(rig.sarus.sessions.size, 0, `renewal takes ${renewalMs} ms, close ${closeMs} ms`);
        rig.assertInStep(window);
        rig.end();
      }
    });

    it('holds what a renewal puts in the place of one that passed for dead, and cannot be closed', async () => {
      let latency = 1_000;
      rig = new Rig({}, { latency: () => latency, replaces: true, lifeMs: 10 * lifeMs });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('sarus', { login: key }));
      rig.faults.push({ operation: 'query', fault: { kind: 'status', status: 401, done: false } });
      await assert.rejects(rig.during(window.keeper.remainingLife(id)), { code: 'E_EXPIRED' });
      const renewal = window.keeper.keepAlive(id).catch(() => undefined);
      await rig.pass(1_500); // It is done, and the answer is under way.
      latency = 0;
      await window.keeper.close(id);
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      await rig.during(renewal);
      await rig.pass(1_000);
      assert.equal(rig.sarus.sessions.size, 1);
      rig.assertInStep(window);
    });

    it('closes as well what another window’s renewal puts in its place meanwhile', async () => {
      for (const [renewalMs, closeMs] of [
        [2_000, 4_000],
        [4_000, 2_000],
        [2_000, 2_000],
      ] as const) {
        let latency = renewalMs / 2;
        rig = new Rig({}, { latency: () => latency, replaces: true, lifeMs: 10 * lifeMs });
        const [one, two] = [await rig.open('one'), await rig.open('two')];
        const { id } = await rig.during(one.keeper.signIn('sarus', { login: key }));
        await rig.settle();
        const renewal = one.keeper.keepAlive(id).catch(() => undefined);
        await rig.settle();
        latency = closeMs / 2;
        await rig.during(Promise.all([renewal, two.keeper.close(id)]));
        await rig.pass(70_000, 1_000);
        assert.deepEqual([one.keeper.tokens(), two.keeper.tokens()], [[], []]);
        assert.equal(rig.sarus.sessions.size, 0, `renewal takes ${renewalMs} ms, close ${closeMs} ms`);
        rig.end();
      }
    });

    it('ends a replaced token whose new value was not heard of yet, however many windows have put it aside', async () => {
      rig = new Rig({}, { lifeMs: 10 * lifeMs });
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      const { id } = await one.keeper.signIn('sarus', { login: key });
      await rig.settle();
      const old = one.keeper.reveal(id);
      const text = rig.storage.entries.get(id) ?? '';
      const fresh = rig.sarus.open('');
      // By another machine, and not heard of yet.
      rig.storage.entries.set(id, text.replace(old, fresh).replace('"generation":0', '"generation":1'));
      const other = rig.storage.window();
      const aside = (name: string) => text.replace(`"id":"${id}"`, `"id":"${name}"`).replace('false', 'true');
      await other.write('aside 1', aside('aside 1'));
      await other.write('aside 2', aside('aside 2'));
      await rig.settle();
      await rig.pass(61_000, 1_000);
      assert.deepEqual([...rig.sarus.sessions.keys()], [fresh]);
      assert.deepEqual([...rig.storage.entries.keys()], [id]);
      rig.assertInStep(one);
      rig.assertInStep(two);
      other.dispose();
    });

    it('keeps a token that two windows have put aside and cannot close, in whatever order others hear of that', async () => {
      const storage = new Gate();
      rig = new Rig({}, { lifeMs: 10 * lifeMs });
      const [one, two] = [await rig.open('one'), await rig.open('two', storage.passed)];
      const { id } = await one.keeper.signIn('sarus', { login: key });
      await rig.settle();
      const text = rig.storage.entries.get(id) ?? '';
      const other = rig.storage.window();
      const aside = (name: string) =>
        other.write(name, text.replace(`"id":"${id}"`, `"id":"${name}"`).replace('false', 'true'));
      await other.delete(id);
      await rig.settle();
      storage.close();
      await aside('aside 1');
      storage.open();
      await aside('aside 2');
      await rig.settle();
      storage.release();
      await rig.settle();
      const fault = { kind: 'network', done: false } as const;
      rig.faults.push({ operation: 'close', fault }, { operation: 'close', fault });
      await rig.pass(61_000, 1_000);
      assert.equal(rig.storage.entries.size, 1);
      rig.assertInStep(one);
      rig.assertInStep(two);
      other.dispose();
    });

    it('ends what a window was closing when it died', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      const closing = window.keeper.close(session?.id ?? '');
      closing.catch(() => undefined);
      const entry = [...rig.storage.entries].find(([id]) => id === session?.id);
      assert.ok(entry);
      await closing;
      // As if the window had died after it had written its intent.
      const record = JSON.parse(entry[1]);
      rig.storage.entries.set(entry[0], JSON.stringify({ ...record, closing: true }));
      const other = await rig.open('w2');
      await rig.pass(10);
      assert.equal(other.keeper.find(entry[0]), undefined);
      rig.assertInStep(other);
    });
  });

  it('ends what another window was closing when it died, without being started anew', async () => {
    const [one, two] = [await rig.open('one'), await rig.open('two')];
    const { id } = await one.keeper.signIn('sarus', { login: key });
    await rig.settle();
    const record = JSON.parse(rig.storage.entries.get(id) ?? '');
    rig.crash(one);
    const other = rig.storage.window();
    await other.write(id, JSON.stringify({ ...record, closing: true, turn: record.turn + 1 }));
    other.dispose();
    await rig.pass(50_000, 1_000);
    assert.ok(rig.storage.entries.has(id));
    assert.equal(two.keeper.find(id), undefined, 'nobody can use it any more');
    await rig.pass(11_000, 1_000);
    assert.equal(rig.storage.entries.has(id), false);
    assert.equal(rig.sarus.sessions.size, 0);
  });

  describe('as a window goes', () => {
    it('closes what this window opened and nobody used since, whoever else does what', async () => {
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      await one.keeper.signIn('cra', { login: demo });
      await rig.getData(one, { view: 'MINE' });
      await rig.getData(one, { view: 'SHARED' });
      await rig.settle();
      await rig.getData(two, { view: 'THEIRS' });
      assert.equal((await rig.getData(two, { view: 'SHARED' })).reused, true);
      await rig.pass(1_500);
      await one.keeper.closeMine(1_000);
      await rig.pass(1_500);
      const left = two.keeper.tokens().filter(({ kind }) => kind === 'session');
      assert.deepEqual(left.map(({ target }) => target).sort(), ['P/SHARED', 'P/THEIRS']);
      rig.assertInStep(two);
      await two.keeper.closeMine(1_000);
      rig.assertInStep(two);
      assert.equal(rig.cra.sessions.size, 0);
    });

    it('leaves what another window has put in the place of what it closes', async () => {
      rig = new Rig({}, { latency: () => 500 });
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      await rig.during(one.keeper.signIn('sarus', { login: key }));
      await rig.settle();
      const signing = two.keeper.signIn('sarus', { login: key });
      await rig.pass(200);
      await rig.during(one.keeper.closeMine(3_000));
      await rig.during(signing);
      rig.crash(one);
      await rig.pass(2_000);
      assert.equal(rig.sarus.sessions.size, 1);
      rig.assertInStep(two);
    });

    it('closes what a window left behind that died', async () => {
      const one = await rig.open('one');
      await one.keeper.signIn('cra', { login: demo });
      await rig.getData(one);
      rig.crash(one);
      const two = await rig.open('two');
      assert.equal(two.keeper.tokens().length, 2);
      rig.assertInStep(two);
      await two.keeper.closeMine(1_000);
      assert.equal(rig.cra.sessions.size, 0);
    });

    it('is done by those who stay where it could not be, once and for all', async () => {
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      await one.keeper.signIn('cra', { login: demo });
      await rig.getData(one);
      await rig.settle();
      const closeFails = () =>
        rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      closeFails();
      await one.keeper.closeMine(1_000);
      await one.keeper.flush();
      rig.crash(one);
      closeFails();
      await rig.pass(3_000);
      assert.equal(rig.cra.count('close'), 2);
      assert.deepEqual(await rig.claims.window('w').claimed('leaving-'), []);
      // It could not be closed, so another window uses it: then no later start closes it.
      assert.equal((await rig.getData(two)).reused, true);
      await rig.pass(1_500);
      const three = await rig.open('three');
      await rig.pass(3_000);
      assert.equal(rig.cra.count('close'), 2);
      rig.assertInStep(three);
    });

    it('leaves a session to the one who has used it since', async () => {
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      await one.keeper.signIn('cra', { login: demo });
      await rig.getData(one);
      await rig.settle();
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      await one.keeper.closeMine(1_000);
      rig.crash(one);
      assert.equal((await rig.getData(two)).reused, true);
      await rig.pass(3_000);
      rig.assertInStep(two);
      assert.equal(rig.cra.sessions.size, 1);
      assert.deepEqual(await rig.claims.window('w').claimed('leaving-'), []);
    });

    it('waits no longer than it may; the next start ends what is left', async () => {
      rig = new Rig({}, { latency: () => 10_000 });
      const one = await rig.open('one');
      const signing = one.keeper.signIn('sarus', { login: key });
      await rig.pass(25_000);
      await signing;
      let gone = false;
      const leaving = one.keeper.closeMine(3_500).then(() => {
        gone = true;
      });
      await rig.settle();
      await rig.pass(3_250);
      assert.equal(gone, false);
      await rig.pass(250);
      assert.equal(gone, true);
      await leaving;
      rig.crash(one);
      const two = await rig.open('two');
      await rig.pass(30_000);
      assert.deepEqual(two.keeper.tokens(), []);
      assert.equal(rig.sarus.sessions.size, 0);
    });
  });

  describe('after sleep and clock changes', () => {
    it('asks after SARUS tokens, and shows nothing dead as alive', async () => {
      const window = await rig.open('w');
      const sarus = await window.keeper.signIn('sarus', { login: key });
      const cra = await window.keeper.signIn('cra', { login: demo });
      await rig.getData(window);
      rig.sarus.restart(); // While the machine sleeps.
      rig.clock.sleep(lifeMs / 2);
      await rig.pass(20_000);
      assert.equal(rig.sarus.count('query'), 1);
      assert.equal(window.keeper.token(sarus.id).state, 'expired');
      assert.notEqual(window.keeper.token(cra.id).state, 'expired');
      rig.clock.sleep(lifeMs);
      assert.ok(window.keeper.tokens().every(({ state }) => state === 'expired'));
    });

    for (const jump of [3_600_000, -3_600_000, 86_400_000, -86_400_000]) {
      it(`survives a clock that is set by ${jump / 3_600_000} h`, async () => {
        const window = await rig.open('w');
        const { id } = await window.keeper.signIn('cra', { login: demo });
        await rig.pass(20_000);
        rig.clock.jumpWall(jump);
        const { expiresAt, state } = window.keeper.token(id);
        assert.equal(state, 'live');
        const left = expiresAt - rig.clock.now().wall;
        assert.ok(left <= lifeMs - 20_000 && left > lifeMs - 22_000, String(left));
        assert.equal((await rig.getData(window)).reused, false);
        assert.equal((await rig.getData(window)).reused, true);
        await rig.pass(lifeMs);
        assert.equal(window.keeper.token(id).state, 'expired');
      });
    }

    it('brings nothing back to life that has expired, whatever happens to the clocks', async () => {
      const one = await rig.open('one');
      await one.keeper.signIn('cra', { login: demo });
      await rig.pass(lifeMs + 2_000);
      rig.clock.jumpWall(-3_600_000);
      rig.crash(one);
      rig.clock.reboot(3_600_000);
      const two = await rig.open('two');
      assert.deepEqual(
        two.keeper.tokens().map(({ state }) => state),
        ['expired'],
      );
    });

    it('keeps alive what a session has kept alive, and nothing that was refused', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      for (let call = 0; call < 3; call++) {
        await rig.pass(lifeMs / 2);
        await rig.getData(window);
      }
      for (const jump of [3_600_000, -3_600_000]) {
        rig.clock.jumpWall(jump);
        await rig.pass(1_000);
        assert.notEqual(window.keeper.token(id).state, 'expired');
      }
      rig.cra.restart();
      await assert.rejects(rig.getData(window, { session: session?.id }), { code: 'E_EXPIRED' });
      assert.equal(window.keeper.token(id).state, 'expired');
      rig.clock.jumpWall(3_600_000);
      await rig.pass(1_000);
      assert.equal(window.keeper.token(id).state, 'expired');
    });

    it('finds what still lives after a restart of the machine', async () => {
      const one = await rig.open('one');
      await one.keeper.signIn('cra', { login: demo });
      await rig.getData(one);
      rig.crash(one);
      rig.clock.reboot(40_000);
      const two = await rig.open('two');
      assert.deepEqual(
        two.keeper.tokens().map(({ state }) => state),
        ['live', 'live'],
      );
      assert.equal(two.keeper.first()?.expiresAt, rig.clock.now().wall + lifeMs - 40_000);
    });
  });

  it('announces when time alone changes a state', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('cra', { login: demo });
    const seen: string[] = [];
    window.keeper.onDidChange((change) => {
      const state = window.keeper.find(change.id)?.state ?? 'gone';
      if (state !== seen.at(-1)) {
        seen.push(state);
      }
    });
    await rig.pass(lifeMs + 1_000);
    assert.deepEqual(seen, ['expiring', 'expired']);
    await window.keeper.close(id);
    assert.deepEqual(seen, ['expiring', 'expired', 'gone']);
  });

  it('warns of tokens that it holds by the time that a person has chosen since', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('cra', { login: demo });
    const seen: (string | undefined)[] = [];
    window.keeper.onDidChange(() => seen.push(window.keeper.find(id)?.state));
    window.warnMs = lifeMs / 2;
    window.keeper.replanAll();
    await rig.pass(lifeMs / 2 - 1_000);
    assert.ok(!seen.includes('expiring'));
    await rig.pass(2_000);
    assert.equal(seen.at(-1), 'expiring', 'it was announced by itself, half a life before the end');
    window.warnMs = 2_000;
    window.keeper.replanAll();
    assert.equal(seen.at(-1), 'live');
  });

  it('writes no secret into the log', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('sarus', { login: key });
    await window.keeper.signIn('cra', { login: demo });
    await rig.getData(window);
    rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
    await window.keeper.closeAll();
    assert.ok(window.lines.length > 0);
    for (const line of window.lines) {
      assert.ok(!line.includes('-secret-'), line);
    }
  });
});
