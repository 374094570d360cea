import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Description,
  parseDescription,
  presetsByName,
} from '../../../../../src/core/protocols/rest/description.ts';
import { described as offeredBySettings } from '../../../../docs/described.ts';

const least = { signIn: { request: 'POST /login' }, token: '/token' };

function described(members: Record<string, unknown>): Description {
  const parsed = parseDescription(members);
  ok(parsed.ok, JSON.stringify(parsed));
  return parsed.value;
}

describe('rest: descriptions', () => {
  it('need a sign-in and the place of a token, and have a default for everything else', () => {
    const found = described(least);
    deepEqual(found.ask, ['username', 'password']);
    deepEqual(found.send, { in: 'header', name: 'Authorization', value: 'Bearer {token}' });
    deepEqual(found.refused, [{ status: [401, 403] }]);
    deepEqual(found.expired, [{ status: [401] }]);
    deepEqual(found.limit, [{ status: [429] }]);
    equal(found.life.sliding, false);
    deepEqual(found.rows, []);
  });

  it('are those of each preset, whose members are replaced one by one, and its inputs each by itself', () => {
    for (const preset of Object.keys(presetsByName)) {
      described({ preset });
    }
    const own = described({
      preset: 'keystone',
      inputs: { project: 'demo' },
      life: { minutes: 5 },
      token: '/other',
    });
    deepEqual(own.inputs, { domain: 'default', project: 'demo' });
    equal(own.life.minutes, 5);
    equal(own.life.at, undefined);
    deepEqual(own.token, { in: 'json', path: ['other'] });
    equal(own.query?.method, 'GET');
  });

  const cases: readonly (readonly [members: Record<string, unknown>, member: string, reason: RegExp])[] = [
    [{ signIn: undefined }, 'signIn', /missing/],
    [{ signIn: [] }, 'signIn', /too few/],
    [{ signIn: Array(4).fill({ request: 'POST /x' }) }, 'signIn', /too many/],
    [{ signIn: { request: 'POST login' } }, 'signIn.request', /method/],
    [{ signIn: { request: 'TRACE /login' } }, 'signIn.request', /method/],
    [{ signIn: { request: 'POST /a/../b' } }, 'signIn.request', /method/],
    [{ signIn: { request: 'POST /a/%2E./b' } }, 'signIn.request', /method/],
    [{ signIn: { request: 'POST /{&x}' } }, 'signIn.request', /method/],
    [{ signIn: { request: 'POST /x', other: 1 } }, 'signIn.other', /not a known member/],
    [{ signIn: { request: 'POST /x', json: {}, form: {} } }, 'signIn.form', /together/],
    [{ signIn: 'POST /x' }, 'signIn', /object/],
    [{ token: 'token' }, 'token', /JSON Pointer/],
    [{ token: '$request.body' }, 'token', /JSON Pointer/],
    [{ token: '/~2' }, 'token', /JSON Pointer/],
    [{ keep: { 'a-b': '/x' } }, 'keep.a-b', /a letter and up to/],
    [
      { keep: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, '/x'])) },
      'keep',
      /too many/,
    ],
    [
      {
        keep: Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`k${at}`, '/x'])),
        signIn: { request: 'POST /x', keep: { a: '/a' } },
        requests: { one: { request: 'GET /x', keep: { a: '/b', b: '/b' } } },
      },
      'keep',
      /too many/,
    ],
    [{ keep: { password: '/x' } }, 'password', /two things/],
    [{ inputs: { token: 'x' } }, 'token', /two things/],
    [{ send: { in: 'path', name: 'x' } }, 'send.in', /one of/],
    [{ send: { in: 'query', name: 'x', value: 'token' } }, 'send.value', /hold \{token\}/],
    [{ send: { in: 'body', name: 'token' } }, 'send.name', /JSON Pointer/],
    [{ send: { in: 'header', name: 'Cookie' } }, 'send.name', /header/],
    [{ send: { in: 'query', name: 'a{username}' } }, 'send.name', /“username”/],
    [{ send: { in: 'header', name: 'X', value: '{token} {password}' } }, 'send.value', /password/],
    [{ life: { minutes: 0 } }, 'life.minutes', /more than 0/],
    [{ life: { seconds: '/x', at: '/y' } }, 'life.seconds', /together/],
    [{ life: { minuts: 5 } }, 'life.minuts', /not a known member/],
    [{ life: { issued: '/a' } }, 'life.issued', /not a known member/],
    [{ life: { minutes: 5, issued: '/a' } }, 'life.issued', /not a known member/],
    [{ renew: { request: 'GET /x', issued: '/a' } }, 'renew.issued', /not a known member/],
    [{ life: { jwt: false } }, 'life.jwt', /one of true/],
    [{ keep: [] }, 'keep', /object/],
    [{ inputs: [] }, 'inputs', /object/],
    [{ requests: [] }, 'requests', /object/],
    [{ signIn: { request: 'POST /x', form: ['a'] } }, 'signIn.form', /object/],
    [{ signIn: { request: 'POST /x', headers: [] } }, 'signIn.headers', /object/],
    [{ query: { request: 'GET /x', basic: true } }, 'query.basic', /not a known member/],
    [{ query: { request: 'GET /x', keep: { csrf: '/c' } } }, 'query.keep', /not a known member/],
    [{ query: { request: 'GET /x', minutes: 5 } }, 'query.minutes', /string/],
    [{ query: { request: 'GET /x', minutes: '/a', at: '/b' } }, 'query.minutes', /together/],
    [{ renew: { request: 'GET /x', rows: '/a' } }, 'renew.rows', /not a known member/],
    [{ revoke: { request: 'GET /x', keep: {} } }, 'revoke.keep', /not a known member/],
    [{ revoke: { request: 'GET /x', seconds: '/a' } }, 'revoke.seconds', /not a known member/],
    [{ revoke: { request: 'GET /x', token: '/a' } }, 'revoke.token', /not a known member/],
    [
      { signIn: [{ request: 'GET /x', seconds: '/a' }, { request: 'GET /y' }] },
      'signIn.0.seconds',
      /not a known member/,
    ],
    [{ requests: { a: { request: 'GET /x', seconds: 1, jwt: true } } }, 'requests.a.seconds', /together/],
    [{ requests: { a: { request: 'GET /x', basic: true } } }, 'requests.a.basic', /not a known member/],
    [{ inputs: { site: 'x' }, renew: { request: 'POST /x', keep: { site: '/site' } } }, 'site', /two things/],
    [{ refused: {} }, 'refused', /empty/],
    [{ refused: { like: '' } }, 'refused.like', /empty/],
    [{ expired: [{ status: ['401'] }] }, 'expired.0.status.0', /status/],
    [{ headers: { Host: 'x' } }, 'headers.Host', /header/],
    [{ headers: { 'proxy-authorization': 'x' } }, 'headers.proxy-authorization', /header/],
    [{ headers: { 'X-A': 'a\r\nB: c' } }, 'headers.X-A', /line breaks/],
    [{ headers: { 'X-A': 'a\tb' } }, 'headers.X-A', /can carry/],
    [{ revoke: { request: 'GET /x', headers: { 'X-A': 'ü' } } }, 'revoke.headers.X-A', /can carry/],
    [{ headers: { 'X-{token}': 'a' } }, 'headers.X-{token}', /header/],
    [{ revoke: { request: 'DELETE /{session}' } }, 'revoke.request', /“session”/],
    [{ query: { request: 'GET /x', form: { p: '{password}' } } }, 'query', /“password”/],
    [{ requests: { a: { request: 'GET x' } } }, 'requests.a.request', /method/],
    [{ rows: '$response.body' }, 'rows', /JSON Pointer/],
    [{ preset: 'nothing' }, 'preset', /redfish/],
    [{ url: 'https://api.example.com/{site}/v1' }, 'url', /“site”/],
  ];
  for (const [members, member, reason] of cases) {
    it(`names ${member} in ${JSON.stringify(members).slice(0, 70)}`, () => {
      const parsed = parseDescription({ ...least, ...members });
      ok(!parsed.ok);
      const { template, args = [] } = parsed.reason;
      equal(args[0], member);
      const text = template.replace(/\{(\d)\}/g, (_, at) => String(args[at]));
      ok(reason.test(text), text);
    });
  }

  it('say in each request what the settings offer there, and nothing else', () => {
    const each = {
      ...{ headers: {}, form: {}, json: {}, send: false, basic: true, token: '/t', keep: {}, rows: '/r' },
      ...{
        minutes: '/a',
        seconds: '/a',
        milliseconds: '/a',
        at: '/a',
        jwt: true,
        cookie: 'S',
        sliding: true,
      },
    };
    for (const member of ['signIn', 'query', 'renew', 'revoke', 'requests']) {
      const isTaken = ([name, value]: [string, unknown]) => {
        const request = { request: 'GET /x', [name]: value };
        return parseDescription({ ...least, [member]: member === 'requests' ? { a: request } : request }).ok;
      };
      const taken = Object.entries(each).filter(isTaken);
      const { properties, additionalProperties } = offeredBySettings[member] as Record<
        string,
        Record<string, object>
      >;
      const offered = Object.keys(properties ?? additionalProperties?.properties ?? {});
      deepEqual(
        offered.filter((name) => name !== 'request' && name !== 'issued').sort(),
        taken.map(([name]) => name).sort(),
        member,
      );
    }
  });

  it('never throw, whatever they are', () => {
    const names = [
      'signIn',
      'token',
      'keep',
      'send',
      'life',
      'requests',
      'ask',
      'headers',
      'expired',
      'rows',
    ];
    const anything = fc.dictionary(fc.constantFrom(...names), fc.anything());
    fc.assert(
      fc.property(anything, (members) => typeof parseDescription({ ...least, ...members }).ok === 'boolean'),
    );
  });
});
