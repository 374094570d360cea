import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describing, foundIn } from '../../../../../src/core/protocols/rest/describing.ts';
import { parseDescription } from '../../../../../src/core/protocols/rest/description.ts';
import { seen } from '../../../../../src/core/protocols/rest/place.ts';

const headers = {
  date: 'Fri, 15 Jan 2027 08:00:00 GMT',
  'content-type': 'application/json',
  'x-auth-token': 'abcdefghij/klmno==',
  'set-cookie': ['SID=s3cret+value==; Max-Age=600; Path=/', 'gone=; Max-Age=0'],
};

function found(body: unknown) {
  return foundIn(seen({ status: 200, headers }, typeof body === 'string' ? body : JSON.stringify(body)));
}

function livesAt(body: unknown, place: string) {
  return found(body)
    .find((one) => one.place === place)
    ?.lives.map(({ life, ms }) => [life, ms / 1_000]);
}

describe('what a person can point at in an answer', () => {
  it('is its headers, cookies and members, with their places as settings say them', () => {
    const all = found({ data: { 'a/b~c': 'x', list: [{ id: 1 }, { id: 2 }] } });
    deepEqual(
      all.map(({ place, depth, text, rows }) => [place, depth, text ?? rows]),
      [
        ['$response.header.x-auth-token', 0, 'abcdefghij/klmno=='],
        ['$response.cookie.SID', 0, 's3cret+value=='],
        ['', 0, undefined],
        ['/data', 0, undefined],
        ['/data/a~1b~0c', 1, 'x'],
        ['/data/list', 1, 2],
        ['/data/list/0', 2, undefined],
        ['/data/list/0/id', 3, '1'],
      ],
    );
    deepEqual(
      all.filter(({ isLikelyToken }) => isLikelyToken).map(({ name }) => name),
      ['x-auth-token', 'SID'],
    );
    equal(found('only text').at(-1)?.place, '$response.body');
    equal(found('"a JSON text of some length"').at(-1)?.place, '');
  });

  it('may be a life: a number in several units, an instant by the server’s clock, a JWT, the age of a cookie', () => {
    deepEqual(livesAt({ expires_in: 1800 }, '/expires_in'), [
      [{ seconds: '/expires_in' }, 1800],
      [{ minutes: '/expires_in' }, 108_000],
    ]);
    deepEqual(livesAt({ ms: 90_000 }, '/ms')?.at(-1), [{ milliseconds: '/ms' }, 90]);
    deepEqual(livesAt({ end: '2027-01-15T09:00:00Z' }, '/end'), [[{ at: '/end' }, 3599]]);
    deepEqual(livesAt({ end: 1_800_003_600 }, '/end'), [[{ at: '/end' }, 3599]]);
    deepEqual(livesAt({ end: '2027-01-15T07:00:00Z' }, '/end'), []);
    const claims = Buffer.from('{"iat":1800000000,"exp":1800003600}').toString('base64url');
    deepEqual(livesAt({ jwt: `eyJhbGciOiJub25lIn0.${claims}.x` }, '/jwt'), [[{ jwt: true }, 3599]]);
    deepEqual(livesAt('', '$response.cookie.SID'), [[{ cookie: 'SID' }, 600]]);
  });
});

