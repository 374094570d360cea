import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { secretPlace } from '../../../../../src/core/connection.ts';
import { TokensError } from '../../../../../src/core/errors.ts';
import { matches } from '../../../../../src/core/protocols/rest/criteria.ts';
import { instantOf, toldMs } from '../../../../../src/core/protocols/rest/life.ts';
import { type Place, placeOf, seen, textAt, valueAt } from '../../../../../src/core/protocols/rest/place.ts';
import {
  fillJson,
  fillPath,
  fillText,
  headerValue,
  type PathTemplate,
  pathTemplate,
} from '../../../../../src/core/protocols/rest/template.ts';

const answer = (body: unknown, headers: Record<string, string | string[]> = {}, status = 200) =>
  seen({ status, headers }, typeof body === 'string' ? body : JSON.stringify(body));

function place(text: string): Place {
  const found = placeOf(text);
  ok(found, text);
  return found;
}

function template(text: string): PathTemplate {
  const found = pathTemplate(text);
  ok(found, text);
  return found;
}

const values = (known: Record<string, string | number>) => (name: string) => known[name];
const isCode = (code: string) => (error: unknown) => error instanceof TokensError && error.code === code;

describe('rest: places', () => {
  it('are JSON Pointers to own members and elements alone', () => {
    const body = answer({ a: [{ 'x/y': 'one', '~': 'two' }], list: [1, 2], '': 'empty' });
    equal(textAt(place('/a/0/x~1y'), body), 'one');
    equal(textAt(place('/a/0/~0'), body), 'two');
    equal(textAt(place('/'), body), 'empty');
    for (const none of ['/list/length', '/list/-', '/list/01', '/list/2', '/a/constructor', '/__proto__']) {
      equal(valueAt(place(none), body), undefined, none);
    }
  });

  it('give numbers to the last digit, and of lists and objects no text', () => {
    const body = answer('{"id":9007199254740993,"list":[],"yes":true,"none":null}');
    equal(textAt(place('/id'), body), '9007199254740993');
    equal(textAt(place('/yes'), body), 'true');
    equal(textAt(place('/list'), body), undefined);
    equal(textAt(place('/none'), body), undefined);
  });

  it('look into headers, cookies and the text', () => {
    equal(valueAt(place('$response.header.constructor'), answer('')), undefined);
    const found = answer('plain text\n', {
      'x-auth': 'abc',
      'set-cookie': ['Ltpa=; Max-Age=0', 'LtpaToken2_7=xyz; Path=/', 'SID=a=b; HttpOnly'],
    });
    equal(textAt(place('$response.header.X-Auth'), found), 'abc');
    equal(textAt(place('$response.cookie.SID'), found), 'a=b');
    equal(textAt(place('$response.cookie.Ltpa*'), found), 'xyz');
    equal(textAt(place('$response.cookie.sid'), found), undefined);
    equal(textAt(place('$response.body'), found), 'plain text');
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
    const set = (...lines: string[]) =>
      textAt(place('$response.cookie.SID*'), answer('', { date, 'set-cookie': lines }));
    equal(set('SID=first', 'SID2=other', 'SID=last'), 'last');
    equal(set('SID=deleted; Max-Age=0', 'SID2=a'), 'a');
    equal(set('SID=deleted; Expires=Wed, 31 Dec 2025 23:00:00 GMT'), undefined);
    equal(set('SID=a; Expires=Thu, 01 Jan 2026 01:00:00 GMT'), 'a');
  });

  it('find each member of any JSON by its pointer', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.string())), (body) => {
        for (const [name, inner] of Object.entries(body)) {
          for (const [key, value] of Object.entries(inner)) {
            const step = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1');
            equal(textAt(place(`/${step(name)}/${step(key)}`), answer(body)), value);
          }
        }
      }),
    );
  });

  it('are never read to the end of the stack', () => {
    equal(answer('['.repeat(200_000)).json, undefined);
  });
});

