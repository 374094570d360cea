import assert from 'node:assert/strict';
import { parseConnection } from '../../../src/core/connection.ts';
import { fill } from '../../../src/core/errors.ts';

const good = { name: 'c', kind: 'bmc-cra', url: 'https://host.example/p' };

describe('connections', () => {
  it('say in one clause what is wrong with which field', () => {
    for (const [input, reason] of [
      [7, 'must be an object'],
      [null, 'must be an object'],
      [{ ...good, name: undefined }, '"name" is missing'],
      [{ name: 'c', url: good.url }, '"kind" is missing'],
      [{ ...good, name: ' ' }, '"name" must not be empty'],
      [{ ...good, name: 7 }, '"name" must be a string'],
      [{ ...good, kind: 'soap' }, '"kind" must be one of bmc-cra, sarus'],
      [{ ...good, dialect: 7 }, '"dialect" must be one of auto, getData, views'],
      [{ ...good, keepAlive: 'ever' }, '"keepAlive" must be one of manual, auto'],
      [
        { ...good, url: 'ftp://host' },
        '"url" must be an http or https address without user, query or fragment',
      ],
      [
        { ...good, url: 'https://u:p@host' },
        '"url" must be an http or https address without user, query or fragment',
      ],
      [{ ...good, lifeMinutes: 0 }, '"lifeMinutes" must be more than 0'],
      [{ ...good, lifeMinutes: Number.POSITIVE_INFINITY }, '"lifeMinutes" must be a number'],
      [{ ...good, maxSessions: 1.5 }, '"maxSessions" must be a whole number'],
      [{ ...good, maxSessions: 0 }, '"maxSessions" must be 1 or more'],
      [{ ...good, requestTimeoutSeconds: '30' }, '"requestTimeoutSeconds" must be a number'],
      [{ ...good, rejectUnauthorized: 'no' }, '"rejectUnauthorized" must be a boolean'],
    ] as const) {
      const parsed = parseConnection(input);
      assert.ok(!parsed.ok, reason);
      assert.equal(fill(parsed.reason.template, parsed.reason.args), reason);
    }
  });

  it('have a life within the bounds of their protocol', () => {
    const lifeOf = (settings: object) => {
      const parsed = parseConnection({ ...good, ...settings });
      return parsed.ok ? parsed.value.lifeMinutes : undefined;
    };
    assert.deepEqual(
      [1, undefined, 30, 9999].map((lifeMinutes) => lifeOf({ lifeMinutes })),
      [5, 15, 30, 1440],
    );
    const sarus = [0.5, undefined, 9999].map((lifeMinutes) => lifeOf({ kind: 'sarus', lifeMinutes }));
    assert.deepEqual(sarus, [1, 30, 1440]);
  });
});
