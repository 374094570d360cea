import assert from 'node:assert/strict';
import type { Operation } from '../../../simulate/modelServer.ts';
import type { TestWindow } from '../../../simulate/window.ts';
import { demo, key, lifeMs, Rig } from './rig.ts';

describe('what cannot be used', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  afterEach(() => rig.end());

  const refuse = (operation: Operation, status: number) =>
    rig.faults.push({ operation, fault: { kind: 'status', status, done: false } });
  const stateOf = (window: TestWindow, id = '') => window.keeper.find(id)?.state;
  const turnAway = { askLogin: async () => undefined };

  describe('a session without its user token', () => {
    async function withoutUser() {
      const before = await rig.open('before');
      const user = await before.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(before);
      await before.keeper.flush();
      rig.crash(before);
      rig.storage.entries.delete(user.id);
      const window = await rig.open('w');
      const asked = rig.cra.asked.length;
      return { window, id: session?.id ?? '', asked };
    }

    it('is neither renewed nor closed with an empty token', async () => {
      const { window, id, asked } = await withoutUser();
      await assert.rejects(window.keeper.keepAlive(id), { code: 'E_EXPIRED' });
      await assert.rejects(window.keeper.close(id), { code: 'E_EXPIRED' });
      assert.deepEqual(await window.keeper.closeAll('cra'), { closed: 0, failed: 1 });
      assert.equal(rig.cra.asked.length, asked, 'nothing was sent');
      assert.equal(stateOf(window, id), 'live', 'and nothing is known to have ended');
    });

    it('is renewed and closed again once somebody has signed in', async () => {
      const { window, id } = await withoutUser();
      await window.keeper.signIn('cra', { login: demo, remember: true });
      await window.keeper.close(id);
      assert.equal(window.keeper.find(id), undefined);
    });

    it('is forgotten when it has expired', async () => {
      const { window, id, asked } = await withoutUser();
      await rig.pass(lifeMs + 1_000, 5_000);
      await window.keeper.close(id);
      assert.equal(window.keeper.find(id), undefined);
      assert.equal(rig.cra.asked.length, asked);
    });
  });

  describe('a token that its gateway has refused is shown expired at once', () => {
    for (const [name, options, code] of [
      ['when the prompt is cancelled', turnAway, 'E_CANCELLED'],
      ['when nobody can be asked', {}, 'E_EXPIRED'],
    ] as const) {
      for (const request of [{}, { keepOpen: false }, { session: 'new' }]) {
        it(`of a data call ${JSON.stringify(request)}, ${name}`, async () => {
          const window = await rig.open('w');
          const { id } = await window.keeper.signIn('cra', { login: demo });
          rig.cra.restart();
          await assert.rejects(rig.getData(window, request, options), { code });
          assert.equal(stateOf(window, id), 'expired');
        });
      }

      it(`of a data call in a session, ${name}`, async () => {
        const window = await rig.open('w');
        const { id } = await window.keeper.signIn('cra', { login: demo });
        const { session } = await rig.getData(window);
        await rig.getData(window, { view: 'OTHER' });
        rig.cra.restart();
        await assert.rejects(rig.getData(window, {}, options), { code });
        assert.equal(stateOf(window, session?.id), 'expired');
        assert.equal(stateOf(window, id), 'expired', 'whatever other session seems to keep it alive');
      });

      it(`of a SARUS call, ${name}`, async () => {
        const window = await rig.open('w');
        const { id } = await window.keeper.signIn('sarus', { login: key });
        rig.sarus.restart();
        await assert.rejects(rig.getSarus(window, options), { code });
        assert.equal(stateOf(window, id), 'expired');
      });

      it(`of a renewal, ${name}`, async () => {
        const window = await rig.open('w');
        const user = await window.keeper.signIn('cra', { login: demo });
        const token = await window.keeper.signIn('sarus', { login: key });
        const { session } = await rig.getData(window);
        rig.cra.restart();
        rig.sarus.restart();
        await assert.rejects(window.keeper.keepAlive(session?.id ?? '', options), { code });
        assert.deepEqual([stateOf(window, session?.id), stateOf(window, user.id)], ['expired', 'expired']);
        await assert.rejects(window.keeper.keepAlive(token.id, options), { code });
        assert.equal(stateOf(window, token.id), 'expired');
      });
    }

    it('while the prompt still stands open', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      rig.cra.restart();
      const states: unknown[] = [];
      const askLogin = async () => {
        states.push(stateOf(window, id));
        return { login: demo, remember: false };
      };
      await rig.getData(window, {}, { askLogin });
      rig.cra.restart();
      await window.keeper.keepAlive(id, { askLogin });
      assert.deepEqual(states, ['expired', 'expired']);
      assert.equal(stateOf(window, id), 'live');
    });

    it('of a user token that turns out to be dead at the closing of a session', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      rig.cra.restart();
      await window.keeper.close(session?.id ?? '');
      assert.equal(stateOf(window, id), 'expired');
    });

    it('of a session, also when its data cannot be had without it', async () => {
      const window = await rig.open('w');
      const { id } = await window.keeper.signIn('cra', { login: demo });
      const { session } = await rig.getData(window);
      refuse('getData', 401);
      refuse('getData', 500);
      await assert.rejects(rig.getData(window), { code: 'E_HTTP' });
      assert.equal(stateOf(window, session?.id), 'expired');
      assert.equal(stateOf(window, id), 'live');
    });

    for (const status of [400, 403, 404, 500]) {
      it(`but not for a ${status}, which says nothing of the token`, async () => {
        const window = await rig.open('w');
        const user = await window.keeper.signIn('cra', { login: demo });
        const token = await window.keeper.signIn('sarus', { login: key });
        const { session } = await rig.getData(window);
        for (let times = 0; times < 4; times++) {
          refuse('getData', status);
        }
        await assert.rejects(rig.getData(window, {}, turnAway), { code: 'E_HTTP' });
        rig.faults.splice(0);
        refuse('getData', status);
        await assert.rejects(rig.getSarus(window, turnAway), { code: 'E_HTTP' });
        for (const { id } of [user, token, ...(session === undefined ? [] : [session])]) {
          assert.equal(stateOf(window, id), 'live');
        }
      });
    }

    it('but not one that has been replaced meanwhile', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('sarus', { login: key }));
      rig.sarus.restart();
      const asking = window.keeper.remainingLife(id);
      asking.catch(() => undefined);
      await rig.pass(500);
      await rig.during(
        Promise.all([window.keeper.signIn('sarus', { login: key }), asking.catch(() => undefined)]),
      );
      assert.equal(stateOf(window, id), 'live');
    });
  });

  describe('is not shown or counted', () => {
    it('a user token that was replaced, while its sessions are taken over', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      const user = await rig.during(window.keeper.signIn('cra', { login: demo }));
      await rig.during(rig.getData(window));
      await rig.pass(20_000, 5_000);
      const signing = window.keeper.signIn('cra', { login: demo });
      await rig.pass(2_500);
      const old = [...rig.storage.entries.values()].filter((json) => JSON.parse(json).closing);
      assert.equal(old.length, 1, 'it is held until then');
      const users = () => window.keeper.tokens('cra').filter(({ kind }) => kind === 'user');
      assert.deepEqual(
        users().map(({ id }) => id),
        [user.id],
      );
      assert.notEqual(window.keeper.first()?.id, JSON.parse(old[0] ?? '').id);
      await rig.during(signing);
      assert.equal(window.keeper.first()?.id, user.id);
    });

    it('a session that is being closed; one whose closing failed is there again', async () => {
      rig = new Rig({}, { latency: () => 1_000 });
      const window = await rig.open('w');
      const { id } = await rig.during(window.keeper.signIn('sarus', { login: key }));
      rig.faults.push({ operation: 'close', fault: { kind: 'network', done: false } });
      const closing = window.keeper.close(id);
      closing.catch(() => undefined);
      await rig.pass(250);
      assert.deepEqual(window.keeper.tokens(), []);
      assert.equal(window.keeper.first(), undefined);
      assert.equal(window.keeper.find(id), undefined);
      assert.equal(window.keeper.holdsAny('sarus'), false);
      assert.deepEqual(window.keeper.connectionNames(), []);
      await assert.rejects(rig.during(closing), { code: 'E_NETWORK' });
      assert.equal(window.keeper.first()?.id, id);
    });
  });

  it('of a user token and the session that it ends with, the session is told, whose renewal renews both', async () => {
    const window = await rig.open('w');
    const user = await window.keeper.signIn('cra', { login: demo });
    await rig.pass(5_000, 1_000);
    const { session } = await rig.getData(window);
    assert.equal(window.keeper.token(user.id).expiresAt, session?.expiresAt);
    assert.equal(window.keeper.first()?.id, session?.id);
    await rig.pass(5_000, 1_000);
    await rig.getData(window, { view: 'LATER' });
    assert.equal(window.keeper.first()?.id, session?.id);
    await rig.pass(5_000, 1_000);
    await window.keeper.keepAlive(user.id);
    assert.equal(window.keeper.first()?.id, session?.id, 'it ends before the user token');
  });
});