describe('rest: templates', () => {
  it('encode by what carries a value', () => {
    const known = values({ x: 'a/b?c&d=e f%', y: 'ü', n: 5 });
    const fill = (text: string) => fillPath(template(text), known, 'https://h/p').path;
    equal(fill('/a/{x}/b'), '/a/a%2Fb%3Fc%26d%3De%20f%25/b');
    equal(fill('/a{?x,z,y}'), '/a?x=a%2Fb%3Fc%26d%3De%20f%25&y=%C3%BC');
    equal(fill('/a?k=1{?n}'), '/a?k=1&n=5');
    equal(fill('/a?k={x}&m={n}'), '/a?k=a%2Fb%3Fc%26d%3De%20f%25&m=5');
    equal(fill('/a/{+x}/b'), '/a/a/b%3Fc&d=e%20f%25/b');
    equal(fill('/a?k={+x}'), '/a?k=a%2Fb%3Fc%26d%3De%20f%25');
    equal(fill('/v3?select=id,name&nocatalog'), '/v3?select=id,name&nocatalog');
  });

  it('leave a parameter out whose value no answer has told yet, and name none by a value', () => {
    const fill = (text: string) =>
      fillPath(template(text), values({ x: 'X' }), 'https://h', (name) => name === 'csrf').path;
    equal(fill('/a?csrf={csrf}'), '/a');
    equal(fill('/a&b?a=1&csrf=v{csrf}w&x={x}'), '/a&b?a=1&x=X');
    equal(fill('/a?csrf={csrf}{?x}'), '/a?x=X');
    throws(() => fill('/a?id={id}'), isCode('E_CONFIG'));
    throws(() => fill('/{csrf}'), isCode('E_CONFIG'));
    for (const name of ['/a?{x}=1', '/a?b=1&{x}', '/a?b{x}=1', '/a{?y}&{x}=1']) {
      equal(pathTemplate(name), undefined, name);
    }
    ok(pathTemplate('/a?b{?x}&c=x{y}'));
  });

  it('lead nowhere else', () => {
    const whole = (x: string) => fillPath(template('{+x}'), values({ x }), 'https://host:8443/p');
    deepEqual(whole('https://host:8443/s/1?a=b'), { path: '/s/1?a=b', isWhole: true });
    deepEqual(whole('/s/1'), { path: '/s/1', isWhole: true });
    for (const other of [
      'https://host/s/1',
      'http://host:8443/s',
      'https://evil.example/',
      '//evil.example/x',
      '/\\evil.example',
      'https://u:p@host:8443/x',
      'javascript:alert(1)',
      '/a/../b',
      '/a/%2e%2E/b',
      '/a\r\nX: y',
      'ht\ttps://evil.example',
    ]) {
      throws(() => whole(other), isCode('E_PROTOCOL'), other);
    }
    for (const dots of ['.', '..']) {
      throws(() => fillPath(template('/a/{x}/b'), values({ x: dots }), 'https://h'), isCode('E_PROTOCOL'));
    }
    throws(
      () => fillPath(template('/a/{x}{y}'), values({ x: '.', y: '.' }), 'https://h'),
      isCode('E_PROTOCOL'),
    );
    throws(() => fillPath(template('/a/{x}'), values({ x: '' }), 'https://h'), isCode('E_CONFIG'));
    throws(() => fillPath(template('/a/{x}'), values({}), 'https://h'), isCode('E_CONFIG'));
  });

  it('keep the number of steps and parameters, whatever the values are', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string(), (x, y) => {
        fc.pre(x !== '.' && x !== '..');
        const { path } = fillPath(template('/a/{x}/b{?y}'), values({ x, y }), 'https://h');
        const url = new URL(`https://h${path}`);
        equal(url.pathname.split('/').length, 4);
        deepEqual([...url.searchParams], [['y', y.toWellFormed()]]);
        equal(decodeURIComponent(url.pathname.split('/')[2] ?? ''), x.toWellFormed());
      }),
    );
  });

  it('fill known names in, leave other braces, and leave out what names something unknown', () => {
    const isKnown = (name: string) => ['a', 'b', 'lifeSeconds'].includes(name);
    const known = values({ a: 'A"{b}', lifeSeconds: 90 });
    equal(fillText('x {a} {c} {{a}} $'.concat('{a}'), isKnown, known), 'x A"{b} {c} {A"{b}} $A"{b}');
    equal(
      fillText(secretPlace, () => true, values({ secret: 'x' })),
      secretPlace,
      'is no name',
    );
    equal(fillText('{a}{b}', isKnown, known), undefined);
    deepEqual(
      fillJson(
        { q: '{ me { id } } {a}', t: '{lifeSeconds}', u: 'in {lifeSeconds}', v: ['{b}', null, '{a}'] },
        isKnown,
        known,
      ),
      { q: '{ me { id } } A"{b}', t: 90, u: 'in 90', v: [null, 'A"{b}'] },
    );
  });

  it('put into a header only what it can carry', () => {
    const visible = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 32 + at));
    equal(headerValue('X', visible), visible);
    for (const text of ['a\r\nb', 'a\nb', 'a\0', 'ü', '\x7f']) {
      throws(() => headerValue('X', text), isCode('E_PROTOCOL'));
    }
  });
});

