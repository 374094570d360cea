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

export const aRecord: TokenRecord = {
  id: 'one',
  value: 'a-secret-of-some-length',
  connection: 'c',
  origin: 'http://127.0.0.1:1',
  kind: 'session',
  sent: { wall: 1_000, up: 10, boot: 'b' },
  leftMs: 60_000,
  lifeMs: 60_000,
  source: 'reported',
  openedAt: 1_000,
  lastUsedAt: 1_000,
  worked: { wall: 1_000, up: 10, boot: 'b' },
  keepAlive: 'manual',
  keepAliveSetAt: 0,
  openedBy: 'w1',
  usedBy: 'w1',
  closing: false,
  signIn: '',
  generation: 0,
  turn: 0,
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
  kind: fc.constant('session' as const),
  sent: instant,
  leftMs: small,
  lifeMs: small,
  source: fc.constantFrom('reported' as const, 'estimated' as const),
  openedAt: small,
  lastUsedAt: small,
  worked: instant,
  keepAlive: fc.constantFrom('manual' as const, 'auto' as const),
  keepAliveSetAt: small,
  openedBy: fc.constantFrom('w1', 'w2'),
  usedBy: fc.constantFrom('w1', 'w2'),
  closing: fc.boolean(),
  signIn: fc.constantFrom('', 's1'),
  generation: small,
  turn: small,
});

describe('token record', () => {
  it('reads what it has written, and drops nothing', () => {
    const full = { ...aRecord, service: 's', target: 't', view: 'v', under: 'u', signIn: 's' };
    const parsed = parseRecord('one', serialize(full));
    assert.deepEqual(parsed, { ok: true, value: full });
    assert.equal(serialize({ ...full, id: 'one' }), serialize(full));
  });

  it('writes the same text whatever the order of the members', () => {
    const turned = Object.fromEntries(Object.entries(aRecord).reverse()) as TokenRecord;
    assert.equal(serialize(turned), serialize(aRecord));
  });

  it('reads entries of before there were turns', () => {
    const { generation: _g, turn: _t, closing: _c, signIn: _s, ...old } = aRecord;
    assert.deepEqual(parseRecord('one', JSON.stringify(old)), { ok: true, value: aRecord });
  });

  it('says what is wrong with an entry without quoting it', () => {
    for (const json of [
      '',
      '{"id":"one","value":"a-secret-of-some-length"',
      '[]',
      'null',
      '42',
      JSON.stringify({ ...aRecord, leftMs: 'a-secret-of-some-length' }),
      JSON.stringify({ ...aRecord, value: '' }),
      JSON.stringify({ ...aRecord, sent: null }),
      JSON.stringify({ ...aRecord, id: 'two' }),
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
    const renewed = { ...aRecord, turn: 2, leftMs: 50_000, sent: { wall: 900, up: 20, boot: 'b' } };
    const used = { ...aRecord, turn: 1, lastUsedAt: 2_000, usedBy: 'w2' };
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
    const replaced = { ...aRecord, generation: 1, turn: 1, value: 'the-next-secret-value' };
    const used = { ...aRecord, turn: 9, lastUsedAt: 9_000 };
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
