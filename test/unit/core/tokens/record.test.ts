import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  infoOf,
  merge,
  parseRecord,
  serialize,
  type TokenRecord,
} from '../../../../src/core/tokens/record.ts';
import { FakeClock } from '../../fakeClock.ts';

const aRecord: TokenRecord = {
  id: 'one',
  value: 'a-secret-of-some-length',
  connection: 'c',
  origin: 'http://127.0.0.1:1',
  level: 'sole',
  sent: { wall: 1_000, up: 10, boot: 'b' },
  leftMs: 60_000,
  lifeMs: 60_000,
  source: 'reported',
  openedAt: 1_000,
  lastUsedAt: 1_000,
  lastActive: { wall: 1_000, up: 10, boot: 'b' },
  keepAlive: 'manual',
  keepAliveSetAt: 0,
  openedBy: 'w1',
  usedBy: 'w1',
  closing: false,
  signInId: '',
  valueVersion: 0,
  lifeVersion: 0,
};

// Few values, so that ties are common.
const small = fc.integer({ min: 0, max: 2 });
const instant = fc.record({
  wall: small,
  up: small,
  boot: fc.constantFrom('', 'x', 'y'),
  machine: fc.constantFrom(undefined, 'm'),
});
const record: fc.Arbitrary<TokenRecord> = fc.record({
  id: fc.constant('one'),
  value: fc.constantFrom('v1', 'v2'),
  connection: fc.constant('c'),
  origin: fc.constant('o'),
  level: fc.constant('sole' as const),
  sent: instant,
  leftMs: small,
  lifeMs: small,
  source: fc.constantFrom('reported' as const, 'estimated' as const),
  openedAt: small,
  lastUsedAt: small,
  lastActive: instant,
  keepAlive: fc.constantFrom('manual' as const, 'auto' as const),
  keepAliveSetAt: small,
  openedBy: fc.constantFrom('w1', 'w2'),
  usedBy: fc.constantFrom('w1', 'w2'),
  closing: fc.boolean(),
  signInId: fc.constantFrom('', 's1'),
  valueVersion: small,
  lifeVersion: small,
});

/** The same as an entry of the storage. */
const stored = JSON.parse(serialize(aRecord));