describe('rest: criteria', () => {
  it('hold if all members of one do', () => {
    const dead = answer({ reason: 4, words: 'session "gone"' }, {}, 403);
    const at = place('/reason');
    ok(matches([{ status: [401] }, { status: [403], at, is: [4, 5] }], dead));
    ok(!matches([{ status: [403], at, is: [1] }], dead));
    ok(!matches([{ status: [401], at, is: [4] }], dead));
    ok(matches([{ at: place('/words'), like: '"gone"' }], dead));
    ok(!matches([{ at: place('/reason'), like: 'gone' }], dead));
    ok(matches([{ at: place('/words'), is: ['session "gone"'], like: 'gone' }], dead));
    ok(!matches([{ at: place('/reason'), is: [4], like: 'gone' }], dead));
    ok(matches([{ like: 'session' }], dead));
    ok(!matches([{ like: 'sess.on' }], dead));
    ok(matches([{ at: place('/reason') }], dead));
    ok(!matches([{ at: place('/other') }], dead));
    ok(!matches([], dead));
  });

  it('take a number for its text, and nothing for null', () => {
    const body = answer({ code: '401', n: 4.0, none: null, yes: true });
    ok(matches([{ at: place('/code'), is: [401] }], body));
    ok(matches([{ at: place('/n'), is: ['4'] }], body));
    ok(matches([{ at: place('/none'), is: [null] }], body));
    ok(!matches([{ at: place('/missing'), is: [null] }], body));
    ok(!matches([{ at: place('/none') }], body), 'JSON-RPC says so that there is no error');
    ok(matches([{ at: place('/yes'), is: [true] }], body));
    ok(!matches([{ at: place('/code'), is: ['4'] }], body));
  });
});

