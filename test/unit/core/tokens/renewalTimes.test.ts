import assert from 'node:assert/strict';
import { TokensError } from '../../../../src/core/errors.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { demo, key, lifeMs, Rig } from './rig.ts';

const auto = { keepAlive: 'auto' };
const hour = 3_600_000;

describe('renewals', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig(auto);
  });

  afterEach(() => rig.end());

  it('keep a token alive with hardly more requests than it needs', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('sarus', { login: key });
    for (let minute = 0; minute < 60; minute++) {
      await rig.pass(60_000, 1_000);
      assert.notEqual(window.keeper.token(id).state, 'expired');
      rig.assertInStep(window);
    }
    const least = hour / lifeMs;
    assert.ok(rig.sarus.count('keepAlive') <= 1.3 * least, String(rig.sarus.count('keepAlive')));
    assert.equal(rig.clock.pending, 1);
  });

  it('write once for each renewal', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('sarus', { login: key });
    const { writes } = rig.storage;
    await rig.pass(10 * lifeMs, 1_000);
    assert.equal(rig.storage.writes - writes, rig.sarus.count('keepAlive'));
  });

  it('leave manual tokens alone, and begin and end with a switch', async () => {
    rig = new Rig();
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('sarus', { login: key });
    await rig.pass(lifeMs - 20_000, 1_000);
    assert.equal(rig.sarus.count('keepAlive'), 0);
    await window.keeper.setKeepAlive(id, 'auto');
    await rig.pass(2 * lifeMs, 1_000);
    const renewed = rig.sarus.count('keepAlive');
    assert.ok(renewed >= 2);
    await window.keeper.setKeepAlive(id, 'manual');
    await rig.pass(2 * lifeMs, 1_000);
    assert.equal(rig.sarus.count('keepAlive'), renewed);
    assert.equal(window.keeper.token(id).state, 'expired');
  });

  it('begin and end as the settings of a connection say now, unless a person has switched a token', async () => {
    rig = new Rig();
    const window = await rig.open('w');
    const { keeper } = window;
    const set = (keepAlive: string) => {
      rig.connections[1] = connectionOf({ name: 'sarus', kind: 'sarus', keepAlive });
      keeper.replanAll(); // As the window does when the settings change.
    };
    const { id } = await keeper.signIn('sarus', { login: key });
    set('auto');
    assert.equal(keeper.token(id).keepAlive, 'auto');
    await rig.pass(2 * lifeMs, 1_000);
    const renewed = rig.sarus.count('keepAlive');
    assert.ok(renewed >= 2);
    set('manual');
    await rig.pass(lifeMs / 2, 1_000);
    assert.equal(rig.sarus.count('keepAlive'), renewed);
    await keeper.setKeepAlive(id, 'auto');
    set('manual');
    assert.equal(keeper.token(id).keepAlive, 'auto');
    rig.maxIdleMs = 1;
    await rig.pass(1_000);
    assert.equal(keeper.isPaused(id), true);
  });

  it('are put off by data calls, which renew by themselves', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('sarus', { login: key });
    for (let call = 0; call < 20; call++) {
      await rig.pass(30_000, 1_000);
      await rig.getSarus(window);
    }
    assert.equal(rig.sarus.count('keepAlive'), 0);
  });

  it('of a user token are left to its sessions while it has one', async () => {
    const window = await rig.open('w');
    const user = await window.keeper.signIn('cra', { login: demo });
    const value = window.keeper.reveal(user.id);
    await rig.getData(window);
    await rig.pass(10 * lifeMs, 1_000);
    assert.ok(rig.cra.count('keepAlive') >= 10);
    assert.equal(
      rig.cra.asked.filter(({ operation, token }) => operation === 'keepAlive' && token === value).length,
      0,
    );
    assert.notEqual(window.keeper.token(user.id).state, 'expired');
    rig.assertInStep(window);
    await window.keeper.closeAll();
    await rig.pass(2 * lifeMs, 1_000);
    assert.notEqual(window.keeper.token(user.id).state, 'expired');
    assert.equal(rig.cra.asked.at(-1)?.token, value);
  });

  it('of a user token happen when its only session is manual', async () => {
    const window = await rig.open('w');
    const user = await window.keeper.signIn('cra', { login: demo });
    const { session } = await rig.getData(window);
    await window.keeper.setKeepAlive(session?.id ?? '', 'manual');
    await rig.pass(3 * lifeMs, 1_000);
    assert.notEqual(window.keeper.token(user.id).state, 'expired');
    assert.equal(window.keeper.token(session?.id ?? '').state, 'expired');
  });

  it('of a user token happen shortly before its end when its session cannot be renewed', async () => {
    const window = await rig.open('w');
    const user = await window.keeper.signIn('cra', { login: demo });
    const { session } = await rig.getData(window);
    const proto = Object.getPrototypeOf(rig.cra.gateway(rig.connections[0] ?? assert.fail()));
    const original = proto.keepAlive;
    proto.keepAlive = async function (tokens: { session?: string }) {
      if (tokens.session !== undefined) {
        throw new TokensError('E_NETWORK', 'The connection broke off.');
      }
      return original.call(this, tokens);
    };
    try {
      await rig.pass(lifeMs + 10_000, 1_000);
    } finally {
      proto.keepAlive = original;
    }
    assert.equal(window.keeper.token(session?.id ?? '').state, 'expired');
    assert.notEqual(window.keeper.token(user.id).state, 'expired');
    assert.equal(rig.cra.count('keepAlive'), 1);
  });

  it('end after long disuse, which is told once, and go on after a use', async () => {
    rig.maxIdleMs = 5 * lifeMs;
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('sarus', { login: key, remember: true });
    const ends: unknown[] = [];
    window.keeper.onDidEndRenewal((end) => ends.push(end));
    await rig.pass(8 * lifeMs, 1_000);
    assert.deepEqual(ends, [{ id, why: 'unused' }]);
    assert.equal(window.keeper.isPaused(id), true);
    assert.equal(window.keeper.token(id).state, 'expired');
    await window.keeper.keepAlive(id);
    assert.equal(window.keeper.isPaused(id), false);
    await rig.pass(2 * lifeMs, 1_000);
    assert.notEqual(window.keeper.token(id).state, 'expired');
    assert.deepEqual(ends, [{ id, why: 'unused' }]);
  });

  it('are tried again after a failure, while there is time', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('sarus', { login: key });
    for (const status of [500, 503]) {
      rig.faults.push({ operation: 'keepAlive', fault: { kind: 'status', status, done: false } });
    }
    await rig.pass(2 * lifeMs, 500);
    assert.notEqual(window.keeper.token(id).state, 'expired');
    assert.ok(rig.sarus.count('keepAlive') <= 6);
  });

  it('end when the token has died and nobody can sign in again, and that is told', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('cra', { login: demo });
    const ends: unknown[] = [];
    window.keeper.onDidEndRenewal((end) => ends.push(end));
    rig.cra.restart();
    await rig.pass(3 * lifeMs, 1_000);
    assert.deepEqual(ends, [{ id, why: 'refused' }]);
    assert.equal(rig.cra.count('keepAlive'), 1);
  });

  it('sign in again with what is remembered, unasked', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('cra', { login: demo, remember: true });
    rig.cra.restart();
    await rig.pass(2 * lifeMs, 1_000);
    assert.equal(rig.cra.count('signIn'), 2);
    assert.equal(window.keeper.token(id).state, 'live');
  });

  it('end for a SARUS token that has died while calls are made with another one', async () => {
    const window = await rig.open('w');
    const first = await window.keeper.signIn('sarus', { login: key, remember: true });
    // It could not be revoked, so it stays beside the new one.
    rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
    const value = window.keeper.reveal(first.id);
    await window.keeper.signIn('sarus', { login: key });
    rig.sarus.evict(value);
    await rig.pass(3 * lifeMs, 500);
    assert.equal(
      rig.sarus.asked.filter((call) => call.operation === 'keepAlive' && call.token === value).length,
      1,
    );
    assert.notEqual(window.keeper.token(first.id).state, 'expired');
  });

  it('do not bring back a token that was closed while it was renewed', async () => {
    rig = new Rig(auto, { latency: () => 500 });
    const window = await rig.open('w');
    const { id } = await rig.during(window.keeper.signIn('sarus', { login: key, remember: true }));
    rig.faults.push({ operation: 'keepAlive', fault: { kind: 'status', status: 401, done: false } });
    const renewing = window.keeper.keepAlive(id);
    renewing.catch(() => undefined);
    await rig.pass(100, 50);
    const closing = window.keeper.close(id);
    await rig.during(Promise.allSettled([renewing, closing]));
    assert.deepEqual(window.keeper.tokens(), []);
    assert.equal(rig.sarus.count('signIn'), 1);
  });

  it('never storm a gateway whose renewals grant next to nothing', async () => {
    const window = await rig.open('w');
    const { id } = await window.keeper.signIn('sarus', { login: key });
    // It answers every renewal, and lets the token die all the same.
    const gateway = rig.sarus.gateway(rig.connections[1] ?? assert.fail());
    const proto = Object.getPrototypeOf(gateway);
    const original = proto.keepAlive;
    let renewals = 0;
    proto.keepAlive = async (tokens: { user: string }) => {
      renewals++;
      return { value: tokens.user, sent: rig.clock.now(), reportedMs: 600 };
    };
    try {
      await rig.pass(lifeMs + 10_000, 100);
    } finally {
      proto.keepAlive = original;
    }
    // Twice a second is what such a life needs, for the 20 s in which it does, with the first and the last of them.
    assert.ok(renewals > 0 && renewals <= 41, String(renewals));
    assert.ok(window.keeper.token(id));
  });

  it('of 200 tokens of one age do not fire together, and need one timer', async () => {
    rig = new Rig({ ...auto, maxSessions: 500 });
    const window = await rig.open('w');
    await window.keeper.signIn('cra', { login: demo });
    for (let index = 0; index < 200; index++) {
      await rig.getData(window, { view: `V${index}` });
    }
    assert.equal(rig.clock.pending, 1);
    await rig.pass(3 * lifeMs, 100);
    const perStep = new Map<number, number>();
    for (const { operation, at } of rig.cra.asked) {
      if (operation === 'keepAlive') {
        perStep.set(at, (perStep.get(at) ?? 0) + 1);
      }
    }
    assert.ok(Math.max(...perStep.values()) <= 30, String(Math.max(...perStep.values())));
    rig.assertInStep(window);
  });

  describe('with several windows', () => {
    it('are done by one of them for each deadline', async () => {
      const windows = [await rig.open('one'), await rig.open('two'), await rig.open('three')];
      const [one] = windows;
      const { id } = await (one ?? assert.fail()).keeper.signIn('sarus', { login: key });
      await rig.pass(30 * lifeMs, 500);
      const times = rig.sarus.asked.filter(({ operation }) => operation === 'keepAlive').map(({ at }) => at);
      assert.ok(times.length <= 1.3 * 30);
      for (const [index, at] of times.entries()) {
        assert.ok(
          index === 0 || at - (times[index - 1] ?? 0) > lifeMs / 2,
          `renewals ${index - 1} and ${index}`,
        );
      }
      for (const { keeper } of windows) {
        assert.notEqual(keeper.token(id).state, 'expired');
      }
    });

    it('keep their lease until the next one: another window may hear of the new life late', async () => {
      const { keeper } = await rig.open('w');
      const leases = () => rig.claims.window('other').claimed('renew-');
      await keeper.signIn('sarus', { login: key });
      for (const renewed of [1, 2]) {
        while (rig.sarus.count('keepAlive') < renewed) {
          await rig.pass(1_000);
        }
        await rig.pass(10_000, 1_000);
        assert.equal((await leases()).length, 1);
      }
      await keeper.signOut('sarus');
      await rig.settle();
      assert.deepEqual(await leases(), []);
    });

    it('are taken over from a window that died in the middle of one', async () => {
      const [one, two] = [await rig.open('one'), await rig.open('two')];
      const { id } = await one.keeper.signIn('sarus', { login: key });
      await rig.settle();
      // It leases the deadline, and is never heard of again.
      rig.faults.push({ operation: 'keepAlive', fault: { kind: 'network', done: false } });
      while (rig.sarus.count('keepAlive') === 0) {
        await rig.pass(250);
      }
      rig.crash(one);
      await rig.pass(2 * lifeMs, 250);
      assert.notEqual(two.keeper.token(id).state, 'expired');
      rig.assertInStep(two);
    });

    it('happen even if windows cannot agree', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('sarus', { login: key });
      rig.claims.broken = true;
      await rig.pass(3 * lifeMs, 500);
      assert.notEqual(window.keeper.token(id).state, 'expired');
    });
  });
});
