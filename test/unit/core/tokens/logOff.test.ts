import assert from 'node:assert/strict';
import { demo, lifeMs, Rig } from './rig.ts';

describe('keeper, log-off of user tokens', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  afterEach(() => rig.end());

  const loggedOff = () =>
    rig.cra.asked.filter(({ operation }) => operation === 'logOff').map(({ token }) => token);

  it('comes after the sessions are closed, at a sign-out and where a user token is forgotten', async () => {
    const window = await rig.open('w');
    for (const leave of [
      () => window.keeper.signOut('cra'),
      () => window.keeper.close(window.keeper.main('cra').id),
    ]) {
      const { id } = await window.keeper.signIn('cra', { login: demo });
      const value = window.keeper.reveal(id);
      await rig.getData(window);
      const before = rig.cra.asked.length;
      await leave();
      assert.deepEqual(
        rig.cra.asked.slice(before).map(({ operation }) => operation),
        ['close', 'logOff'],
      );
      assert.equal(rig.cra.asked.at(-1)?.token, value);
      assert.deepEqual([rig.cra.users.size, rig.cra.sessions.size, window.keeper.tokens().length], [0, 0, 0]);
      rig.assertInStep(window);
    }
  });

  it('comes at a sign-out for the user token of every service', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('cra', { login: demo });
    await window.keeper.signIn('cra', { login: demo, service: 'S2' });
    await window.keeper.signOut('cra');
    assert.deepEqual([loggedOff().length, rig.cra.users.size], [2, 0]);
  });

  for (const sessions of [0, 1]) {
    it(`comes for a user token that was replaced, once its ${sessions} sessions are closed`, async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      const before = window.keeper.reveal(id);
      if (sessions > 0) {
        await rig.getData(window);
      }
      await window.keeper.signIn('cra', { login: demo });
      await rig.settle();
      assert.deepEqual(loggedOff(), [before]);
      assert.deepEqual([...rig.cra.users.keys()], [window.keeper.reveal(id)]);
      assert.equal(rig.cra.asked.at(-1)?.operation, 'logOff', 'after the closing');
      rig.assertInStep(window);
    });
  }

  it('comes after calls that are under way, whose sessions are closed before it', async () => {
    rig = new Rig({}, { latency: () => 500 });
    const window = await rig.open('w');
    await rig.during(window.keeper.signIn('cra', { login: demo }));
    const getting = Promise.all(['A', 'B'].map((view) => rig.getData(window, { view })));
    await rig.pass(250);
    await rig.during(Promise.all([window.keeper.signOut('cra'), getting]));
    await rig.pass(2_000);
    assert.deepEqual(
      rig.cra.asked.slice(-3).map(({ operation }) => operation),
      ['close', 'close', 'logOff'],
    );
    assert.deepEqual([loggedOff().length, rig.cra.users.size, window.keeper.tokens().length], [1, 0, 0]);
  });

  it('does not come for what the gateway hands out again, nor for what has died', async () => {
    const same = new Rig({}, { name: (prefix) => `${prefix}-only` });
    const window = await same.open('w');
    await window.keeper.signIn('cra', { login: demo });
    await window.keeper.signIn('cra', { login: demo });
    await same.settle();
    assert.equal(same.cra.count('logOff'), 0);
    same.end();
    const other = await rig.open('v');
    await other.keeper.signIn('cra', { login: demo });
    await rig.pass(lifeMs + 1_000);
    await other.keeper.signIn('cra', { login: demo });
    await rig.settle();
    assert.equal(rig.cra.count('logOff'), 0);
  });

  it('is passed over where it fails, and asks nobody for anything', async () => {
    const window = await rig.open('w');
    for (const fault of [
      { kind: 'network', done: false },
      { kind: 'timeout', done: true },
      { kind: 'page', done: false },
      { kind: 'status', status: 500, done: false },
      { kind: 'status', status: 404, done: false },
      { kind: 'status', status: 401, done: false },
    ] as const) {
      await window.keeper.signIn('cra', { login: demo });
      rig.faults.push({ operation: 'logOff', fault });
      assert.deepEqual(await window.keeper.signOut('cra'), { closed: 0, failed: 0 });
      assert.equal(window.keeper.tokens().length, 0);
      rig.assertInStep(window);
    }
  });

  it('leaves the token to die where the gateway knows no log-off', async () => {
    const old = new Rig({}, { logsOff: false });
    const window = await old.open('w');
    await window.keeper.signIn('cra', { login: demo });
    await window.keeper.signOut('cra');
    assert.deepEqual([old.cra.users.size, window.keeper.tokens().length], [1, 0]);
    old.end();
  });
});
