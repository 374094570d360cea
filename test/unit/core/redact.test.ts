import { equal, ok } from 'node:assert/strict';
import { wordsOf } from '../../../src/core/http/text.ts';
import { Redactor } from '../../../src/core/redact.ts';
import { canaries, SecretSearch } from '../../security/canaries.ts';

const secret = "Cana/ry+Pass wörd & 'quote' %41";

const escaped = (of: (code: number) => string, which = /./g) =>
  secret.replace(which, (char) => of(char.charCodeAt(0)));

describe('security: redaction', () => {
  it('leaves no half of a secret where a page’s words are cut', () => {
    const redactor = new Redactor();
    redactor.add('Cana/ry+7f');
    for (let spaces = 380; spaces < 400; spaces++) {
      const words = wordsOf(`<h1>${' '.repeat(spaces)}Cana/ry+7f</h1>`, redactor);
      ok(!words.includes('Cana'), words);
    }
  });

  it('takes a secret out in every encoding it travels in', () => {
    const redactor = new Redactor();
    redactor.add(secret);
    const pair = Buffer.from(`user:${secret}`).toString('base64');
    for (const form of [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(encodeURIComponent(secret)),
      encodeURIComponent(secret).toLowerCase(),
      new URLSearchParams({ x: secret }).toString().slice(2),
      JSON.stringify(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
      pair,
      Buffer.from(secret).toString('hex').toUpperCase(),
      escaped((code) => `\\u${code.toString(16).padStart(4, '0')}`),
      escaped((code) => `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`, /\W/g),
      escaped((code) => `&#${code};`, /[^\w ]/g),
      escaped((code) => `&#x${code.toString(16)};`),
      secret.replaceAll('&', '&amp;').replaceAll("'", '&#39;'),
    ]) {
      const clean = redactor.redact(`before ${form} after`);
      ok(clean.startsWith('before ') && clean.endsWith(' after'), clean);
      for (const part of partsOf(form, 12)) {
        ok(!clean.includes(part), `${part} of ${form} is left in ${clean}`);
      }
    }
  });

  it('takes out every part of eight characters and more, whatever its case and wherever it was cut', () => {
    const redactor = new Redactor();
    const token = 'Tk-9f27C0ab51e8d6a4-Zy';
    redactor.add(token);
    for (const part of partsOf(token, 8)) {
      for (const text of [part, part.toLowerCase(), part.toUpperCase()]) {
        equal(redactor.redact(`<${text}>`), '<‹redacted›>');
      }
    }
    equal(redactor.redact(`see ${token.slice(0, 7)}!`), `see ${token.slice(0, 7)}!`);
  });

  it('takes out parts of two secrets that overlap', () => {
    const redactor = new Redactor();
    redactor.add('11111111xxxxyyyy');
    redactor.add('yyyyzzzz22222222');
    equal(redactor.redact('see xxxxyyyyzzzz!'), 'see ‹redacted›!');
  });

  it('leaves no end of a long secret that begins with a short one', () => {
    const redactor = new Redactor();
    redactor.add('abcd');
    redactor.add('abcd!x-y');
    equal(redactor.redact('abcd!x-y'), '‹redacted›');
  });

  it('leaves the host of an e-mail address readable, and nothing of the person', () => {
    const redactor = new Redactor();
    redactor.add('some.person@gateway.example.com');
    equal(redactor.redact('gateway.example.com: ok'), 'gateway.example.com: ok');
    equal(redactor.redact('some.person@gateway.example.com'), '‹redacted›');
    equal(redactor.redact('some.person did it'), '‹redacted› did it');
  });

  it('takes secrets out of data, and leaves there names and what only looks like a secret', () => {
    const redactor = new Redactor();
    redactor.add('Tk-9f27C0ab51e8d6a4-Zy');
    redactor.addName('PRODUSER7');
    const data = '{"USER":"PRODUSER7","token":"none","HEARD":"…"}';
    equal(redactor.hide(data), data);
    equal(
      redactor.hide(data.replace('…', 'x Tk-9f27C0ab51e8d6a4-Zy y')),
      data.replace('…', 'x ‹redacted› y'),
    );
    equal(redactor.redact('for PRODUSER7'), 'for ‹redacted›');
    // Somebody's name may be their password too.
    redactor.add('PRODUSER7');
    equal(redactor.hide('for PRODUSER7'), 'for ‹redacted›');
  });

  it('masks only whole secrets in data, in every encoding and case', () => {
    const redactor = new Redactor();
    redactor.add('CICSPROD2026');
    redactor.add('pass/Word 99');
    redactor.add('abcd');
    for (const data of [
      'CICSPROD',
      'ICSPROD2',
      '"JOB":"CICSPROD","YEAR":2026',
      'abcd',
      'CICSPROD202',
      'pass/Word 9',
    ]) {
      equal(redactor.hide(data), data);
    }
    const inBase64 = Buffer.from('user:pass/Word 99').toString('base64');
    for (const secret of [
      'CICSPROD2026',
      'cicsprod2026',
      'pass/Word 99',
      'pass%2FWord%2099',
      'PASS%2fword%2099',
    ]) {
      equal(redactor.hide(`CICSPROD ${secret}x`), 'CICSPROD ‹redacted›x');
    }
    ok(redactor.hide(inBase64).includes('‹redacted›'));
    equal(redactor.hide('İ CICSPROD2026'), 'İ ‹redacted›');
    redactor.addName('PRODUSER7');
    equal(redactor.hide('CICSPROD2026 PRODUSER7'), '‹redacted› PRODUSER7');
    redactor.add('PRODUSER7');
    equal(redactor.hide('CICSPROD2026 PRODUSER7'), '‹redacted› ‹redacted›');
    equal(redactor.redact('CICSPROD'), '‹redacted›');
  });

  it('leaves not even a part in data of a secret that is there as a whole, however it is written', () => {
    const redactor = new Redactor();
    const { password, apiKey, gatewayPassword } = canaries;
    const secrets = [password, apiKey, gatewayPassword, 'Tk-9f27C0ab51e8d6a4-Zy'];
    for (const secret of secrets) {
      redactor.add(secret);
    }
    const search = new SecretSearch(secrets);
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    for (const text of secrets.flatMap((secret) =>
      ['', 'x', 'x:', 'Bearer '].flatMap((before) =>
        ['', '!', ' and so on'].map((after) => before + secret + after),
      ),
    )) {
      const form = new URLSearchParams({ a: text }).toString();
      for (const written of [text, encodeURIComponent(text), form, JSON.stringify(text), base64(text)]) {
        equal(search.find(redactor.hide(written)), undefined, written);
        equal(search.find(redactor.hide(base64(written))), undefined, written);
      }
    }
  });

  it('takes secrets out beside letters that grow in lower case', () => {
    const redactor = new Redactor();
    redactor.add('Tk-9f27C0ab51e8d6a4-Zy');
    equal(redactor.redact('İİ k-9f27C0ab5 İ'), 'İİ ‹redacted› İ');
  });

  it('knows secrets it was never told of by their shape', () => {
    const redactor = new Redactor();
    for (const text of [
      'Authorization: Bearer abc.def',
      'authorization: Basic dXNlcjpwYXNz',
      'GET /GetSessionToken?APIKey=shape-1&email=shape-2&Password=shape-3',
      '{"userToken":"shape-4","password": "sha\\"pe-5"}',
      "{ 'sessionToken': 'shape-6' }",
      'https://shape-7:shape-8@host/',
      'Set-Cookie: JSESSIONID=shape-9; Path=/',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaGFwZSJ9.c2hhcGU',
    ]) {
      const clean = redactor.redact(text);
      ok(!/shape-\d|abc\.def|dXNlcjp|pe-5|eyJ/.test(clean), clean);
    }
  });

  it('looks on for what was just closed, and forgets it in time', () => {
    const redactor = new Redactor();
    for (let count = 0; count < 1_000; count++) {
      redactor.add(`token number <${count}>`);
      redactor.delete(`token number <${count}>`);
    }
    equal(redactor.redact('token number <999>'), '‹redacted›');
    redactor.add('kept'.repeat(3));
    equal(redactor.redact('kept'.repeat(3)), '‹redacted›');
    const fresh = new Redactor();
    fresh.add('AAAAbbbb1111');
    fresh.delete('AAAAbbbb1111');
    for (let count = 0; count < 300; count++) {
      fresh.add(`${count}-CCCCdddd`);
      fresh.delete(`${count}-CCCCdddd`);
    }
    equal(fresh.redact('AAAAbbbb1111'), 'AAAAbbbb1111');
  });

  it('is quick: hundreds of tokens, long lines, and lines made to be slow', () => {
    const redactor = new Redactor();
    for (let count = 0; count < 500; count++) {
      redactor.add(`${count}-0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c`);
    }
    redactor.redact('');
    for (const text of [
      'x'.repeat(65_536),
      '//'.repeat(20_000),
      'authorization'.repeat(5_000),
      `"token":"${'\\'.repeat(60_000)}`,
      `token=${'a'.repeat(60_000)}`,
      'eyJaaaa.'.repeat(8_000),
    ]) {
      const begun = performance.now();
      redactor.redact(text);
      ok(performance.now() - begun < 3_000, `${text.slice(0, 20)}… took ${performance.now() - begun} ms`);
    }
  });
});

function partsOf(text: string, length: number): string[] {
  return Array.from({ length: Math.max(text.length - length + 1, 0) }, (_, at) =>
    text.slice(at, at + length),
  );
}