describe('token record', () => {
  it('reads what it has written, and drops nothing', () => {
    const full: TokenRecord = {
      ...aRecord,
      level: 'session',
      service: 's',
      target: 't',
      view: 'v',
      under: 'u',
      signInId: 's',
    };
    const parsed = parseRecord('one', serialize(full));
    assert.deepEqual(parsed.ok && parsed.value, full);
    assert.equal(serialize({ ...full, id: 'one' }), serialize(full));
  });

  it('writes the same text whatever the order of the members', () => {
    const turned = Object.fromEntries(Object.entries(aRecord).reverse()) as TokenRecord;
    assert.equal(serialize(turned), serialize(aRecord));
  });

  it('reads entries of before there were turns', () => {
    const { generation: _g, turn: _t, closing: _c, signIn: _s, ...old } = stored;
    const parsed = parseRecord('one', JSON.stringify(old));
    assert.deepEqual(parsed.ok && parsed.value, aRecord);
  });

  it('reads entries of version 0.1, and writes what that version reads', () => {
    const entry = {
      id: 'one',
      value: 'a-secret-of-some-length',
      connection: 'c',
      origin: 'http://127.0.0.1:1',
      kind: 'user',
      service: 's',
      signIn: 's1',
      generation: 2,
      turn: 3,
      sent: { wall: 1_000, up: 10, boot: 'b' },
      leftMs: 60_000,
      lifeMs: 60_000,
      source: 'reported',
      openedAt: 1_000,
      lastUsedAt: 1_000,
      worked: { wall: 900, up: 9, boot: 'b' },
      keepAlive: 'manual',
      keepAliveSetAt: 0,
      openedBy: 'w1',
      usedBy: 'w1',
      closing: false,
    };
    const session = { ...entry, kind: 'session', view: 'v', target: 't', under: 'u', closing: true };
    const levels = [
      ['user', entry],
      ['replaced', { ...entry, closing: true }],
      ['session', session],
      ['sole', { ...entry, kind: 'session', service: undefined }],
    ] as const;
    for (const [level, one] of levels) {
      const parsed = parseRecord('one', JSON.stringify(one));
      assert.ok(parsed.ok);
      const { value } = parsed;
      assert.equal(value.level, level);
      assert.deepEqual([value.signInId, value.valueVersion, value.lifeVersion], ['s1', 2, 3]);
      assert.deepEqual(value.lastActive, entry.worked);
      assert.deepEqual(JSON.parse(serialize(value)), JSON.parse(JSON.stringify(one)));
    }
  });

  it('keeps members that it does not know, also when it changes and joins', () => {
    const later = { ...stored, keep: { b: ['x'], a: null }, version: 2, turn: 1 };
    const parsed = parseRecord('one', JSON.stringify({ ...later, written: aRecord.sent, asks: true }));
    assert.ok(parsed.ok);
    assert.deepEqual(JSON.parse(serialize({ ...parsed.value, leftMs: 5 })), { ...later, leftMs: 5 });
    const used = { ...aRecord, lastUsedAt: 2_000 };
    for (const joined of [merge(used, parsed.value), merge(parsed.value, used)]) {
      assert.deepEqual(JSON.parse(serialize(joined)), { ...later, lastUsedAt: 2_000 });
    }
  });

  it('says what is wrong with an entry without quoting it', () => {
    for (const json of [
      '',
      '{"id":"one","value":"a-secret-of-some-length"',
      '[]',
      'null',
      '42',
      JSON.stringify({ ...stored, leftMs: 'a-secret-of-some-length' }),
      JSON.stringify({ ...stored, value: '' }),
      JSON.stringify({ ...stored, sent: null }),
      JSON.stringify({ ...stored, id: 'two' }),
    ]) {
      const parsed = parseRecord('one', json);
      assert.equal(parsed.ok, false, json);
      assert.ok(!parsed.ok && !parsed.reason.includes('secret'));
    }
  });

  it('joins two windows’ knowledge: in any order, in any grouping, any number of times', () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        assert.equal(serialize(merge(a, a)), serialize(a));
        assert.equal(serialize(merge(a, b)), serialize(merge(b, a)));
        assert.equal(serialize(merge(merge(a, b), c)), serialize(merge(a, merge(b, c))));
        assert.equal(serialize(merge(merge(a, b), b)), serialize(merge(a, b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes the newer life, the later use and the latest word on renewal, each for itself', () => {
    const renewed = { ...aRecord, lifeVersion: 2, leftMs: 50_000, sent: { wall: 900, up: 20, boot: 'b' } };
    const used = { ...aRecord, lifeVersion: 1, lastUsedAt: 2_000, usedBy: 'w2' };
    const set = { ...aRecord, keepAlive: 'auto' as const, keepAliveSetAt: 5 };
    assert.deepEqual(merge(merge(renewed, used), set), {
      ...renewed,
      lastUsedAt: 2_000,
      usedBy: 'w2',
      keepAlive: 'auto',
      keepAliveSetAt: 5,
    });
  });

  it('holds a replaced value over any number of uses of the one before', () => {
    const replaced = { ...aRecord, valueVersion: 1, lifeVersion: 1, value: 'the-next-secret-value' };
    const used = { ...aRecord, lifeVersion: 9, lastUsedAt: 9_000 };
    assert.equal(merge(used, replaced).value, 'the-next-secret-value');
    assert.equal(merge(used, replaced).lastUsedAt, 9_000);
  });

  it('shows all but the value', () => {
    const clock = new FakeClock();
    const info = infoOf({ ...aRecord, sent: clock.now() }, clock.now(), 2_000);
    assert.ok(!JSON.stringify(info).includes(aRecord.value));
    assert.equal(info.masked, '••••ngth');
    assert.equal(info.state, 'live');
    assert.equal(info.expiresAt, clock.now().wall + 60_000);
    assert.equal(infoOf({ ...aRecord, value: 'short-value' }, clock.now(), 0).masked, '••••');
    // Of a past start of the machine, by a wall clock that was set back.
    const lost = {
      ...aRecord,
      sent: { wall: clock.now().wall + 1, up: 0, boot: 'other', machine: clock.now().machine },
    };
    assert.equal(infoOf(lost, clock.now(), 0).state, 'expired');
    assert.equal(infoOf(lost, clock.now(), 0).expiresAt, 0);
  });
});