describe('rest: lives', () => {
  const told = (unit: Parameters<typeof toldMs>[0], body: unknown, headers = {}, token = '') =>
    toldMs(unit, answer(body, headers), token);

  it('are numbers in a unit, also as text; what is none was not told', () => {
    equal(told({ seconds: place('/t') }, { t: '90' }), 90_000);
    equal(told({ minutes: place('/t') }, { t: 1.5 }), 90_000);
    equal(told({ milliseconds: place('/t') }, { t: 1234 }), 1234);
    equal(told({ seconds: place('/t') }, { t: '-1' }), -1_000);
    for (const t of ['soon', '', null, true, [], '0x10', 'Infinity', undefined]) {
      equal(told({ seconds: place('/t') }, { t }), undefined, String(t));
    }
    equal(told({ minutes: place('/t') }, { t: 1e12 }), 366 * 86_400_000);
  });

  it('are reckoned against the clock of the server, a second later where that may have been cut', () => {
    const at = place('/end');
    const issued = place('/now');
    const end = '2026-01-01T00:10:00.500Z';
    equal(told({ at, issued }, { end, now: '2026-01-01T00:00:00.250Z' }), 600_250);
    equal(told({ at, issued }, { end, now: '2026-01-01T00:00:00.000000Z' }), 599_500);
    equal(told({ at, issued }, { end, now: '2026-01-01T01:00:00+01:00' }), 599_500);
    const date = { date: 'Thu, 01 Jan 2026 00:05:00 GMT' };
    const now = '2026-01-01T00:00:00.250Z';
    equal(told({ at, issued }, { end, now }, date), 600_250, 'by another clock');
    equal(toldMs({ at, issued }, answer({ end, now }, date), '', true), 299_500, 'issued a while ago');
    const over = { date: 'Thu, 01 Jan 2026 00:20:00 GMT' };
    equal(toldMs({ at, issued }, answer({ end, now }, over), '', true), -600_500, 'ended a while ago');
    equal(told({ at, issued }, { end }, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }), 599_500);
    equal(told({ at }, { end }, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }), 599_500);
    equal(told({ at }, { end }), undefined);
    equal(told({ at }, { end: 'never' }, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }), undefined);
    equal(told({ at }, { end: '2025-12-31T23:59:00Z' }, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }), -61_000);
  });

  it('count from when the token was issued, where that is told', () => {
    const unit = { seconds: place('/ttl'), issued: place('/made') };
    const date = { date: 'Thu, 01 Jan 2026 00:05:00 GMT' };
    const made = Date.parse('2026-01-01T00:05:00Z') / 1000;
    equal(told(unit, { ttl: 600, made }, date), 599_000);
    equal(told(unit, { ttl: 600, made: made - 240 }, date), 359_000, 'handed out again');
    equal(told(unit, { ttl: 600, made: made + 60 }, date), 599_000, 'another clock');
    equal(told(unit, { ttl: 600, made: '2026-01-01T00:05:00.500Z' }, date), 600_000);
    equal(told(unit, { ttl: 600 }, date), 600_000);
    const set = { ...date, 'set-cookie': ['S=a; Expires=Thu, 01 Jan 2026 00:10:00 GMT'] };
    equal(told({ cookie: 'S', issued: place('/made') }, { made: made + 60 }, set), 239_000);
  });

  it('know instants by their form, and epochs by their size', () => {
    const ms = Date.parse('2026-01-01T00:00:00Z');
    for (const text of [
      '2026-01-01T00:00:00Z',
      '2026-01-01t02:00:00.000+02:00',
      '2026-01-01 00:00:00.0Z',
      '2026-01-01T00:00:00.000+0000',
      'Thu, 01 Jan 2026 00:00:00 GMT',
      String(ms / 1000),
      String(ms),
      String(ms * 1000),
    ]) {
      deepEqual(instantOf(text), { ms, isWhole: true }, text);
    }
    deepEqual(instantOf(String(ms * 1000 + 500)), { ms: ms + 0.5, isWhole: false });
    deepEqual(instantOf(`${ms}000000`), { ms, isWhole: true }, 'nanoseconds');
    for (const none of [
      '2026-01-01T00:00:00',
      '2026-13-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      // Without a zone or seconds the instant is unknown.
      'Thu, 01 Jan 2026 00:00:00',
      'Thu Jan  1 00:00:00 2026',
      '2026-01-01T00:00Z',
      'tomorrow',
      '',
      undefined,
    ]) {
      equal(instantOf(none), undefined, none);
    }
  });

  it('are in a JSON web token, seen from its own clock', () => {
    const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
    const now = 1_767_225_600;
    const date = { date: new Date((now + 60) * 1000).toUTCString() };
    equal(told({ jwt: true }, '', {}, jwt({ iat: now, exp: now + 600 })), 599_000);
    equal(told({ jwt: true }, '', date, jwt({ iat: now, exp: now + 600 })), 539_000, 'handed out again');
    equal(
      told({ jwt: true }, '', date, jwt({ iat: now - 9_000, exp: now - 8_400 })),
      599_000,
      'another clock',
    );
    equal(told({ jwt: true }, '', date, jwt({ exp: now + 600 })), 539_000);
    const odd = [
      { exp: 'never', iat: now },
      { exp: { toString: 1 }, iat: now },
      { exp: [now + 600], iat: now },
    ];
    for (const token of ['', 'a.b.c', jwt(null), jwt({ iat: now }), ...odd.map(jwt)]) {
      equal(told({ jwt: true }, '', date, token), undefined, token);
    }
  });

  it('are those of a cookie: Max-Age before Expires', () => {
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
    const expires = 'Expires=Thu, 01 Jan 2026 00:10:00 GMT';
    const cookie = (line: string) => told({ cookie: 'S*' }, '', { date, 'set-cookie': [line] });
    equal(cookie(`SID=a; ${expires}; Max-Age=60`), 60_000);
    equal(cookie(`SID=a; ${expires}`), 599_000);
    equal(cookie('SID=a'), undefined);
    equal(cookie('T=a; Max-Age=60'), undefined);
  });

  it('are never later than the truth, whatever the server writes', () => {
    fc.assert(
      fc.property(
        fc.nat(3_600_000),
        fc.integer({ min: 1_000, max: 86_400_000 }),
        fc.boolean(),
        (skew, life, cut) => {
          const now = Date.parse('2026-01-01T00:00:00Z') + skew;
          const write = (ms: number) =>
            cut ? new Date(ms).toISOString().replace(/\.\d+/, '') : new Date(ms).toISOString();
          const ms = told(
            { at: place('/end'), issued: place('/now') },
            { end: write(now + life), now: write(now) },
          );
          ok(ms !== undefined && ms <= life && ms > life - 2_001, `${ms} of ${life}`);
        },
      ),
    );
  });
});
