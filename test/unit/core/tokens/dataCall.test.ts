import assert from 'node:assert/strict';
import type { Fault } from '../../../simulate/modelAnswers.ts';
import type { Operation } from '../../../simulate/modelServer.ts';
import { demo, key, lifeMs, Rig } from './rig.ts';

describe('data calls', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  afterEach(() => rig.end());

  const signedIn = async (remember = true) => {
    const window = await rig.open('w');
    await rig.during(window.keeper.signIn('cra', { login: demo, remember }));
    return window;
  };
  const fail = (operation: Operation, fault: Fault) => rig.faults.push({ operation, fault });

  describe('sessions', () => {
    it('are used again for the same view, and for no other', async () => {
      const window = await signedIn();
      const first = await rig.getData(window);
      assert.equal(first.reused, false);
      const again = await rig.getData(window, { rows: 5, filter: 'x' });
      assert.equal(again.reused, true);
      assert.equal(again.session?.id, first.session?.id);
      for (const other of [{ view: 'W' }, { context: 'C' }, { system: 'S' }, { session: 'new' }]) {
        assert.equal((await rig.getData(window, other)).reused, false, JSON.stringify(other));
      }
      rig.assertInStep(window);
    });

    it('of several of one view the one used last is taken', async () => {
      const window = await signedIn();
      const first = await rig.getData(window);
      await rig.pass(1_000);
      const second = await rig.getData(window, { session: 'new' });
      await rig.pass(1_000);
      assert.equal((await rig.getData(window)).session?.id, second.session?.id);
      await rig.getData(window, { session: first.session?.id });
      await rig.pass(1_000);
      assert.equal((await rig.getData(window)).session?.id, first.session?.id);
    });

    it('can be named, and an unknown name is refused', async () => {
      const window = await signedIn();
      const { session } = await rig.getData(window);
      assert.equal((await rig.getData(window, { session: session?.id })).reused, true);
      await assert.rejects(rig.getData(window, { session: 'nobody' }), { code: 'E_UNKNOWN_TOKEN' });
    });

    it('take over the id when the gateway has quietly opened another one', async () => {
      rig = new Rig({}, { moves: true });
      const window = await signedIn();
      const { session } = await rig.getData(window);
      const [value] = rig.cra.sessions.keys();
      rig.cra.evict(value ?? '');
      const again = await rig.getData(window);
      assert.equal(again.session?.id, session?.id);
      assert.notEqual(window.keeper.reveal(again.session?.id ?? ''), value);
      rig.assertInStep(window);
    });

    it('are closed when the gateway has quietly opened another one for one that was closed meanwhile', async () => {
      let latency = 0;
      rig = new Rig({}, { moves: true, latency: () => latency });
      const window = await signedIn();
      const { session } = await rig.getData(window);
      latency = 1_000;
      const getting = rig.getData(window);
      await rig.settle();
      latency = 100;
      await rig.during(window.keeper.close(session?.id ?? ''));
      await rig.during(getting);
      await rig.pass(1_000);
      assert.equal(rig.cra.sessions.size, 0);
      rig.assertInStep(window);
    });

    it('are not kept when they are not to be', async () => {
      const window = await signedIn();
      const once = await rig.getData(window, { keepOpen: false });
      assert.equal(once.session, undefined);
      await rig.getData(window);
      await rig.getData(window, { keepOpen: false });
      assert.equal(rig.cra.sessions.size, 0);
      rig.assertInStep(window);
    });

    it('live again for their full life with each use, and so does their user token', async () => {
      const window = await signedIn();
      const { session } = await rig.getData(window);
      await rig.pass(lifeMs / 2);
      await rig.getData(window);
      await rig.pass(lifeMs / 2 + 5_000);
      assert.ok(window.keeper.tokens().every(({ state }) => state !== 'expired'));
      assert.equal(window.keeper.token(session?.id ?? '').expiresAt, window.keeper.first()?.expiresAt);
      rig.assertInStep(window);
    });

    it('of one view are opened once for ten who ask at once', async () => {
      const window = await signedIn();
      const all = await Promise.all(Array.from({ length: 10 }, () => rig.getData(window)));
      assert.equal(rig.cra.sessions.size, 1);
      assert.equal(all.filter(({ reused }) => reused).length, 9);
    });

    it('of one view are opened by the next asker when the first one’s opening fails', async () => {
      const window = await signedIn();
      fail('getData', { kind: 'status', status: 500, done: false });
      const all = await Promise.allSettled(Array.from({ length: 5 }, () => rig.getData(window)));
      assert.deepEqual(
        all.map(({ status }) => status),
        ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
      );
      assert.equal(rig.cra.sessions.size, 1);
    });

    it('let an asker turn away while it waits for another one’s opening', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      const stop = new AbortController();
      const first = rig.getData(window);
      await rig.settle();
      const second = rig.getData(window, {}, { signal: stop.signal });
      await rig.settle();
      stop.abort();
      await assert.rejects(second, { code: 'E_CANCELLED' });
      await rig.pass(3_000);
      assert.equal((await first).reused, false);
      rig.assertInStep(window);
    });
  });

  describe('recovery', () => {
    it('replaces a session that was evicted', async () => {
      const window = await signedIn();
      const { session } = await rig.getData(window);
      rig.cra.evict(window.keeper.reveal(session?.id ?? ''));
      const again = await rig.getData(window);
      assert.equal(again.reused, false);
      assert.equal(window.keeper.find(session?.id ?? ''), undefined);
      rig.assertInStep(window);
    });

    it('opens one session for twenty who ask at once after theirs was evicted', async () => {
      const window = await signedIn();
      const { session } = await rig.getData(window);
      rig.cra.evict(window.keeper.reveal(session?.id ?? ''));
      const all = await Promise.all(Array.from({ length: 20 }, () => rig.getData(window)));
      assert.equal(all.filter(({ reused }) => !reused).length, 1);
      assert.equal(rig.cra.sessions.size, 1);
      assert.equal(rig.cra.count('close'), 1);
      rig.assertInStep(window);
    });

    it('tries each session of a view once when all are refused', async () => {
      const window = await signedIn();
      await rig.getData(window);
      await rig.getData(window, { session: 'new' });
      const before = rig.cra.count('getData');
      for (let times = 0; times < 3; times++) {
        fail('getData', { kind: 'status', status: 400, done: false });
      }
      await assert.rejects(rig.getData(window), { code: 'E_HTTP' });
      assert.equal(rig.cra.count('getData') - before, 3);
      rig.assertInStep(window);
    });

    for (const status of [400, 401, 404, 410]) {
      it(`tries without a session that was refused with ${status}, and ends it`, async () => {
        const window = await signedIn();
        const { session } = await rig.getData(window);
        fail('getData', { kind: 'status', status, done: false });
        assert.equal((await rig.getData(window)).reused, false);
        assert.equal(window.keeper.find(session?.id ?? ''), undefined);
        rig.assertInStep(window);
      });
    }

    it('leaves the session alone when it is the request that is refused', async () => {
      const window = await signedIn();
      const { session } = await rig.getData(window);
      fail('getData', { kind: 'status', status: 400, done: false });
      fail('getData', { kind: 'status', status: 400, done: false });
      await assert.rejects(rig.getData(window, { filter: 'bad' }), { code: 'E_HTTP' });
      assert.ok(window.keeper.find(session?.id ?? ''));
      rig.assertInStep(window);
    });

    it('signs in again once for all who wait, when the gateway has forgotten everything', async () => {
      const window = await signedIn();
      const user = window.keeper.main('cra');
      const dead = window.keeper.reveal(user.id);
      rig.cra.restart();
      const before = rig.cra.asked.length;
      const views = ['A', 'B', 'C', 'D', 'E'];
      await Promise.all(views.map((view) => rig.getData(window, { view })));
      assert.equal(rig.cra.count('signIn'), 2);
      rig.assertInStep(window);
      // Each of the five met the dead token at most once; afterwards it is nowhere used again.
      const uses = rig.cra.asked.slice(before).filter(({ token }) => token === dead);
      assert.ok(uses.length >= 1 && uses.length <= 5, String(uses.length));
      await rig.getData(window, { view: 'F' });
      assert.notEqual(rig.cra.asked.at(-1)?.token, dead);
    });

    it('signs in again before it asks when the deadline is known to have passed', async () => {
      const window = await signedIn();
      await rig.pass(lifeMs + 1);
      await rig.getData(window);
      assert.deepEqual(
        rig.cra.asked.map(({ operation }) => operation),
        ['signIn', 'signIn', 'getData'],
      );
    });

    it('asks the person once for all who wait, and goes on from there', async () => {
      const window = await signedIn(false);
      rig.cra.restart();
      let asked = 0;
      const askLogin = async () => {
        asked++;
        return { login: demo, remember: false };
      };
      await Promise.all(['A', 'B', 'C'].map((view) => rig.getData(window, { view }, { askLogin })));
      assert.equal(asked, 1);
      rig.assertInStep(window);
    });

    it('lets one who may ask do so after one who may not has failed', async () => {
      const window = await signedIn(false);
      rig.cra.restart();
      const silent = rig.getData(window, { view: 'A' });
      const asking = rig.getData(
        window,
        { view: 'B' },
        { askLogin: async () => ({ login: demo, remember: false }) },
      );
      await assert.rejects(silent, { code: 'E_EXPIRED' });
      assert.equal((await asking).reused, false);
    });

    it('gives up after one more try', async () => {
      const window = await signedIn();
      for (let times = 0; times < 2; times++) {
        fail('getData', { kind: 'status', status: 401, done: false });
      }
      await assert.rejects(rig.getData(window), { code: 'E_EXPIRED' });
      assert.equal(rig.cra.count('getData'), 2);
      assert.equal(rig.cra.count('signIn'), 2);
    });

    it('repeats a SARUS call with a new token, and gives the old one back', async () => {
      const window = await rig.open('w');
      await window.keeper.signIn('sarus', { login: key, remember: true });
      fail('getData', { kind: 'status', status: 401, done: false });
      const got = await rig.getSarus(window);
      assert.equal(got.reused, false);
      assert.equal(rig.sarus.count('signIn'), 2);
      rig.assertInStep(window);
      assert.equal((await rig.getSarus(window)).reused, true);
    });
  });

  describe('budget', () => {
    const signedInWith = async (maxSessions: number, model = {}) => {
      rig = new Rig({ maxSessions }, model);
      return signedIn();
    };
    const targets = (window: Awaited<ReturnType<typeof signedIn>>) =>
      window.keeper
        .tokens()
        .filter(({ kind }) => kind === 'session')
        .map(({ target }) => target)
        .sort();

    it('closes the session that was used least recently to make room', async () => {
      const window = await signedInWith(3);
      for (const view of ['A', 'B', 'C', 'A', 'D']) {
        await rig.getData(window, { view });
        await rig.pass(1_000);
      }
      assert.deepEqual(targets(window), ['P/A', 'P/C', 'P/D']);
      assert.equal(rig.cra.mostSessions, 3);
      rig.assertInStep(window);
    });

    it('takes one that has expired before one that lives', async () => {
      const window = await signedInWith(2);
      await rig.getData(window, { view: 'OLD' });
      await rig.pass(lifeMs - 1_000);
      await rig.getData(window, { view: 'NEW' });
      await rig.pass(2_000);
      await rig.getData(window, { view: 'NEXT' });
      assert.deepEqual(targets(window), ['P/NEW', 'P/NEXT']);
    });

    it('is kept by any number who ask at once', async () => {
      const window = await signedInWith(2, { latency: () => 50 });
      const all = Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => rig.getData(window, { view: `V${index}` })),
      );
      await rig.pass(5_000, 25);
      const results = await all;
      assert.equal(rig.cra.mostSessions, 2);
      assert.ok(results.some(({ status }) => status === 'fulfilled'));
      for (const result of results) {
        if (result.status === 'rejected') {
          assert.equal(result.reason.code, 'E_LIMIT');
        }
      }
      rig.assertInStep(window);
    });

    it('does not close a session at work', async () => {
      const window = await signedInWith(1, { latency: () => 1_000 });
      const opening = rig.getData(window, { view: 'A' });
      await rig.pass(500);
      await assert.rejects(rig.getData(window, { view: 'B' }), { code: 'E_LIMIT' });
      await rig.pass(3_000);
      await opening;
      rig.assertInStep(window);
    });

    it('closes one and tries again once when the gateway has none left', async () => {
      const window = await signedInWith(5, { maxSessions: 2 });
      for (const view of ['A', 'B', 'C']) {
        await rig.getData(window, { view });
        await rig.pass(1_000);
      }
      assert.deepEqual(targets(window), ['P/B', 'P/C']);
      rig.assertInStep(window);
    });

    it('says so when the gateway has none left for us at all', async () => {
      const window = await signedInWith(5, { maxSessions: 0 });
      await assert.rejects(rig.getData(window), { code: 'E_LIMIT' });
      assert.equal(rig.cra.count('getData'), 1);
    });

    it('says that the gateway has none left, too, where none of ours can be closed for another', async () => {
      const window = await signedInWith(5, { maxSessions: 1 });
      await rig.getData(window, { view: 'A' });
      fail('close', { kind: 'status', status: 500, done: false });
      await assert.rejects(rig.getData(window, { view: 'B' }), { code: 'E_LIMIT' });
      assert.deepEqual(targets(window), ['P/A']);
      rig.assertInStep(window);
    });

    it('leaves no more open at a gateway that names none, until the life of the one is over', async () => {
      const window = await signedInWith(3, { names: false });
      for (let round = 0; round < 3; round++) {
        for (const view of ['A', 'A', 'B', 'C', 'D']) {
          assert.equal((await rig.getData(window, { view })).session, undefined);
        }
        assert.equal(rig.cra.sessions.size, 1);
        await rig.pass(lifeMs + 1_000);
        await window.keeper.signIn('cra', { login: demo });
        rig.cra.sweep();
      }
    });

    it('counts a session that may have been opened but whose answer was lost, until its life is over', async () => {
      const window = await signedInWith(2);
      await rig.getData(window, { view: 'A' });
      fail('getData', { kind: 'network', done: true });
      await assert.rejects(rig.getData(window, { view: 'B' }), { code: 'E_NETWORK' });
      assert.equal(rig.cra.sessions.size, 2, 'it is open over there');
      assert.deepEqual(targets(window), ['P/A'], 'nobody can use or close it, so it is not shown');
      assert.ok(window.lines.some((line) => line.includes('may have been opened')));
      await rig.getData(window, { view: 'C' });
      assert.deepEqual(targets(window), ['P/C'], 'it takes up room');
      assert.equal(rig.cra.mostSessions, 2);
      await rig.pass(lifeMs / 2);
      await rig.getData(window, { view: 'C' });
      await rig.pass(lifeMs / 2 + 1_000);
      await rig.getData(window, { view: 'D' });
      assert.deepEqual(targets(window), ['P/C', 'P/D'], 'its life is over');
    });

    it('never lets lost sessions alone keep one from being opened', async () => {
      const window = await signedInWith(1);
      for (let times = 0; times < 3; times++) {
        fail('getData', { kind: 'timeout', done: false });
        await assert.rejects(rig.getData(window), { code: 'E_TIMEOUT' });
      }
      await rig.getData(window);
      rig.assertInStep(window);
    });

    it('does not count what was refused or never sent', async () => {
      const window = await signedInWith(2);
      await rig.getData(window, { view: 'A' });
      fail('getData', { kind: 'refused' });
      await assert.rejects(rig.getData(window, { view: 'B' }), { code: 'E_NETWORK' });
      fail('getData', { kind: 'status', status: 500, done: false });
      await assert.rejects(rig.getData(window, { view: 'B' }), { code: 'E_HTTP' });
      await rig.getData(window, { view: 'B' });
      assert.deepEqual(targets(window), ['P/A', 'P/B']);
    });
  });

  describe('budget of several windows', () => {
    let latency = 500;
    const windows = async (maxSessions: number) => {
      rig = new Rig({ maxSessions }, { latency: () => latency });
      const one = await rig.open('one');
      const two = await rig.open('two');
      await rig.during(one.keeper.signIn('cra', { login: demo }));
      await rig.pass(1_000);
      return [one, two] as const;
    };

    it('is never exceeded by two that open at the same moment', async () => {
      const [one, two] = await windows(3);
      const all = Promise.allSettled(
        ['A', 'B', 'C'].flatMap((view) => [
          rig.getData(one, { view }),
          rig.getData(two, { view: `${view}2` }),
        ]),
      );
      await rig.pass(10_000, 100);
      const results = await all;
      assert.equal(rig.cra.mostSessions, 3);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 3);
      for (const result of results) {
        assert.ok(result.status === 'fulfilled' || result.reason.code === 'E_LIMIT');
      }
      rig.assertInStep(one);
      rig.assertInStep(two);
    });

    it('gives the last place to the one who was first', async () => {
      const [one, two] = await windows(1);
      const first = rig.getData(two, { view: 'A' });
      await rig.pass(100, 20);
      await assert.rejects(rig.getData(one, { view: 'B' }), { code: 'E_LIMIT' });
      await rig.during(first);
      rig.assertInStep(two);
    });

    it('makes room for a session that another window is opening', async () => {
      const [one, two] = await windows(2);
      await rig.during(rig.getData(one, { view: 'OLD' }));
      await rig.pass(3_000);
      await rig.during(Promise.all([rig.getData(one, { view: 'A' }), rig.getData(two, { view: 'B' })]));
      assert.equal(rig.cra.mostSessions, 2);
      const targets = two.keeper.tokens().flatMap(({ target }) => target ?? []);
      assert.deepEqual(targets.sort(), ['P/A', 'P/B']);
    });

    it('counts what a window was opening when it died, but lets it keep nobody from opening', async () => {
      const [one, two] = await windows(2);
      await rig.during(rig.getData(two, { view: 'A' }));
      await rig.pass(3_000);
      latency = 60_000;
      const lost = rig.getData(one, { view: 'LOST' });
      await rig.pass(100, 20);
      latency = 500;
      rig.crash(one);
      await rig.during(rig.getData(two, { view: 'B' }));
      const targets = () => two.keeper.tokens().flatMap(({ target }) => target ?? []);
      assert.deepEqual(targets(), ['P/B'], 'one may be open that nobody knows');
      await rig.during(rig.getData(two, { view: 'C', session: 'new' }));
      assert.deepEqual(targets(), ['P/C']);
      await rig.during(lost);
    });

    it('is kept again soon where windows cannot agree', async () => {
      const [one, two] = await windows(1);
      rig.claims.broken = true;
      await rig.during(Promise.all([rig.getData(one, { view: 'A' }), rig.getData(two, { view: 'B' })]));
      assert.equal(rig.cra.sessions.size, 2);
      rig.claims.broken = false;
      await rig.pass(35_000, 500);
      assert.equal(rig.cra.sessions.size, 1);
    });

    it('holds no place for long that nobody needs', async () => {
      const [one] = await windows(3);
      for (const keepOpen of [true, false]) {
        await rig.during(rig.getData(one, { view: 'A', keepOpen, session: 'new' }));
      }
      fail('getData', { kind: 'refused' });
      await assert.rejects(rig.during(rig.getData(one, { view: 'B' })));
      await rig.pass(3_000);
      assert.deepEqual(await rig.claims.window('w').claimed(''), []);
    });
  });

  describe('cancelling', () => {
    it('closes the session of an answer that comes after a time-out', async () => {
      const window = await signedIn();
      fail('getData', { kind: 'late', ms: 3_000 });
      await assert.rejects(rig.getData(window), { code: 'E_TIMEOUT' });
      await rig.pass(4_000);
      assert.equal(rig.cra.count('close'), 1);
      assert.equal(rig.cra.sessions.size, 0);
      rig.assertInStep(window);
    });

    it('closes the session of a call that was called off under way', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      await rig.during(window.keeper.signIn('cra', { login: demo }));
      const stop = new AbortController();
      const getting = rig.getData(window, {}, { signal: stop.signal });
      getting.catch(() => undefined);
      await rig.pass(500);
      stop.abort();
      await rig.pass(5_000);
      await assert.rejects(getting, { code: 'E_CANCELLED' });
      assert.equal(rig.cra.sessions.size, 0);
      rig.assertInStep(window);
    });

    it('asks nothing when called off before', async () => {
      const window = await signedIn();
      const { length } = rig.cra.asked;
      await assert.rejects(rig.getData(window, {}, { signal: AbortSignal.abort() }), { code: 'E_CANCELLED' });
      assert.equal(rig.cra.asked.length, length);
    });
  });

  describe('the time that is told', () => {
    const typing = async () => {
      await rig.pass(5_000);
      return { login: demo, remember: false };
    };

    it('is the gateway’s, without the typing of a password', async () => {
      rig = new Rig({}, { latency: () => 100 });
      const window = await rig.open('w');
      for (const request of [{}, { session: 'new' }, { keepOpen: false }, {}]) {
        rig.cra.restart();
        const { elapsedMs } = await rig.during(rig.getData(window, request, { askLogin: typing }));
        assert.ok(elapsedMs >= 200 && elapsedMs <= 500, `${JSON.stringify(request)}: ${elapsedMs}`);
      }
      const { elapsedMs, reused } = await rig.during(rig.getData(window));
      assert.ok(reused && elapsedMs >= 200 && elapsedMs <= 500, String(elapsedMs));
    });

    it('nor that of somebody else who is asked', async () => {
      rig = new Rig({}, { latency: () => 100 });
      const window = await rig.open('w');
      const both = [{ view: 'A' }, { view: 'B' }].map((view) =>
        rig.getData(window, view, { askLogin: typing }),
      );
      for (const { elapsedMs } of await rig.during(Promise.all(both))) {
        assert.ok(elapsedMs <= 500, String(elapsedMs));
      }
      rig.sarus.restart();
      const { elapsedMs } = await rig.during(
        rig.getSarus(window, {
          askLogin: async () => {
            await rig.pass(5_000);
            return { login: key, remember: false };
          },
        }),
      );
      assert.ok(elapsedMs >= 200 && elapsedMs <= 500, String(elapsedMs));
    });
  });

  it('the service need not be named where somebody is signed in to just one', async () => {
    rig = new Rig({ service: undefined });
    const window = await rig.open('w');
    await assert.rejects(rig.getData(window), { code: 'E_CONFIG' });
    await window.keeper.signIn('cra', { login: demo, service: 'S7' });
    assert.equal((await rig.getData(window)).service, 'S7');
    assert.equal(window.keeper.onlyService('cra'), 'S7');
    await window.keeper.signIn('cra', { login: demo, service: 'S8' });
    assert.equal(window.keeper.onlyService('cra'), undefined);
    await assert.rejects(rig.getData(window), { code: 'E_CONFIG' });
    assert.equal((await rig.getData(window, { service: 'S8' })).service, 'S8');
    assert.equal(window.keeper.onlyService('sarus'), undefined);
  });

  it('says what is wrong with a request', async () => {
    const window = await signedIn();
    const makeReader = () => assert.fail();
    for (const request of [undefined, {}, { connection: 'nobody' }, { connection: 'cra', product: 'P' }]) {
      await assert.rejects(window.keeper.getData(request, { makeReader }), { code: 'E_CONFIG' });
    }
  });
});