describe('ways to sign in', () => {
  it('come to what a description takes, with what is asked for', () => {
    for (const { example = '', settings } of describing.ways) {
      const found = settings('POST /login', example);
      const parsed = parseDescription({ ...found, token: '/t' });
      ok(parsed.ok, example);
      equal(parsed.value.ask.length > 0, example !== '' || found.ask?.toString() === 'username,password');
    }
    const [json, form, basic, header, address] = describing.ways;
    throws(() => json?.settings('POST /login', '{'));
    deepEqual(form?.settings('POST /login', 'a=b=c&user={username}'), {
      ask: ['username'],
      signIn: { request: 'POST /login', form: { a: 'b=c', user: '{username}' } },
    });
    deepEqual(basic?.settings('POST /login', ''), {
      ask: ['username', 'password'],
      signIn: { request: 'POST /login', basic: true },
    });
    deepEqual(header?.settings('POST /login', 'X-Key: {apiKey}'), {
      ask: ['apiKey'],
      signIn: { request: 'POST /login', headers: { 'X-Key': '{apiKey}' } },
    });
    deepEqual(form?.settings('POST /login', 'scope=a%20b+c&r=100%').signIn, {
      request: 'POST /login',
      form: { scope: 'a b c', r: '100%' },
    });
    const line = 'GET /key/{apiKey}?Minutes={lifeMinutes}{?site}';
    deepEqual(address?.settings(line, ''), { ask: ['apiKey', 'site'], signIn: { request: line } });
    const inPath = json?.settings('POST /login/{username}', '{"p": "{password}", "s": "{lifeSeconds}"}');
    deepEqual(inPath?.ask, ['username', 'password']);
    for (const settings of [describing.start(line, true), { ...inPath, token: '' }]) {
      ok(parseDescription(settings).ok);
    }
    ok(!parseDescription(describing.start(line)).ok, 'nobody is asked for what ends a token');
  });
});

describe('what a person says', () => {
  it('comes to settings: how the token goes out, and the rest of the description', () => {
    const { start, addRequest, sends, finish } = describing;
    const tokens = found({ token: 'abcdefgh' }).filter(({ isLikelyToken }) => isLikelyToken);
    deepEqual(
      tokens.map((token) => sends(token).map(({ name, settings }) => settings(name ?? ''))),
      tokens.map(({ place, name }) => [
        ...(place.includes('.cookie.') ? [{ in: 'cookie', name: 'SID' }] : []),
        { in: 'header', name: 'Authorization', value: 'Bearer {token}' },
        { in: 'header', name: place.includes('.header.') ? name : 'X-Auth-Token' },
        { in: 'query', name: 'token' },
      ]),
    );
    equal(tokens.length, 3);
    const [token] = tokens;
    ok(token);
    const settings = addRequest(addRequest(start('POST /a'), 'GET /b'), 'GET /c');
    const said = {
      ...{ token, send: { in: 'query', name: 't' }, isSliding: true, query: undefined },
      ...{ renew: '', revoke: '', refused: '' },
    };
    const steps = ['POST /a', 'GET /b', 'GET /c'].map((request) => ({ request }));
    deepEqual(finish(settings, { ...said, life: 5 }), {
      signIn: steps,
      token: '$response.header.x-auth-token',
      send: said.send,
      life: { minutes: 5, sliding: true },
    });
    const full = finish(settings, {
      ...said,
      life: { jwt: true },
      isSliding: false,
      query: { line: 'GET /left', life: { seconds: '/left' } },
      renew: 'GET /me',
      revoke: 'POST /out',
      refused: 'Fails.',
    });
    deepEqual(
      [full.life, full.query, full.renew, full.revoke, full.refused],
      [
        { jwt: true },
        { request: 'GET /left', seconds: '/left' },
        { request: 'GET /me' },
        { request: 'POST /out' },
        { like: 'Fails.' },
      ],
    );
    ok(parseDescription(full).ok);
    deepEqual(finish(settings, { ...said, life: 5, refused: ' 400' }).refused, { status: [400] });
  });

  it('is tried with one more request that takes the token along, unless there are too many', () => {
    const { start, addRequest, withTrial, dataRequest } = describing;
    const [token] = found({ token: 'abcdefgh' });
    ok(token);
    const two = addRequest(start('POST /a'), 'GET /b');
    const send = { in: 'query', name: 't' };
    const asked = withTrial(two, { token, send }, 'GET /left');
    deepEqual(asked, {
      signIn: [
        { request: 'POST /a' },
        { request: 'GET /b', token: '$response.header.x-auth-token' },
        { request: 'GET /left' },
      ],
      token: '$response.header.x-auth-token',
      send,
    });
    ok(asked && parseDescription(asked).ok);
    equal(withTrial(addRequest(two, 'GET /c'), { token, send }, 'GET /left'), undefined);
    deepEqual(dataRequest('GET /api/hosts{?site}', '/rows'), {
      name: 'hosts',
      settings: { requests: { hosts: { request: 'GET /api/hosts{?site}', rows: '/rows' } } },
    });
  });
});
