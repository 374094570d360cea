import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Redactor } from '../../../../src/core/redact.ts';
import { LearningClock } from '../../../../src/core/tokens/deadline.ts';
import {
  type ReplacedToken,
  type Session,
  type SoleToken,
  serialize,
  type UserToken,
} from '../../../../src/core/tokens/record.ts';
import { Scheduler } from '../../../../src/core/tokens/scheduler.ts';
import { TokenSync } from '../../../../src/core/tokens/tokenSync.ts';
import { type Change, TokenTable } from '../../../../src/core/tokens/tokenTable.ts';
import { SharedStorage } from '../../../simulate/shared.ts';
import { FakeClock } from '../../fakeClock.ts';

describe('tokens in the table and in the store', () => {
  let clock: FakeClock;
  let storage: SharedStorage;
  const opened: { dispose(): void }[] = [];

  /** @param lag of each step of the storage */
  function open(lag?: () => Promise<void>) {
    const scheduler = new Scheduler(clock);
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const redactor = new Redactor();
    const store = storage.window(lag);
    const log = { debug: write, info: write, warn: write, error: write };
    const learning = new LearningClock(clock);
    const table = new TokenTable({ clock: learning, redactor, log });
    const newId = () => crypto.randomUUID();
    const sync = new TokenSync({ table, store, clock: learning, scheduler, log, newId, redactor });
    const changes: Change[] = [];
    const troubles: string[] = [];
    table.onDidChange((change) => changes.push(change));
    sync.onTrouble((error) => troubles.push(error.code));
    opened.push(table, sync, store, scheduler);
    return { table, sync, scheduler, redactor, changes, troubles, lines };
  }

  const common = (id: string) => {
    const now = clock.now();
    return {
      id,
      value: `secret-of-${id}`,
      connection: 'c',
      origin: 'http://127.0.0.1:1',
      sent: now,
      leftMs: 60_000,
      lifeMs: 60_000,
      source: 'estimated' as const,
      openedAt: now.wall,
      lastUsedAt: now.wall,
      lastActive: now,
      keepAlive: 'manual' as const,
      keepAliveSetAt: 0,
      openedBy: 'w1',
      usedBy: 'w1',
      signInId: '',
      valueVersion: 0,
      lifeVersion: 0,
    };
  };

  function record(id: string, more: Partial<SoleToken> = {}): SoleToken {
    return { ...common(id), level: 'sole', closing: false, ...more };
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

  it('guess no life of a user token by a session that turns out to be dead', () => {
    const { table } = open();
    const user = { ...common('user'), level: 'user' as const, leftMs: 0 };
    const elsewhere = { ...clock.now(), boot: 'elsewhere', machine: 'other' };
    const session = { ...common('session'), level: 'session' as const, view: '', closing: false };
    table.put(user);
    table.put({ ...session, sent: elsewhere });
    assert.equal(table.get('user')?.leftMs, 60_000);
    table.put({ ...session, leftMs: 0 });
    assert.equal(table.get('user')?.leftMs, 0);
  });

  it('has the redactor forget in time what has been replaced, unless another token has it', () => {
    const { table, redactor } = open();
    const secretOf = (text: string) => createHash('sha256').update(text).digest('hex');
    table.put(record('other', { value: secretOf('value 1') }));
    for (let turn = 0; turn < 200; turn++) {
      const more = { username: 'some.body', refreshToken: secretOf(`refresh ${turn}`) };
      table.put(record('a', { value: secretOf(`value ${turn}`), more }));
    }
    const isKnown = (text: string) => redactor.finds(`: ${text}`);
    assert.deepEqual(['value 0', 'refresh 0'].map(secretOf).map(isKnown), [false, false]);
    const known = ['value 1', 'value 199', 'refresh 199', 'value 198', 'refresh 198'];
    assert.ok(known.map(secretOf).every(isKnown));
    assert.ok(isKnown('some.body'));
  });

  it('holds, finds and forgets', async () => {
    const { table, sync, changes } = open();
    await sync.put(record('a', { connection: 'x' }));
    await sync.put(record('b', { leftMs: 1_000 }));
    assert.equal(table.size, 2);
    assert.equal(table.first()?.id, 'b');
    assert.deepEqual(
      [...table.of('x')].map(({ id }) => id),
      ['a'],
    );
    await sync.remove('b');
    assert.equal(table.first()?.id, 'a');
    assert.equal(table.get('b'), undefined);
    assert.deepEqual([...storage.entries.keys()], ['a']);
    assert.deepEqual(
      changes.map(({ what }) => what),
      ['added', 'added', 'removed'],
    );
    await sync.update('b', { lastUsedAt: 1 }, 'now');
    assert.equal(storage.entries.has('b'), false);
  });

  it('knows which token ends first, whatever happens to which', () => {
    const { table } = open();
    const user: UserToken = { ...common('user'), level: 'user', leftMs: 10_000, signInId: 's' };
    const session: Session = {
      ...common('session'),
      level: 'session',
      closing: false,
      view: 'V',
      under: 'user',
      signInId: 's',
    };
    const steps: [what: () => void, first: string | undefined][] = [
      [() => table.put(record('a', { leftMs: 30_000 })), 'a'],
      [() => table.put(record('b', { leftMs: 40_000 })), 'a'],
      [() => table.put(user), 'user'],
      [() => table.put({ ...session, leftMs: 35_000 }), 'a'], // It keeps its user token alive.
      [() => table.put(record('a', { leftMs: 50_000 })), 'user'],
      [() => table.put({ ...session, leftMs: 45_000 }), 'b'],
      [() => table.put(record('b', { leftMs: 40_000, closing: true })), 'user'],
      [() => clock.advance(46_000), 'user'],
      [() => table.drop('session'), 'user'],
      [() => table.put(record('c', { leftMs: 1_000 })), 'user'],
      [() => table.drop('user'), 'c'],
      [() => table.drop('c'), 'a'],
      [() => table.drop('a'), undefined],
    ];
    for (const [index, [step, first]] of steps.entries()) {
      step();
      assert.equal(table.first()?.id, first, `step ${index}`);
    }
  });

  it('has stored a token when adding it resolves, and finds it again', async () => {
    await open().sync.put(record('a'));
    const { table, sync } = open();
    assert.deepEqual(await sync.load(), []);
    assert.deepEqual(table.get('a'), record('a'));
  });

  it('writes a burst of uses once, a second later at most', async () => {
    const { table, sync } = open();
    await sync.put(record('a'));
    for (let use = 1; use <= 20; use++) {
      clock.advance(40);
      await sync.update('a', { lastUsedAt: clock.now().wall }, 'soon');
    }
    assert.equal(storage.writes, 1);
    clock.advance(240);
    await settled();
    assert.equal(storage.writes, 2);
    assert.equal(JSON.parse(storage.entries.get('a') ?? '').lastUsedAt, table.get('a')?.lastUsedAt);
  });

  it('writes at once when told to, together with what waited, and before the end', async () => {
    const { sync, scheduler } = open();
    await sync.put(record('a'));
    await sync.update('a', { lastUsedAt: clock.now().wall + 5 }, 'soon');
    await sync.update('a', { leftMs: 5 }, 'now');
    assert.equal(storage.writes, 2);
    assert.equal(scheduler.size, 0);
    await sync.update('a', { leftMs: 4 }, 'soon');
    await sync.flush();
    assert.equal(storage.writes, 3);
    assert.equal(JSON.parse(storage.entries.get('a') ?? '').leftMs, 4);
  });

  it('shows the same in two windows', async () => {
    const [one, two] = [open(), open()];
    await one.sync.put(record('a'));
    await settled();
    assert.equal(two.table.get('a')?.value, 'secret-of-a');
    assert.equal(two.redactor.redact('secret-of-a'), '‹redacted›');
    await two.sync.update('a', { leftMs: 30_000 }, 'now');
    await settled();
    assert.equal(one.table.get('a')?.leftMs, 30_000);
    await one.sync.remove('a');
    await settled();
    assert.equal(two.table.get('a'), undefined);
    assert.equal(storage.entries.size, 0);
  });

  it('leaves members of an entry that it does not know as they are, whatever it writes', async () => {
    const later = { ...JSON.parse(serialize(record('a'))), keep: { csrf: 'x' }, version: 2 };
    storage.entries.set('a', JSON.stringify(later));
    const { table, sync } = open();
    await sync.load();
    await sync.update('a', { leftMs: 5 }, 'now');
    await sync.update('a', { value: 'fresh-value' }, 'now');
    const { keep, version, value } = JSON.parse(storage.entries.get('a') ?? '');
    assert.deepEqual({ keep, version, value }, { keep: { csrf: 'x' }, version: 2, value: 'fresh-value' });
    await sync.put(record('b'));
    assert.equal(table.size, 2);
    assert.ok(!storage.entries.get('b')?.includes('csrf'));
  });

  it('loses neither window’s change when both write over each other', async () => {
    const [one, two] = [open(), open()];
    await one.sync.put(record('a'));
    await settled();
    await Promise.all([
      one.sync.update('a', { keepAlive: 'auto', keepAliveSetAt: 7 }, 'now'),
      two.sync.update('a', { lastUsedAt: clock.now().wall + 9, usedBy: 'w2' }, 'now'),
    ]);
    for (let second = 0; second < 3; second++) {
      await settled();
      clock.advance(1_000);
    }
    await settled();
    for (const { table } of [one, two]) {
      const { keepAlive, usedBy } = table.get('a') ?? {};
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
    await one.sync.put(record('a'));
    await settled();
    await Promise.all([
      one.sync.update('a', { value: 'fresh-value-of-one' }, 'now'),
      two.sync.update('a', { value: 'fresh-value-of-two' }, 'now'),
    ]);
    for (let second = 0; second < 4; second++) {
      await settled();
      clock.advance(1_000);
    }
    for (const { table } of [one, two]) {
      assert.deepEqual(Array.from(table.all(), ({ value }) => value).sort(), [
        'fresh-value-of-one',
        'fresh-value-of-two',
      ]);
    }
  });

  it('keeps such a value too where it is the one of a window that died when it had written that', async () => {
    const { sync, table } = open();
    await sync.put(record('a'));
    await sync.update('a', { value: 'fresh-value' }, 'now');
    await sync.update('a', { leftMs: 70_000 }, 'now'); // The later news: it is this one's that stays under the id.
    const other = storage.window();
    await other.write('a', serialize(record('a', { value: 'value-of-another', valueVersion: 1 })));
    await settled();
    const held = Array.from(table.all(), ({ value }) => value);
    assert.deepEqual(held.sort(), ['fresh-value', 'value-of-another']);
    assert.equal(table.get('a')?.value, 'fresh-value');
    other.dispose();
  });

  it('keeps each of two such values once, however many windows have heard of both', async () => {
    const windows = [open(), open(), open(), open()] as const;
    const [one] = windows;
    await one.sync.put(record('a'));
    await settled();
    await one.sync.update('a', { value: 'fresh-value-of-one' }, 'now');
    await settled();
    const text = storage.entries.get('a') ?? '';
    storage.entries.set('a', text.replace('value-of-one', 'value-of-two').replace('"turn":2', '"turn":4'));
    await Promise.all(windows.map(({ sync }) => sync.readAgain('a')));
    await settled();
    clock.advance(2_000);
    await settled();
    for (const { table } of windows) {
      assert.deepEqual(Array.from(table.all(), ({ value }) => value).sort(), [
        'fresh-value-of-one',
        'fresh-value-of-two',
      ]);
    }
    assert.equal(storage.entries.size, 2);
  });

  describe('a value of this window that another one has replaced more than once', () => {
    const fresh = { value: 'fresh-value', signInId: 's1' };
    const theirs = (signInId: string) =>
      serialize(record('a', { value: 'value-of-another', signInId, valueVersion: 2 }));

    it('is kept for closing where it had not been written yet, however long that took', async () => {
      const { sync, table } = open();
      await sync.put(record('a'));
      storage.broken = true;
      await sync.update('a', fresh, 'now');
      clock.advance(5_000);
      storage.broken = false;
      storage.entries.set('a', theirs('s2')); // Not heard of yet.
      clock.advance(30_000);
      await settled();
      assert.equal(table.get('a')?.value, 'value-of-another');
      const kept = [...table.all()].find(({ value }) => value === 'fresh-value');
      assert.ok(kept?.level === 'sole' && kept.closing);
      assert.match(storage.entries.get(kept.id) ?? '', /fresh-value/);
    });

    it('is kept for closing where that window may not have heard of it', async () => {
      const { sync, table } = open();
      await sync.put(record('a'));
      await sync.update('a', fresh, 'now');
      clock.advance(500);
      const other = storage.window();
      await other.write('a', theirs('s2'));
      await settled();
      const kept = [...table.all()].find(({ value }) => value === 'fresh-value');
      assert.ok(kept?.level === 'sole' && kept.closing);
      other.dispose();
    });

    for (const { title, by, afterMs } of [
      { title: 'has ended where that window has renewed it', by: 's1', afterMs: 500 },
      { title: 'was put aside by that window where it has heard of it', by: 's2', afterMs: 5_000 },
    ]) {
      it(title, async () => {
        const { sync, table } = open();
        await sync.put(record('a'));
        await sync.update('a', fresh, 'now');
        clock.advance(afterMs);
        const other = storage.window();
        await other.write('a', theirs(by));
        await settled();
        assert.deepEqual(
          Array.from(table.all(), ({ value }) => value),
          ['value-of-another'],
        );
        other.dispose();
      });
    }
  });

  it('does not bring back what another window has closed', async () => {
    const [one, two] = [open(), open()];
    await one.sync.put(record('a'));
    await settled();
    await Promise.all([one.sync.remove('a'), two.sync.update('a', { leftMs: 5 }, 'now')]);
    await settled();
    clock.advance(2_000);
    await settled();
    assert.equal(one.table.get('a'), undefined);
    assert.equal(two.table.get('a'), undefined);
    assert.equal(storage.entries.size, 0);
  });

  it('forgets as well what another window has put aside of a value that has ended', async () => {
    const { table, sync } = open();
    const ended = record('a');
    await sync.put(ended);
    clock.advance(10);
    await sync.removeEnded(ended);
    const other = storage.window();
    await other.write('b', serialize(record('b', { value: ended.value, sent: ended.sent, closing: true })));
    await settled();
    assert.equal(table.get('b'), undefined);
    assert.equal(storage.entries.size, 0);
    clock.advance(10);
    await other.write('c', serialize(record('c', { value: ended.value })));
    await settled();
    assert.equal(table.get('c')?.value, ended.value, 'a gateway may hand out again what it has forgotten');
    other.dispose();
  });

  it('keeps what it has put in the place of a value that has ended, when a window writes that once more', async () => {
    const { table, sync } = open();
    const ended = record('a');
    await sync.put(ended);
    await sync.update('a', { value: 'fresh-value' }, 'now');
    clock.advance(10);
    await sync.removeEnded({ ...ended, id: 'put aside' });
    const other = storage.window();
    await other.write('a', serialize({ ...ended, lifeVersion: 9 }));
    for (let second = 0; second < 3; second++) {
      await settled();
      clock.advance(1_000);
    }
    assert.equal(table.get('a')?.value, 'fresh-value');
    assert.match(storage.entries.get('a') ?? '', /fresh-value/);
    other.dispose();
  });

  it('keeps a replaced value that another window has listed, if it hears of that before it hears of the new one', async () => {
    const { table, sync } = open();
    const first = record('a');
    await sync.put(first);
    await settled();
    // Written by another window, and not heard of yet.
    storage.entries.set('a', serialize({ ...first, value: 'fresh-value', valueVersion: 1 }));
    const other = storage.window();
    await other.write('b', serialize({ ...first, id: 'b' }));
    await settled();
    clock.advance(2_000);
    await settled();
    assert.equal(table.get('a')?.value, 'fresh-value');
    assert.equal(table.get('b')?.value, first.value);
    assert.match(storage.entries.get('b') ?? '', /secret-of-a/);
    other.dispose();
  });

  it('keeps a value that another window has listed, until all have heard which one stays under the id', async () => {
    const { table, sync } = open();
    const first = record('a');
    await sync.put(first);
    const other = storage.window();
    await other.write('b', serialize({ ...first, id: 'b' }));
    await settled();
    await other.write('a', serialize({ ...first, value: 'fresh-value', valueVersion: 1 }));
    await settled();
    clock.advance(2_000);
    await settled();
    assert.deepEqual(
      Array.from(table.all(), ({ id, value }) => [id, value]),
      [
        ['a', 'fresh-value'],
        ['b', first.value],
      ],
    );
    other.dispose();
  });

  it('looks again where the machine slept while it wrote, before anything else is done', async () => {
    const writing = Promise.withResolvers<void>();
    let steps = Number.NEGATIVE_INFINITY;
    const { table, sync } = open(() => (++steps === 2 ? writing.promise : Promise.resolve()));
    const first = record('a');
    await sync.put(first);
    await settled();
    steps = 0;
    let isDone = false;
    const update = sync.update('a', { closing: true }, 'now').then(() => {
      isDone = true;
    });
    await settled();
    clock.sleep(540_000);
    writing.resolve(); // It writes over what another machine's window has put there meanwhile.
    await settled();
    assert.equal(isDone, false);
    const other = storage.window();
    await other.write('a', serialize({ ...first, value: 'fresh-value', valueVersion: 1 }));
    clock.advance(2_000);
    await settled();
    await update;
    assert.equal(table.get('a')?.value, 'fresh-value');
    other.dispose();
  });

  for (const { title, valueVersion, heldBy } of [
    { title: 'in the place of an older one', valueVersion: 0, heldBy: 'the one that signed in' },
    { title: 'when both replaced one at once', valueVersion: 1, heldBy: 'the one that signed in' },
    { title: 'in the place of an older one', valueVersion: 0, heldBy: 'another one, as that died' },
  ]) {
    it(`keeps a value that was written over unheard ${title}, and then removed: held by ${heldBy}`, async () => {
      const first = record('a');
      const { table, sync } = open();
      const other = storage.window();
      await sync.put(first);
      if (heldBy === 'the one that signed in') {
        await sync.update('a', { value: 'fresh-value' }, 'now');
        await sync.update('a', { leftMs: 70_000 }, 'now'); // The later news: it is this one's that stays under the id.
      } else {
        await other.write(
          'a',
          serialize({ ...first, value: 'fresh-value', valueVersion: 1, lifeVersion: 9 }),
        );
      }
      clock.advance(1_900);
      await other.write('a', serialize({ ...first, value: 'written-over-it', valueVersion }));
      await settled();
      clock.advance(1_000);
      await settled();
      assert.match(storage.entries.get('a') ?? '', /fresh-value/);
      await other.delete('a'); // What that window held there is held under another id as well.
      await settled();
      const kept = [...table.all()].find(({ value }) => value === 'fresh-value');
      assert.match(storage.entries.get(kept?.id ?? '') ?? '', /fresh-value/);
      other.dispose();
    });
  }

  it('does not forget what has another value by now', async () => {
    const [one, two] = [open(), open()];
    const first = record('a');
    await one.sync.put(first);
    await settled();
    const replacing = two.sync.update('a', { value: 'fresh-value' }, 'now');
    await one.sync.removeEnded(first);
    await replacing;
    await settled();
    clock.advance(2_000);
    await settled();
    for (const { table } of [one, two]) {
      assert.ok([...table.all()].some(({ value }) => value === 'fresh-value'));
      assert.ok(![...table.all()].some(({ value }) => value === first.value));
    }
  });

  it('tells once that the store does not work, holds tokens in memory, and stores them when it works again', async () => {
    const { table, sync, troubles, lines } = open();
    storage.broken = true;
    await sync.load();
    await sync.put(record('a'));
    await sync.put(record('b'));
    await sync.update('a', { leftMs: 5 }, 'now');
    assert.deepEqual(troubles, ['E_STORAGE']);
    assert.equal(table.size, 2);
    assert.ok(lines.every((line) => !line.includes('secret-of')));
    storage.broken = false;
    clock.advance(31_000);
    await settled();
    assert.equal(storage.entries.size, 2);
    storage.broken = true;
    await sync.update('a', { leftMs: 4 }, 'now');
    assert.deepEqual(troubles, ['E_STORAGE', 'E_STORAGE']);
    await sync.remove('a');
    await sync.remove('b');
  });

  it('finds the others where the store does not hand out one of them', async () => {
    for (const id of ['a', 'b', 'c']) {
      storage.entries.set(id, serialize(record(id)));
    }
    let steps = 0;
    const { table, sync, troubles } = open(() =>
      ++steps === 3 ? Promise.reject(new Error('the keyring is locked')) : Promise.resolve(),
    );
    assert.deepEqual(await sync.load(), []);
    assert.deepEqual(Array.from(table.all(), ({ id }) => id).sort(), ['a', 'c']);
    assert.deepEqual(troubles, ['E_STORAGE']);
  });

  it('sets entries aside that it cannot read, names them, and leaves them alone', async () => {
    storage.entries.set('bad', '{"id":"bad"}');
    storage.entries.set('good', serialize(record('good')));
    const { table, sync } = open();
    assert.deepEqual(await sync.load(), [{ id: 'bad', reason: '"value" is not as it should be' }]);
    assert.deepEqual(
      Array.from(table.all(), ({ id }) => id),
      ['good'],
    );
    assert.equal(storage.entries.get('bad'), '{"id":"bad"}');
  });

  describe('of what answers tell', () => {
    it('lets no answer to an earlier request shorten a life', async () => {
      const { table, sync } = open();
      const first = clock.now();
      await sync.put(record('a'));
      clock.advance(5_000);
      const token = record('a');
      const later = { sent: clock.now(), leftMs: 60_000, source: 'reported' as const };
      await sync.applyLife(token, later, {}, 'now');
      await sync.applyLife(
        token,
        { sent: first, leftMs: 60_000, source: 'estimated' },
        { usedBy: 'w2' },
        'now',
      );
      assert.equal(table.get('a')?.sent.up, later.sent.up);
      assert.equal(table.get('a')?.source, 'reported');
      assert.equal(table.get('a')?.usedBy, 'w2');
    });

    it('gives a new value its own life, whatever is heard of the one before after a later request', async () => {
      const { table, sync } = open();
      await sync.put(record('a'));
      const token = record('a');
      const renewal = { sent: clock.now(), leftMs: 60_000, source: 'reported' as const };
      clock.advance(5_000);
      await sync.markDead(token);
      await sync.applyLife(token, renewal, { value: 'fresh-value' }, 'now');
      const { sent, leftMs } = table.get('a') ?? assert.fail();
      assert.deepEqual({ sent, leftMs }, { sent: renewal.sent, leftMs: 60_000 });
    });

    it('passes over what is told of a value that was replaced', async () => {
      const { table, sync } = open();
      await sync.put(record('a'));
      await sync.update('a', { value: 'another-secret', leftMs: 10 }, 'now');
      clock.advance(1);
      const life = { sent: clock.now(), leftMs: 60_000, source: 'reported' as const };
      await sync.applyLife({ id: 'a', value: 'secret-of-a' }, life, {}, 'now');
      assert.equal(table.get('a')?.leftMs, 10);
    });
  });

  describe('of user tokens', () => {
    const user = (more: Partial<UserToken> = {}): UserToken => ({
      ...common('u'),
      level: 'user',
      service: 's',
      ...more,
    });
    const session = (more: Partial<Session> = {}): Session => ({
      ...common('s1'),
      level: 'session',
      service: 's',
      view: '["P","V","*","*","*","*"]',
      under: 'u',
      closing: false,
      ...more,
    });

    it('reckons that one lives as long as its sessions, and never writes that', async () => {
      const { table, sync, changes } = open();
      await sync.put(user());
      clock.advance(30_000);
      await sync.put(session());
      assert.equal(table.get('u')?.sent.up, clock.now().up);
      assert.equal(table.main('c', 's', 'http://127.0.0.1:1')?.sent.up, clock.now().up);
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
        const { table, sync } = open();
        await sync.load();
        assert.equal(table.get('u')?.sent.up, clock.now().up);
      }
    });

    it('does not take the death of a session for a sign of life', async () => {
      const { table, sync } = open();
      await sync.put(user());
      await sync.put(session());
      const { sent } = table.get('u') ?? assert.fail();
      clock.advance(30_000);
      await sync.update('s1', { sent: clock.now(), leftMs: 0 }, 'now');
      assert.equal(table.get('u')?.sent.up, sent.up);
    });

    it('reckons from now on once the clocks have parted, and with the life left', async () => {
      const { table, sync } = open();
      await sync.put(user());
      await sync.put(session());
      clock.advance(20_000);
      clock.jumpWall(3_600_000);
      sync.anchor();
      for (const id of ['u', 's1']) {
        assert.deepEqual(table.get(id)?.sent, clock.now());
        assert.equal(table.get(id)?.leftMs, 39_000);
      }
      clock.advance(1_000);
      await settled();
      const { lifeVersion } = table.get('s1') ?? assert.fail();
      sync.anchor();
      assert.equal(table.get('s1')?.lifeVersion, lifeVersion);
    });

    it('lets a new sign-in count more than an old session', async () => {
      const { table, sync } = open();
      await sync.put(user());
      clock.advance(10_000);
      await sync.put(session());
      clock.advance(10_000);
      await sync.update('u', { value: 'fresh-user-token', sent: clock.now(), leftMs: 60_000 }, 'now');
      assert.equal(table.get('u')?.value, 'fresh-user-token');
      assert.equal(table.get('u')?.sent.up, clock.now().up);
    });

    it('keeps what another window has noted of one that was closed here, to close with it what it was opening', async () => {
      const { table, sync } = open();
      await sync.put(user());
      const other = storage.window();
      const note = (id: string) => serialize({ ...user(), id, level: 'replaced' });
      await other.write('noted-before', note('noted-before'));
      await settled();
      clock.advance(10);
      await sync.removeEnded(user());
      await other.write('noted-after', note('noted-after'));
      await settled();
      assert.deepEqual([...storage.entries.keys()], ['noted-before', 'noted-after']);
      assert.deepEqual(
        Array.from(table.all(), ({ id }) => id),
        ['noted-before', 'noted-after'],
      );
      other.dispose();
    });

    it('opens nothing under one that was replaced and waits for its end', async () => {
      const { table, sync } = open();
      await sync.put(user());
      clock.advance(1_000);
      const replaced: ReplacedToken = { ...common('u2'), level: 'replaced', service: 's' };
      await sync.put(replaced);
      assert.equal(table.main('c', 's', 'http://127.0.0.1:1')?.id, 'u');
    });

    it('does not take a session of the next sign-in for a sign of life of the one before', async () => {
      const { table, sync } = open();
      await sync.put({ ...user(), signInId: 'first' });
      clock.advance(90_000);
      await sync.put(session({ signInId: 'second' }));
      const { sent } = table.get('u') ?? assert.fail();
      assert.equal(sent.up, clock.now().up - 90_000);
      await sync.update('u', { value: 'fresh-user-token', signInId: 'second' }, 'now');
      assert.equal(table.get('u')?.sent.up, clock.now().up);
    });

    it('knows which sessions belong to one, and which are open under its value', async () => {
      const { table, sync } = open();
      const now = user({ value: 'secret-of-now', signInId: 'second' });
      const before: ReplacedToken = { ...user(), id: 'u1', level: 'replaced', signInId: 'first' };
      const elsewhere = session({ id: 's3', service: 'other', under: 'gone' });
      await sync.put(now);
      await sync.put(before);
      await sync.put(session({ signInId: 'first' }));
      await sync.put(session({ id: 's2', signInId: 'second', value: 'secret-of-s2' }));
      await sync.put(elsewhere);
      const ids = (sessions: readonly Session[]) => sessions.map(({ id }) => id);
      assert.deepEqual(ids(table.sessionsOf(now)), ['s1', 's2']);
      assert.deepEqual(ids(table.sessionsOpenUnder(now)), ['s2']);
      assert.deepEqual(ids(table.sessionsOpenUnder(before)), ['s1']);
      assert.equal(table.owner(elsewhere), undefined);
      await sync.remove('u');
      assert.deepEqual(ids(table.sessionsOpenUnder(before)), ['s1']);
      assert.deepEqual(
        ids(table.sessionsOpenUnder(now)),
        ['s2'],
        'another window may have closed it just now',
      );
    });

    it('knows which of two a session is under', async () => {
      const { table, sync } = open();
      await sync.put(user());
      clock.advance(1_000);
      await sync.put(user({ id: 'u2', value: 'secret-of-u2' }));
      assert.equal(table.main('c', 's', 'http://127.0.0.1:1')?.id, 'u2');
      assert.equal(table.owner(session())?.id, 'u');
      await sync.remove('u');
      assert.equal(table.owner(session())?.id, 'u2');
      await sync.remove('u2');
      assert.equal(table.main('c', 's', 'http://127.0.0.1:1'), undefined);
    });
  });
});
