import { deepEqual, equal } from 'node:assert/strict';
import { decode, decodePairs, encode, encodePairs, segment } from '../../../../src/core/http/encode.ts';
import { failure } from '../protocols/rig.ts';

describe('protocols: encoding', () => {
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

  it('comes back the same from queries and forms, whatever the character', () => {
    const text = `${printable}äß€😀\u0000\n`;
    equal(new URLSearchParams(encodePairs([['a b&=', text]])).get('a b&='), text);
    equal(new URL(`http://x/?${encodePairs([['v', text]])}`).searchParams.get('v'), text);
    equal(decodeURIComponent(encode(text)), text);
  });

  it('leaves the star bare and does not use plus', () => {
    equal(
      encodePairs([
        ['context', '*'],
        ['a', 'b c'],
      ]),
      'context=*&a=b%20c',
    );
  });

  it('survives half a surrogate pair', () => {
    equal(encode('\ud800x'), '%EF%BF%BDx');
  });

  it('gives back what was decoded, bytes that are no UTF-8 too', () => {
    for (const text of ['a%2Fb', '%C3%A9%E9', '%FF%00%41%E9', 'x%25y', '%F0%9F%98%80']) {
      equal(encode(decode(text)), text.replace('%41', 'A'));
    }
    equal(decode('a+b%zz%'), 'a+b%zz%');
    deepEqual(decodePairs('a=1=2&&b&=c&%E9=%e9&+=+'), [
      ['a', '1=2'],
      ['b', ''],
      ['', 'c'],
      ['\udce9', '\udce9'],
      [' ', ' '],
    ]);
  });

  it('refuses what a path cannot say', async () => {
    for (const name of ['', '.', '..']) {
      await failure((async () => segment(name))(), 'E_CONFIG');
    }
    equal(segment('a/b?c#d%2e'), 'a%2Fb%3Fc%23d%252e');
  });
});
