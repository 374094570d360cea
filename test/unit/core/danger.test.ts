import assert from 'node:assert/strict';
import { type Danger, dangerOf } from '../../../src/core/connection.ts';

const cases: [string, boolean, Danger | undefined][] = [
  ['https://host', true, undefined],
  ['https://host', false, 'unverified'],
  ['https://127.0.0.1', false, 'unverified'],
  ['http://host', true, 'unencrypted'],
  ['http://host', false, 'unencrypted'],
  ['HTTP://host', true, 'unencrypted'],
  ['h\tttp://host', true, 'unencrypted'],
  ['http://127.0.0.1:1', true, undefined],
  ['http://localhost', false, undefined],
  ['http://[::1]:80', false, undefined],
];

describe('the danger of a way', () => {
  for (const [url, rejectUnauthorized, danger] of cases) {
    it(`of ${url}, its certificate ${rejectUnauthorized ? 'verified' : 'not verified'}: ${danger ?? 'none'}`, () => {
      assert.equal(dangerOf({ url, rejectUnauthorized }), danger);
    });
  }
});
