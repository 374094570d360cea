import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FragmentSet, fragmentLength } from '../../../src/core/fragmentSet.ts';

/** Few characters, so that parts meet; some that ASCII does not have, and the one that numbers could take for nothing. */
const text = fc
  .array(fc.constantFrom('a', 'b', 'a', 'b', '\u0000', '\u007f', 'ä', '\ud800'), { maxLength: 60 })
  .map((characters) => characters.join(''));

function places(of: string): number[] {
  return Array.from({ length: Math.max(0, of.length - fragmentLength + 1) }, (_, at) => at);
}

describe('the set of parts', () => {
  it('holds what a set of strings would', () => {
    fc.assert(
      fc.property(fc.array(text), text, (texts, asked) => {
        const parts = new FragmentSet();
        const expected = new Set<string>();
        for (const one of texts) {
          for (const at of places(one)) {
            parts.add(one, at);
            expected.add(one.slice(at, at + fragmentLength));
          }
        }
        assert.equal(parts.size, expected.size);
        for (const one of [...texts, asked]) {
          for (const at of places(one)) {
            assert.equal(parts.has(one, at), expected.has(one.slice(at, at + fragmentLength)));
          }
        }
      }),
    );
  });

  it('grows to many thousands, and forgets them all', () => {
    const parts = new FragmentSet();
    const many = Array.from({ length: 20_000 }, (_, at) => String(at * 4999).padStart(fragmentLength, '0'));
    for (const one of many) {
      parts.add(one, 0);
      parts.add(`x${one}`, 1);
    }
    assert.equal(parts.size, many.length);
    assert.ok(many.every((one) => parts.has(one, 0)));
    assert.ok(!parts.has('99999999', 0));
    parts.clear();
    assert.equal(parts.size, 0);
    assert.ok(!many.some((one) => parts.has(one, 0)));
  });
});
