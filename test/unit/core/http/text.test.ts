import { deepEqual, equal, ok } from 'node:assert/strict';
import { isError, looksLikeHtml, member, parseJson, wordsOf } from '../../../../src/core/http/text.ts';
import { Redactor } from '../../../../src/core/redact.ts';

describe('protocols: text of untrusted senders', () => {
  const redactor = new Redactor();

  it('reads JSON with a byte-order mark', () => {
    deepEqual(parseJson('\uFEFF {"a": 1}'), { ok: true, value: { a: 1 } });
  });

  it('bounds nesting, and does not count brackets in strings', () => {
    deepEqual(parseJson(`${'['.repeat(65)}${']'.repeat(65)}`), {
      ok: false,
      reason: 'nested deeper than 64',
    });
    equal(parseJson(`${'['.repeat(64)}${']'.repeat(64)}`).ok, true);
    equal(parseJson(JSON.stringify({ a: `"\\${'['.repeat(100)}` })).ok, true);
    equal(parseJson('['.repeat(1_000_000)).ok, false);
  });

  it('says what is wrong without quoting it', () => {
    deepEqual(parseJson('secret'), { ok: false, reason: 'not JSON' });
    deepEqual(parseJson(' \n'), { ok: false, reason: 'empty' });
  });

  it('keeps prototype names harmless', () => {
    const parsed = parseJson('{"__proto__": {"userToken": "x"}, "constructor": 1}');
    ok(parsed.ok);
    equal(member(parsed.value, 'userToken'), undefined);
    equal(member({}, 'toString'), undefined);
    equal(Object.getPrototypeOf(parsed.value), Object.prototype);
  });

  it('finds the words of Tomcat’s pages, new and old', () => {
    equal(
      wordsOf(
        '<html><head><title>T</title></head><body><h1>HTTP Status 404 – Not Found</h1><p><b>Type</b> Status Report</p>' +
          '<p><b>Message</b> The view &quot;X&quot; is &lt;gone&gt; &#38; more</p></body></html>',
        redactor,
      ),
      'HTTP Status 404 – Not Found: The view "X" is gone & more',
    );
    equal(
      wordsOf('<HTML><h1>HTTP Status 500</h1><p><b>message</b> <u>It broke</u></p></HTML>', redactor),
      'HTTP Status 500: It broke',
    );
    equal(wordsOf('<html><title>Bad Gateway</title>', redactor), 'Bad Gateway');
    equal(wordsOf('<html><body>nothing</body></html>', redactor), '');
  });

  it('finds the words of JSON in the usual members', () => {
    equal(wordsOf('{"error": "No such view"}', redactor), 'No such view');
    equal(wordsOf('{"error": {"message": "Deep"}}', redactor), 'Deep');
    equal(wordsOf('{"Errors": {"Status": 410, "Detail": "Expired"}}', redactor), 'Expired');
    equal(wordsOf('{"message": ["First", "Second"]}', redactor), 'First');
    equal(wordsOf('{"status": 500}', redactor), '');
    // As Vault, OAuth, JSON:API, vCenter, Redfish, OData and Apigee say it.
    for (const [body, words] of [
      [{ errors: ['permission denied'] }, 'permission denied'],
      [{ error: 'invalid_grant', error_description: 'Wrong user.' }, 'invalid_grant: Wrong user.'],
      [{ errors: [{ title: 'Gone', detail: 'Session over' }] }, 'Session over'],
      [{ messages: [{ id: 'x', default_message: 'Sign in first.' }] }, 'Sign in first.'],
      [{ error: { code: 'x', '@Message.ExtendedInfo': [{ Message: 'No rights.' }] } }, 'No rights.'],
      [{ error: { code: 301, message: { lang: 'en', value: 'Invalid session.' } } }, 'Invalid session.'],
      [{ fault: { faultstring: 'Quota' } }, 'Quota'],
    ] as const) {
      equal(wordsOf(JSON.stringify(body), redactor), words);
    }
    equal(wordsOf('{"error": {"error": {"error": {"error": {"error": "too deep"}}}}}', redactor), '');
  });

  it('makes words plain, short, and free of markup, controls and secrets', () => {
    equal(
      wordsOf('{"error": "<img src=x onerror=alert(1)>Bad\\u0000\\u202e  <b>luck</b>\\r\\n!"}', redactor),
      'Bad luck !',
    );
    equal(wordsOf('Just\n text', redactor), 'Just text');
    const long = wordsOf(`x${'y'.repeat(5_000)}`, redactor);
    equal(long.length, 200);
    ok(long.endsWith('…'));
    const told = new Redactor();
    told.add('hunter2hunter2');
    ok(!wordsOf('{"error": "password hunter2hunter2 is wrong"}', told).includes('hunter2'));
    ok(!wordsOf(`{"error": "${'x'.repeat(190)} hunter2hunter2"}`, told).includes('hunter'));
    // No part of a secret that looks like markup is left.
    told.add('left part<&">right\u0001part');
    equal(wordsOf(JSON.stringify({ error: 'left part<&">right\u0001part' }), told), '‹redacted›');
  });

  it('is quick with pages made to be slow', () => {
    for (const page of [
      '<h1'.repeat(30_000),
      `<${'b>message</b>'.repeat(6_000)}`,
      '<'.repeat(65_536),
      '&#1'.repeat(9_000),
    ]) {
      const begun = performance.now();
      wordsOf(page, redactor);
      ok(performance.now() - begun < 3_000); // Milliseconds; with a pattern that goes back over them it is minutes.
    }
  });

  it('knows a page by its first character', () => {
    ok(looksLikeHtml('\uFEFF\n <!doctype html>'));
    ok(!looksLikeHtml('{"a": "<html>"}'));
  });

  it('does not take an empty error for one', () => {
    deepEqual([undefined, null, '', false, 0, {}].map(isError), [false, false, false, false, false, false]);
    deepEqual(['x', { code: 8 }, 1, true].map(isError), [true, true, true, true]);
  });
});
