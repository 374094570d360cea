import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Redactor } from '../../../../src/core/redact.ts';
import { type Change, Holdings } from '../../../../src/core/tokens/holdings.ts';
import { serialize, type TokenRecord } from '../../../../src/core/tokens/record.ts';
import { Scheduler } from '../../../../src/core/tokens/scheduler.ts';
import { SharedStorage } from '../../../simulate/shared.ts';
import { FakeClock } from '../../fakeClock.ts';

describe('holdings', () => {
  let clock: FakeClock;
  let storage: SharedStorage;
  const opened: { dispose(): void }[] = [];

  function open() {
    const scheduler = new Scheduler(clock);
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const redactor = new Redactor();
    const store = storage.window();
    const holdings = new Holdings({
      store,
      clock,
      scheduler,
      redactor,
      newId: () => crypto.randomUUID(),
      log: { debug: write, info: write, warn: write, error: write },
    });
    const changes: Change[] = [];
    const troubles: string[] = [];
    holdings.onDidChange((change) => changes.push(change));
    holdings.onTrouble((error) => troubles.push(error.code));
    opened.push(holdings, store, scheduler);
    return { holdings, scheduler, redactor, changes, troubles, lines };
  }

  function record(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
    const now = clock.now();
    return {
      id,
      value: `secret-of-${id}`,
      connection: 'c',
      origin: 'http://127.0.0.1:1',
      kind: 'session',
      sent: now,
      leftMs: 60_000,
      lifeMs: 60_000,
      source: 'estimated',
      openedAt: now.wall,
      lastUsedAt: now.wall,
      worked: now,
      keepAlive: 'manual',
      keepAliveSetAt: 0,
      openedBy: 'w1',
      usedBy: 'w1',
      closing: false,
      signIn: '',
      generation: 0,
      turn: 0,
      ...more,
    };
  }

  const settled = async () => {
    for (let round = 0; round < 5; round++) {
      await turn();
    }
  };

  beforeEach(() => {
    clock = new FakeClock();
    storage = new SharedStorage();
  });

  afterEach(() => {
    for (const item of opened.splice(0)) {
      item.dispose();
    }
    assert.equal(clock.pending, 0);
  });

  it('holds, finds and forgets', async () => {
    const { holdings, changes } = open();
    await holdings.add(record('a', { connection: 'x' }));
    await holdings.add(record('b', { leftMs: 1_000 }));
    assert.equal(holdings.size, 2);
    assert.equal(holdings.first()?.id, 'b');
    assert.deepEqual(
      [...holdings.of('x')].map(({ id }) => id),
      ['a'],
    );
    await holdings.remove('b');
    assert.equal(holdings.first()?.id, 'a');
    assert.equal(holdings.get('b'), undefined);
    assert.deepEqual([...storage.entries.keys()], ['a']);
    assert.deepEqual(
      changes.map(({ what }) => what),
      ['added', 'added', 'removed'],
    );
    await holdings.update('b', { lastUsedAt: 1 }, 'now');
    assert.equal(storage.entries.has('b'), false);
  });

  it('has stored a token when adding it resolves, and finds it again', async () => {
    await open().holdings.add(record('a'));
    const { holdings } = open();
    assert.deepEqual(await holdings.load(), []);
    assert.deepEqual(holdings.get('a'), record('a'));
  });

  it('writes a burst of uses once, a second later at most', async () => {
    const { holdings } = open();
    await holdings.add(record('a'));
    for (let use = 1; use <= 20; use++) {
      clock.advance(40);
      await holdings.update('a', { lastUsedAt: clock.now().wall }, 'soon');
    }
    assert.equal(storage.writes, 1);
    clock.advance(240);
    await settled();
    assert.equal(storage.writes, 2);
    assert.equal(JSON.parse(storage.entries.get('a') ?? '').lastUsedAt, holdings.get('a')?.lastUsedAt);
  });

  it('writes at once when told to, together with what waited, and before the end', async () => {
    const { holdings, scheduler } = open();
    await holdings.add(record('a'));
    await holdings.update('a', { lastUsedAt: clock.now().wall + 5 }, 'soon');
    await holdings.update('a', { leftMs: 5 }, 'now');
    assert.equal(storage.writes, 2);
    assert.equal(scheduler.size, 0);
    await holdings.update('a', { leftMs: 4 }, 'soon');
    await holdings.flush();
    assert.equal(storage.writes, 3);
    assert.equal(JSON.parse(storage.entries.get('a') ?? '').leftMs, 4);
  });

  it('shows the same in two windows', async () => {
    const [one, two] = [open(), open()];
    await one.holdings.add(record('a'));
    await settled();
    assert.equal(two.holdings.get('a')?.value, 'secret-of-a');
    assert.equal(two.redactor.redact('secret-of-a'), '‹redacted›');
    await two.holdings.update('a', { leftMs: 30_000 }, 'now');
    await settled();
    assert.equal(one.holdings.get('a')?.leftMs, 30_000);
    await one.holdings.remove('a');
    await settled();
    assert.equal(two.holdings.get('a'), undefined);
    assert.equal(storage.entries.size, 0);
  });

  it('loses neither window’s change when both write over each other', async () => {
    const [one, two] = [open(), open()];
    await one.holdings.add(record('a'));
    await settled();
    await Promise.all([
      one.holdings.update('a', { keepAlive: 'auto', keepAliveSetAt: 7 }, 'now'),
      two.holdings.update('a', { lastUsedAt: clock.now().wall + 9, usedBy: 'w2' }, 'now'),
    ]);
    for (let second = 0; second < 3; second++) {
      await settled();
      clock.advance(1_000);
    }
    await settled();
    for (const { holdings } of [one, two]) {
      const { keepAlive, usedBy } = holdings.get('a') ?? {};
      assert.deepEqual({ keepAlive, usedBy }, { keepAlive: 'auto', usedBy: 'w2' });
    }
    const { keepAlive, usedBy } = JSON.parse(storage.entries.get('a') ?? '');
    assert.deepEqual({ keepAlive, usedBy }, { keepAlive: 'auto', usedBy: 'w2' });
    const { writes } = storage;
    clock.advance(60_000);
    await settled();
    assert.equal(storage.writes, writes, 'windows must come to rest');
  });

  it('keeps both values when two windows replace one at once', async () => {
    const [one, two] = [open(), open()];
    await one.holdings.add(record('a'));
    await settled();
    await Promise.all([
      one.holdings.update('a', { value: 'fresh-value-of-one' }, 'now'),
      two.holdings.update('a', { value: 'fresh-value-of-two' }, 'now'),
    ]);
    for (let second = 0; second < 4; second++) {
      await settled();
      clock.advance(1_000);
    }
    for (const { holdings } of [one, two]) {
      assert.deepEqual(Array.from(holdings.all(), ({ value }) => value).sort(), [
        'fresh-value-of-one',
        'fresh-value-of-two',
      ]);
    }
  });

  it('does not bring back what another window has closed', async () => {
    const [one, two] = [open(), open()];
    await one.holdings.add(record('a'));
    await settled();
    await Promise.all([one.holdings.remove('a'), two.holdings.update('a', { leftMs: 5 }, 'now')]);
    await settled();
    clock.advance(2_000);
    await settled();
    assert.equal(one.holdings.get('a'), undefined);
    assert.equal(two.holdings.get('a'), undefined);
    assert.equal(storage.entries.size, 0);
  });

  it('forgets as well what another window has put aside of a value that has ended', async () => {
    const { holdings } = open();
    const ended = record('a');
    await holdings.add(ended);
    clock.advance(10);
    await holdings.removeEnded(ended);
    const other = storage.window();
    await other.write('b', serialize(record('b', { value: ended.value, sent: ended.sent, closing: true })));
    await settled();
    assert.equal(holdings.get('b'), undefined);
    assert.equal(storage.entries.size, 0);
    clock.advance(10);
    await other.write('c', serialize(record('c', { value: ended.value })));
    await settled();
    assert.equal(holdings.get('c')?.value, ended.value, 'a gateway may hand out again what it has forgotten');
    other.dispose();
  });

  it('does not forget what has another value by now', async () => {
    const [one, two] = [open(), open()];
    const first = record('a');
    await one.holdings.add(first);
    await settled();
    const replacing = two.holdings.update('a', { value: 'fresh-value' }, 'now');
    await one.holdings.removeEnded(first);
    await replacing;
    await settled();
    clock.advance(2_000);
    await settled();
    for (const { holdings } of [one, two]) {
      assert.ok([...holdings.all()].some(({ value }) => value === 'fresh-value'));
      assert.ok(![...holdings.all()].some(({ value }) => value === first.value));
    }
  });

  it('tells once that the store does not work, holds tokens in memory, and stores them when it works again', async () => {
    const { holdings, troubles, lines } = open();
    storage.broken = true;
    await holdings.load();
    await holdings.add(record('a'));
    await holdings.add(record('b'));
    await holdings.update('a', { leftMs: 5 }, 'now');
    assert.deepEqual(troubles, ['E_STORAGE']);
    assert.equal(holdings.size, 2);
    assert.ok(lines.every((line) => !line.includes('secret-of')));
    storage.broken = false;
    clock.advance(31_000);
    await settled();
    assert.equal(storage.entries.size, 2);
    storage.broken = true;
    await holdings.update('a', { leftMs: 4 }, 'now');
    assert.deepEqual(troubles, ['E_STORAGE', 'E_STORAGE']);
    await holdings.remove('a');
    await holdings.remove('b');
  });

  it('sets entries aside that it cannot read, names them, and leaves them alone', async () => {
    storage.entries.set('bad', '{"id":"bad"}');
    storage.entries.set('good', serialize(record('good')));
    const { holdings } = open();
    assert.deepEqual(await holdings.load(), [{ id: 'bad', reason: '"value" is not as it should be' }]);
    assert.deepEqual(
      Array.from(holdings.all(), ({ id }) => id),
      ['good'],
    );
    assert.equal(storage.entries.get('bad'), '{"id":"bad"}');
  });

  describe('of what answers tell', () => {
    it('lets no answer to an earlier request shorten a life', async () => {
      const { holdings } = open();
      const first = clock.now();
      await holdings.add(record('a'));
      clock.advance(5_000);
      const token = record('a');
      const later = { sent: clock.now(), leftMs: 60_000, source: 'reported' as const };
      await holdings.heardOf(token, later, {}, 'now');
      await holdings.heardOf(
        token,
        { sent: first, leftMs: 60_000, source: 'estimated' },
        { usedBy: 'w2' },
        'now',
      );
      assert.equal(holdings.get('a')?.sent.up, later.sent.up);
      assert.equal(holdings.get('a')?.source, 'reported');
      assert.equal(holdings.get('a')?.usedBy, 'w2');
    });

    it('passes over what is told of a value that was replaced', async () => {
      const { holdings } = open();
      await holdings.add(record('a'));
      await holdings.update('a', { value: 'another-secret', leftMs: 10 }, 'now');
      clock.advance(1);
      const life = { sent: clock.now(), leftMs: 60_000, source: 'reported' as const };
      await holdings.heardOf({ id: 'a', value: 'secret-of-a' }, life, {}, 'now');
      assert.equal(holdings.get('a')?.leftMs, 10);
    });
  });

  describe('of user tokens', () => {
    const user = () => record('u', { kind: 'user', service: 's' });
    const session = (more: Partial<TokenRecord> = {}) =>
      record('s1', { service: 's', view: '["P","V","*","*","*","*"]', under: 'u', ...more });

    it('reckons that one lives as long as its sessions, and never writes that', async () => {
      const { holdings, changes } = open();
      await holdings.add(user());
      clock.advance(30_000);
      await holdings.add(session());
      assert.equal(holdings.get('u')?.sent.up, clock.now().up);
      assert.equal(holdings.user('c', 's', 'http://127.0.0.1:1')?.sent.up, clock.now().up);
      assert.equal(JSON.parse(storage.entries.get('u') ?? '').sent.up, clock.now().up - 30_000);
      assert.ok(changes.some(({ id, what }) => id === 'u' && what === 'changed'));
      assert.equal(storage.writes, 2);
    });

    it('reckons it again at the next start, whatever is read first', async () => {
      storage.entries.set('u', serialize(user()));
      clock.advance(30_000);
      storage.entries.set('s1', serialize(session()));
      for (const entries of [[...storage.entries], [...storage.entries].reverse()]) {
        storage.entries.clear();
        for (const [id, json] of entries) {
          storage.entries.set(id, json);
        }
        const { holdings } = open();
        await holdings.load();
        assert.equal(holdings.get('u')?.sent.up, clock.now().up);
      }
    });

    it('does not take the death of a session for a sign of life', async () => {
      const { holdings } = open();
      await holdings.add(user());
      await holdings.add(session());
      const { sent } = holdings.get('u') ?? assert.fail();
      clock.advance(30_000);
      await holdings.update('s1', { sent: clock.now(), leftMs: 0 }, 'now');
      assert.equal(holdings.get('u')?.sent.up, sent.up);
    });

    it('reckons from now on once the clocks have parted, and with the life left', async () => {
      const { holdings } = open();
      await holdings.add(user());
      await holdings.add(session());
      clock.advance(20_000);
      clock.jumpWall(3_600_000);
      holdings.anchor();
      for (const id of ['u', 's1']) {
        assert.deepEqual(holdings.get(id)?.sent, clock.now());
        assert.equal(holdings.get(id)?.leftMs, 39_000);
      }
      clock.advance(1_000);
      await settled();
      const { turn } = holdings.get('s1') ?? assert.fail();
      holdings.anchor();
      assert.equal(holdings.get('s1')?.turn, turn);
    });

    it('lets a new sign-in count more than an old session', async () => {
      const { holdings } = open();
      await holdings.add(user());
      clock.advance(10_000);
      await holdings.add(session());
      clock.advance(10_000);
      await holdings.update('u', { value: 'fresh-user-token', sent: clock.now(), leftMs: 60_000 }, 'now');
      assert.equal(holdings.get('u')?.value, 'fresh-user-token');
      assert.equal(holdings.get('u')?.sent.up, clock.now().up);
    });

    it('opens nothing under one that was replaced and waits for its end', async () => {
      const { holdings } = open();
      await holdings.add(user());
      clock.advance(1_000);
      await holdings.add(record('u2', { kind: 'user', service: 's', under: 'u', closing: true }));
      assert.equal(holdings.user('c', 's', 'http://127.0.0.1:1')?.id, 'u');
    });

    it('does not take a session of the next sign-in for a sign of life of the one before', async () => {
      const { holdings } = open();
      await holdings.add({ ...user(), signIn: 'first' });
      clock.advance(90_000);
      await holdings.add(session({ signIn: 'second' }));
      const { sent } = holdings.get('u') ?? assert.fail();
      assert.equal(sent.up, clock.now().up - 90_000);
      await holdings.update('u', { value: 'fresh-user-token', signIn: 'second' }, 'now');
      assert.equal(holdings.get('u')?.sent.up, clock.now().up);
    });

    it('knows which of two a session is under', async () => {
      const { holdings } = open();
      await holdings.add(user());
      clock.advance(1_000);
      await holdings.add(record('u2', { kind: 'user', service: 's' }));
      assert.equal(holdings.user('c', 's', 'http://127.0.0.1:1')?.id, 'u2');
      assert.equal(holdings.owner(session())?.id, 'u');
      await holdings.remove('u');
      assert.equal(holdings.owner(session())?.id, 'u2');
      await holdings.remove('u2');
      assert.equal(holdings.user('c', 's', 'http://127.0.0.1:1'), undefined);
    });
  });
});
