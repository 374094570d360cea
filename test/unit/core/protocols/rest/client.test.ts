import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { closeServers, failure, type Got, json, serve, type TestServer } from '../rig.ts';
import { Client, demo, plain, restOf } from './support.ts';

const everyPrintable = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 32 + at)).trim();

describe('rest: the client', () => {
  afterEach(closeServers);

  /** A server that hands out a token, and answers everything else as a test says. */
  function server(
    answer: (got: Got, response: ServerResponse) => void = (_, response) => json(response, []),
    token = 'tok-1234567890',
  ): Promise<TestServer> {
    return serve((got, response) =>
      got.path.endsWith('/login') ? json(response, { token }) : answer(got, response),
    );
  }

  describe('signing in', () => {
    it('sends what is described, and reads the token and what is kept with it', async () => {
      const { url, got } = await serve((_, response) =>
        json(response, { data: { token: 't', ttl: '90' }, refresh: 7 }, 201, { Location: '/s/1' }),
      );
      const { gateway } = new Client(
        restOf(`${url}/proxy`, {
          ...plain,
          inputs: { site: 'a b' },
          headers: { 'X-Version': '2', 'X-Empty': '', 'X-Token': '{refresh}' },
          signIn: {
            request: 'PUT /login/{site}?life={lifeMinutes}',
            headers: { 'X-User': '{username}' },
            json: { p: '{password}', q: '{ {other} }', life: '{lifeSeconds}' },
          },
          token: '/data/token',
          keep: { refresh: '/refresh', location: '$response.header.Location', none: '/none' },
          life: { seconds: '/data/ttl' },
          lifeMinutes: 2,
        }),
      );
      const grant = await gateway.signIn(demo);
      equal(grant.value, 't');
      equal(grant.reportedMs, 90_000);
      deepEqual(grant.more, { refresh: '7', location: '/s/1' });
      equal(got[0]?.method, 'PUT');
      equal(got[0]?.url, '/proxy/login/a%20b?life=2');
      deepEqual(JSON.parse(got[0]?.body ?? ''), { p: 'demo-password', q: '{ {other} }', life: 120 });
      equal(got[0]?.headers['x-user'], 'demo');
      equal(got[0]?.headers['x-version'], '2');
      equal(got[0]?.headers['x-empty'], '');
      equal(got[0]?.headers['x-token'], undefined, 'not known yet');
    });

    it('takes up to three steps, of which each has what the earlier ones kept, and their cookies', async () => {
      const { url, got } = await serve((call, response) => {
        switch (call.path) {
          case '/one':
            return json(response, { csrf: 'c-1', challenge: 9 }, 200, {
              'Set-Cookie': ['J=1; Path=/', 'K=2; Path=/two'],
            });
          case '/two':
            return json(response, { part: 'p' });
          default:
            return response.end('final-token');
        }
      });
      const { gateway } = new Client(
        restOf(url, {
          keep: { csrf: '/csrf' },
          signIn: [
            { request: 'GET /one', send: false, keep: { challenge: '/challenge' } },
            {
              request: 'POST /two',
              form: { c: '{challenge}', user: '{username}' },
              headers: { 'X-C': '{csrf}' },
            },
            { request: 'GET /three{?csrf}' },
          ],
          token: '$response.body',
        }),
      );
      const grant = await gateway.signIn(demo);
      equal(grant.value, 'final-token');
      equal(got[1]?.body, 'c=9&user=demo');
      equal(got[1]?.headers['x-c'], 'c-1');
      equal(got[1]?.headers.cookie, 'K=2; J=1');
      equal(got[2]?.url, '/three?csrf=c-1');
      equal(got[2]?.headers.cookie, 'J=1');
    });

    it('is by Basic authorization where that is said', async () => {
      const { url, got } = await serve((_, response) => json(response, 'session'));
      const { gateway } = new Client(
        restOf(url, { signIn: { request: 'POST /api/session', basic: true }, token: '' }),
      );
      equal((await gateway.signIn(demo)).value, 'session');
      equal(got[0]?.headers.authorization, `Basic ${Buffer.from('demo:demo-password').toString('base64')}`);
      equal(got[0]?.headers['content-length'], '0');
    });

    it('is by Basic authorization with the user and what is asked for next', async () => {
      const { url, got } = await serve((_, response) => json(response, 'session'));
      for (const ask of [
        ['company', 'username', 'password'],
        ['password', 'username'],
      ]) {
        const { gateway } = new Client(
          restOf(url, { ask, signIn: { request: 'POST /api/session', basic: true }, token: '' }),
        );
        await gateway.signIn({ company: 'acme', ...demo });
        equal(
          got.at(-1)?.headers.authorization,
          `Basic ${Buffer.from('demo:demo-password').toString('base64')}`,
        );
      }
    });

    it('is by Basic authorization in UTF-8, as all else is, with no user that ends within its name', async () => {
      const { url, got } = await serve((_, response) => json(response, 'session'));
      const { gateway } = new Client(
        restOf(url, { signIn: { request: 'POST /api/session', basic: true }, token: '' }),
      );
      await gateway.signIn({ username: 'jörg', password: 'pä:ß' });
      const sent = got[0]?.headers.authorization?.replace('Basic ', '') ?? '';
      equal(Buffer.from(sent, 'base64').toString(), 'jörg:pä:ß');
      for (const [username, password] of [
        ['a:b', 'c'],
        ['a', 'b\r\nX: c'],
      ] as const) {
        await failure(gateway.signIn({ username, password }), 'E_PROTOCOL');
      }
      equal(got.length, 1);
    });

    it('is refused once, and by what the description says', async () => {
      for (const [status, body, description] of [
        [401, '{}', {}],
        [403, '{"message":"locked"}', {}],
        [400, '{"error":"bad"}', { refused: { status: [400] } }],
        [200, 'Fails.', { refused: { like: 'Fails.' } }],
        [200, '<html>Log in</html>', { refused: { like: '<html' } }],
        [200, '{"code":"-22"}', { refused: [{ status: [400] }, { at: '/code', is: [-22] }] }],
      ] as const) {
        const { url, got } = await serve((_, response) => response.writeHead(status).end(body));
        const { gateway } = new Client(restOf(url, { ...plain, ...description }));
        const error = await failure(gateway.signIn(demo), 'E_CREDENTIALS');
        equal(error.details.refused, 'login');
        equal(got.length, 1);
      }
    });

    it('tells a limit, other failures and answers without a token apart', async () => {
      for (const [status, body, code] of [
        [429, '{}', 'E_LIMIT'],
        [400, 'maximum active login tokens', 'E_LIMIT'],
        [400, '{}', 'E_HTTP'],
        [200, '{"other":1}', 'E_PROTOCOL'],
        [200, '{"token":{}}', 'E_PROTOCOL'],
        [200, '{"token":" "}', 'E_PROTOCOL'],
        [200, '{"token":"a\\r\\nb"}', 'E_PROTOCOL'],
        [200, JSON.stringify({ token: 'x'.repeat(8_193) }), 'E_PROTOCOL'],
        [200, '<html>', 'E_PROTOCOL'],
      ] as const) {
        const { url } = await serve((_, response) => response.writeHead(status).end(body));
        const limit = [{ status: [429] }, { status: [400], like: 'maximum' }];
        await failure(new Client(restOf(url, { ...plain, limit })).gateway.signIn(demo), code);
      }
    });

    it('takes no page for people for a token that is the whole answer', async () => {
      const { url } = await serve((_, response) => response.end('\n<html>Wrong password</html>'));
      const { gateway } = new Client(restOf(url, { ...plain, token: '$response.body' }));
      match((await failure(gateway.signIn(demo), 'E_PROTOCOL')).message, /web page/);
    });

    it('names what an answer lacks, and where that was to be', async () => {
      for (const [members, args] of [
        [{ token: '/data/a~1b' }, ['/data/a~1b', 'token']],
        [{ token: '$response.header.X-T' }, ['$response.header.x-t', 'token']],
        [{ token: '$response.cookie.S*' }, ['$response.cookie.S*', 'token']],
        [{ signIn: { request: 'POST /login', token: '/own' } }, ['/own', 'token']],
        [{ token: '/long' }, ['/long', 'token']],
        [{ keep: { csrf: '/long' } }, ['/long', 'csrf']],
      ] as const) {
        const body = { token: 'tok', error: 'locked', long: 'x'.repeat(8_193) };
        const { url } = await serve((_, response) => json(response, body));
        const { gateway } = new Client(restOf(url, { ...plain, ...members }));
        const { message, details } = await failure(gateway.signIn(demo), 'E_PROTOCOL');
        equal(
          message,
          `The answer of ${new URL(url).host} has nothing at ${args[0]} that can be kept as “${args[1]}”.`,
        );
        equal(details.detail, 'locked');
      }
    });

    it('ends with a redirection that sets cookies, as pages do where people sign in', async () => {
      const { url, got } = await serve((call, response) => {
        const isRight = call.form.get('p') === demo.password;
        const headers = { 'Set-Cookie': 'SID=session-1', Location: isRight ? '/home' : '/login?error' };
        call.method === 'POST' ? response.writeHead(302, headers).end() : json(response, { csrf: 'csrf-1' });
      });
      const form = { request: 'POST /check', form: { p: '{password}' } };
      const refused = { at: '$response.header.Location', like: 'error' };
      const described = { signIn: form, token: '$response.cookie.SID', refused };
      equal((await new Client(restOf(url, described)).gateway.signIn(demo)).value, 'session-1');
      const two = { ...described, signIn: [form, { request: 'GET /csrf' }], token: '/csrf' };
      const { value, more } = await new Client(restOf(url, two)).gateway.signIn(demo);
      deepEqual([value, ...Object.values(more ?? {})], ['csrf-1', 'session-1']);
      deepEqual(
        got.map(({ path }) => path),
        ['/check', '/check', '/csrf'],
      );
      await failure(new Client(restOf(url, two)).gateway.signIn({ password: 'no' }), 'E_CREDENTIALS');
      const renew = { request: 'POST /renew', form: { p: demo.password } };
      const renewing = new Client(restOf(url, { ...described, refused: undefined, renew })).gateway.keepAlive(
        { user: 't' },
      );
      match((await failure(renewing, 'E_PROTOCOL')).message, /cannot be redirected/);
      const elsewhere = await serve((_, response) =>
        response.writeHead(301, { 'Set-Cookie': 'SID=a', Location: 'https://other.example/' }).end(),
      );
      const led = new Client(restOf(elsewhere.url, described)).gateway.signIn(demo);
      match((await failure(led, 'E_PROTOCOL')).message, /redirects to https:\/\/other/);
    });

    it('is refused by a redirection that leads back to where people sign in, and by no other', async () => {
      const headers = { 'Set-Cookie': 'SID=session-1; Path=/' };
      const { url } = await serve((call, response) =>
        response.writeHead(302, { ...headers, Location: call.form.get('to') ?? '' }).end(),
      );
      const signIn = { request: 'POST /check', form: { to: '{to}' } };
      const { gateway } = new Client(restOf(url, { ask: ['to'], signIn, token: '$response.cookie.SID' }));
      for (const to of ['/login?error', `${url}/app/login.jsp`, 'users/sign_in', '/Logon/']) {
        const { details } = await failure(gateway.signIn({ to }), 'E_CREDENTIALS');
        equal(details.refused, 'login');
      }
      for (const to of ['/', '/home?from=/login', '/login/code', '/loginDone']) {
        equal((await gateway.signIn({ to })).value, 'session-1', to);
      }
    });

    it('is refused by a redirection back though its cookie was set by an earlier step', async () => {
      const { url } = await serve((call, response) => {
        const head = call.path === '/' ? { 'Set-Cookie': 'SID=session-1; Path=/' } : {};
        return call.path === '/login'
          ? response.end('<html>')
          : response.writeHead(302, { ...head, Location: '/login' }).end();
      });
      const signIn = [{ request: 'GET /' }, { request: 'POST /check', form: { p: '{password}' } }];
      const { gateway } = new Client(restOf(url, { signIn, token: '$response.cookie.SID' }));
      await failure(gateway.signIn(demo), 'E_CREDENTIALS');
    });

    it('keeps the token whatever the life looks like, and asks for it where only a query tells it', async () => {
      for (const ttl of ['soon', null, -1, {}]) {
        const { url } = await serve((_, response) => json(response, { token: 't', ttl }));
        const grant = await new Client(restOf(url, { ...plain, life: { seconds: '/ttl' } })).gateway.signIn(
          demo,
        );
        equal(grant.value, 't');
        equal(grant.reportedMs, undefined);
      }
      const { url, got } = await server((_, response) => json(response, { left: 30 }));
      const query = { request: 'GET /left', seconds: '/left' };
      const grant = await new Client(restOf(url, { ...plain, life: { minutes: 5 }, query })).gateway.signIn(
        demo,
      );
      equal(grant.reportedMs, 30_000);
      equal(got[1]?.headers.authorization, 'Bearer tok-1234567890');
    });

    it('has the life of a cookie from whichever answer has set it', async () => {
      const { url } = await serve((call, response) =>
        call.path === '/login'
          ? json(response, {}, 200, { 'Set-Cookie': ['SID=a; Max-Age=600', 'END=9; Max-Age=60'] })
          : json(response, call.path === '/csrf' ? { token: 'tok-1234567890' } : {}),
      );
      const steps = ['POST /login', 'GET /home', 'GET /csrf'].map((request) => ({ request }));
      for (const [life, ms] of [
        [{ cookie: 'SID' }, 600_000],
        [{ minutes: '$response.cookie.END' }, 540_000],
        [{ seconds: '/ttl' }, undefined],
      ] as const) {
        const { gateway } = new Client(restOf(url, { signIn: steps, token: '/token', life }));
        const grant = await gateway.signIn({});
        equal(grant.reportedMs, ms);
      }
    });

    it('goes on from what was tried, and sends nothing of that again', async () => {
      const { url, got } = await serve((call, response) =>
        call.path === '/check'
          ? json(response, {}, 200, { 'Set-Cookie': 'J=1; Path=/' })
          : json(response, { token: 'tok-1234567890', ttl: 60 }),
      );
      const steps = [{ request: 'POST /check', form: { p: '{password}' } }, { request: 'GET /token' }];
      const first = await new Client(restOf(url, { signIn: steps[0], token: '' })).gateway.trySignIn(demo);
      deepEqual([first.status, first.found.map(({ place }) => place)], [200, ['$response.cookie.J', '']]);
      const two = { signIn: steps, token: '' };
      const tried = await new Client(restOf(url, two)).gateway.trySignIn(demo, { tried: first });
      const whole = restOf(url, { ...two, token: '/token', life: { seconds: '/ttl' } });
      const grant = await new Client(whole).gateway.signIn(demo, undefined, { tried });
      deepEqual(
        [grant.value, grant.reportedMs, grant.sent],
        ['tok-1234567890', 60_000, tried.answers[1]?.sent],
      );
      deepEqual(Object.values(grant.more ?? {}), ['1']);
      deepEqual(
        got.map((call) => [call.path, call.headers.cookie]),
        [
          ['/check', undefined],
          ['/token', 'J=1'],
        ],
      );
    });

    it('has the life that is described where none is told', async () => {
      const { url } = await server();
      const life = { minutes: 5 };
      equal((await new Client(restOf(url, { ...plain, life })).gateway.signIn(demo)).estimatedMs, 300_000);
      equal((await new Client(restOf(url, plain)).gateway.signIn(demo)).estimatedMs, undefined);
    });
  });

  describe('sending the token', () => {
    it('puts every printable character where it is to go, and adds nothing by it', async () => {
      for (const [send, read] of [
        [{ in: 'header', name: 'X-T' }, (got: Got) => got.headers['x-t']],
        [
          { in: 'header', name: 'X-T', value: 'T {token}.' },
          (got: Got) => /^T (.*)\.$/.exec(String(got.headers['x-t']))?.[1],
        ],
        [{ in: 'query', name: 't t' }, (got: Got) => got.query.get('t t')],
        [{ in: 'body', name: '/deep/a~1b' }, (got: Got) => JSON.parse(got.body).deep['a/b']],
        [
          { in: 'cookie', name: 'SID' },
          (got: Got) => decodeURIComponent(/^SID=([^;]*)$/.exec(got.headers.cookie ?? '')?.[1] ?? ''),
        ],
      ] as const) {
        const { url, got } = await server(undefined, everyPrintable);
        const client = new Client(restOf(url, { ...plain, send }));
        const { value, more } = await client.gateway.signIn(demo);
        await client.rows({ user: value, more }, { request: 'POST /items', params: { a: 'b' } });
        const call = got[1];
        ok(call);
        equal(read(call), everyPrintable, JSON.stringify(send));
        deepEqual([...call.query.keys()], send.in === 'query' ? ['a', 't t'] : ['a']);
      }
    });

    it('sends a cookie as it came, by its whole name, and all others of the sign-in', async () => {
      const { url, got } = await serve((call, response) =>
        call.path === '/login'
          ? json(response, {}, 204, {
              'Set-Cookie': ['A=1; Path=/', 'LtpaToken2_8="a+b/c=%2F"; Path=/', 'B=2; Path=/other'],
            })
          : json(response, []),
      );
      const token = '$response.cookie.LtpaToken2*';
      const client = new Client(
        restOf(url, { ...plain, token, send: { in: 'cookie', name: 'LtpaToken2*' } }),
      );
      const { value, more } = await client.gateway.signIn(demo);
      equal(value, '"a+b/c=%2F"');
      await client.rows({ user: value, more }, { request: 'GET /items' });
      equal(got[1]?.headers.cookie, 'LtpaToken2_8="a+b/c=%2F"; A=1');
      // Another sign-in goes without the cookies of the first one.
      await client.gateway.signIn(demo);
      equal(got[2]?.headers.cookie, undefined);
    });

    it('takes off the quotes around a cookie that goes elsewhere than into a cookie', async () => {
      const { url, got } = await serve((call, response) =>
        json(response, [], 200, call.path === '/login' ? { 'Set-Cookie': 'csrf_80="a1B2"; Path=/' } : {}),
      );
      const cookie = '$response.cookie.csrf_*';
      for (const more of [
        { token: cookie, send: { in: 'header', name: 'X-Csrf' } },
        {
          token: '$response.cookie.csrf_80',
          headers: { 'X-Csrf': '{csrf}' },
          keep: { csrf: cookie },
          send: { in: 'cookie', name: 'csrf_80' },
        },
      ]) {
        const client = new Client(restOf(url, { ...plain, ...more }));
        const { value, more: kept } = await client.gateway.signIn(demo);
        await client.rows({ user: value, more: kept }, { request: 'GET /items' });
        const { cookie: sent, 'x-csrf': csrf } = got.at(-1)?.headers ?? {};
        deepEqual([sent, csrf], ['csrf_80="a1B2"', 'a1B2']);
      }
    });

    it('tells what answers change of the cookies and of a token in one', async () => {
      const { url } = await serve((call, response) =>
        json(response, [], 200, {
          'Set-Cookie':
            call.path === '/login'
              ? ['SID=one; Path=/', 'X=1; Path=/']
              : ['SID=two; Path=/', 'X=; Max-Age=0; Path=/'],
        }),
      );
      const client = new Client(
        restOf(url, { ...plain, token: '$response.cookie.SID', send: { in: 'cookie', name: 'SID' } }),
      );
      const { value, more } = await client.gateway.signIn(demo);
      const got = await client.data({ user: value, more }, { request: 'GET /items' });
      equal(got.value, 'two');
      deepEqual(Object.values(got.more ?? {}).sort(), ['', 'two']);
    });

    it('goes without it where that is to be sent with something that no answer has told', async () => {
      const { url, got } = await server();
      const send = { in: 'header', name: 'X-Token', value: '{token}:{csrf}' };
      const client = new Client(restOf(url, { ...plain, keep: { csrf: '/csrf' }, send }));
      await client.rows({ user: 'tok' }, { request: 'GET /items' });
      await client.rows({ user: 'tok', more: { csrf: 'c' } }, { request: 'GET /items' });
      deepEqual(
        got.map(({ headers }) => headers['x-token']),
        [undefined, 'tok:c'],
      );
    });

    it('is replaced by one that any answer hands out in a header, with the life that this one says', async () => {
      const jwt = (iat: number) =>
        `e30.${Buffer.from(JSON.stringify({ iat, exp: iat + 600 })).toString('base64url')}.s`;
      const now = Math.floor(Date.now() / 1_000);
      const { url } = await server((_, response) => json(response, [], 200, { 'X-Token': jwt(now) }));
      const client = new Client(
        restOf(url, { ...plain, token: '$response.header.X-Token', life: { jwt: true } }),
      );
      const got = await client.data({ user: jwt(now - 500) }, { request: 'GET /items' });
      equal(got.value, jwt(now));
      ok((got.reportedMs ?? 0) > 500_000, `${got.reportedMs}`);
    });

    it('stands in the place of a header that goes with everything, which the sign-in has', async () => {
      const { url, got } = await server();
      const own = { headers: { 'x-key': 'anonymous' }, send: { in: 'header', name: 'X-Key' } };
      const client = new Client(restOf(url, { ...plain, ...own }));
      const { value } = await client.gateway.signIn(demo);
      await client.rows({ user: value }, { request: 'GET /items' });
      deepEqual(
        got.map(({ headers }) => headers['x-key']),
        ['anonymous', 'tok-1234567890'],
      );
    });

    it('goes with the cookies of a redirection', async () => {
      const { url, got } = await serve((call, response) =>
        call.path === '/login'
          ? json(response, { token: 'tok' }, 200, { 'Set-Cookie': 'A=1; Path=/' })
          : call.path === '/from'
            ? json(response, [], 302, { Location: '/to', 'Set-Cookie': 'B=2; Path=/' })
            : json(response, []),
      );
      const client = new Client(restOf(url, plain));
      const { value, more } = await client.gateway.signIn(demo);
      await client.rows({ user: value, more }, { request: 'GET /from' });
      deepEqual(
        got.map(({ headers }) => headers.cookie),
        [undefined, 'A=1', 'A=1; B=2'],
      );
    });

    it('is not replaced by the cookie that an answer deletes', async () => {
      const { url } = await server((_, response) =>
        json(response, [], 200, { 'Set-Cookie': 'SID=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT' }),
      );
      const cookie = { token: '$response.cookie.SID', send: { in: 'cookie', name: 'SID' } };
      const client = new Client(restOf(url, { ...plain, ...cookie }));
      equal((await client.data({ user: 'tok' }, { request: 'GET /items' })).value, undefined);
    });

    it('goes without it where that is said', async () => {
      const { url, got } = await server();
      const client = new Client(
        restOf(url, {
          ...plain,
          requests: { open: { request: 'GET /open', send: false } },
          life: { minutes: 5, sliding: true },
        }),
      );
      const data = await client.data({ user: 'tok' }, { request: 'open' });
      equal(got[0]?.headers.authorization, undefined);
      equal(data.isUnchanged, true);
    });
  });

  describe('data', () => {
    it('is a named request or one that is typed; parameters fill it, and the rest is the query', async () => {
      const { url, got } = await server((_, response) => json(response, { items: [{ a: 1 }], next: null }));
      const client = new Client(
        restOf(url, {
          ...plain,
          keep: { site: '/site' },
          rows: '/items',
          requests: {
            'Two words': { request: 'GET /sites/{site}/{kind}{?size}' },
            search: { request: 'POST /search', json: { q: '{words}', n: '{n}' }, rows: '' },
          },
        }),
      );
      const tokens = { user: 'tok', more: { site: 's/1' } };
      deepEqual(
        await client.rows(tokens, {
          request: 'Two words',
          params: { kind: 'x y', size: 5, page: [1, 2], none: null },
        }),
        [{ a: 1 }],
      );
      equal(got[0]?.url, '/sites/s%2F1/x%20y?size=5&page=1&page=2');
      deepEqual(await client.rows(tokens, { request: 'search', params: { words: '"', n: 3 } }), [
        { items: 1, next: null },
      ]);
      deepEqual(JSON.parse(got[1]?.body ?? ''), { q: '"', n: '3' });
      await client.rows(tokens, { request: 'PATCH /items/{id}', params: { id: 7 }, json: { a: '{token}' } });
      equal(got[2]?.method, 'PATCH');
      deepEqual(JSON.parse(got[2]?.body ?? ''), { a: '{token}' });
      deepEqual(await client.rows(tokens, { request: 'GET /items', rows: '/items/*' }), [{ a: 1 }]);
    });

    it('may replace an input, and have something to keep', async () => {
      const { url, got } = await server((_, response) => json(response, { next: 'csrf-2', items: [] }));
      const client = new Client(
        restOf(url, {
          ...plain,
          inputs: { site: 'usual' },
          headers: { 'X-Csrf': '{csrf}' },
          requests: { list: { request: 'GET /{site}', keep: { csrf: '/next' }, rows: '/items' } },
        }),
      );
      await client.data({ user: 'tok' }, { request: 'list' });
      const data = await client.data(
        { user: 'tok', more: { csrf: 'csrf-1' } },
        { request: 'list', params: { site: 'x' } },
      );
      deepEqual(data.more, { csrf: 'csrf-2' });
      deepEqual(
        got.map((call) => [call.url, call.headers['x-csrf']]),
        [
          ['/usual', undefined],
          ['/x', 'csrf-1'],
        ],
      );
    });

    it('takes an API key along that is asked for and meant to go with everything', async () => {
      const { url, got } = await server();
      const ask = ['username', 'password', 'apiKey'];
      const client = new Client(restOf(url, { ...plain, ask, headers: { 'X-Key': '{apiKey}' } }));
      const { value, more } = await client.gateway.signIn({ ...demo, apiKey: 'key-abcdefgh' });
      deepEqual(more, { apiKey: 'key-abcdefgh' });
      await client.rows({ user: value, more }, { request: 'GET /x' });
      deepEqual(
        got.map((call) => call.headers['x-key']),
        ['key-abcdefgh', 'key-abcdefgh'],
      );
    });

    it('is none of what is no request, or names what is asked for to sign in', async () => {
      const { url, got } = await server();
      const client = new Client(
        restOf(url, {
          ...plain,
          requests: { bad: { request: 'POST /x', json: { p: '{password}' } } },
          send: { in: 'query', name: 'key' },
        }),
      );
      for (const query of [
        { request: 'nothing' },
        { request: 'TRACE /x' },
        { request: 'GET https://other.example/' },
        { request: 'GET /../x' },
        { request: 'GET /x?p={password}' },
        { request: 'GET /x{?username}', params: { username: 'x' } },
        { request: 'bad' },
        { request: 'GET /x/{id}' },
        { request: 'GET /x', params: { key: 'mine' } },
      ]) {
        await failure(client.rows({ user: 'tok' }, query), 'E_CONFIG');
      }
      for (const id of ['.', '..']) {
        await failure(client.rows({ user: 'tok' }, { request: 'GET /x/{id}', params: { id } }), 'E_PROTOCOL');
      }
      equal(got.length, 0);
    });

    it('may be empty, a text or a number, and none at all of HEAD and 204', async () => {
      const bodies: Record<string, unknown> = {
        '/none': '',
        '/text': '"v1"',
        '/list': '[1,2]',
        '/bare': 'v4.5.2',
      };
      const { url } = await server((call, response) =>
        call.path === '/204' ? response.writeHead(204).end() : response.end(String(bodies[call.path] ?? '')),
      );
      const client = new Client(restOf(url, plain));
      const rows = (request: string) => client.rows({ user: 'tok' }, { request });
      deepEqual(await rows('GET /none'), []);
      deepEqual(await rows('HEAD /list'), []);
      deepEqual(await rows('DELETE /204'), []);
      deepEqual(await rows('GET /text'), [{ value: 'v1' }]);
      deepEqual(await rows('GET /list'), [{ value: 1 }, { value: 2 }]);
    });

    it('sets a life back only where it slides, or the answer tells one', async () => {
      const { url } = await server((_, response) => json(response, { ttl: 9 }, 200, { 'X-Left': '7' }));
      const life = async (description: Record<string, unknown>) => {
        const client = new Client(
          restOf(url, {
            ...plain,
            requests: {
              told: { request: 'GET /x', seconds: '/ttl' },
              'in its path': { request: 'GET /{token}/x', send: false },
              without: { request: 'GET /x', send: false },
            },
            ...description,
          }),
        );
        const {
          sent: _,
          answer: __,
          totalRows: ___,
          ...rest
        } = await client.data({ user: 'tok' }, { request: 'GET /x' });
        const told = await client.data({ user: 'tok' }, { request: 'told' });
        equal(told.reportedMs, 9_000);
        const inPath = await client.data({ user: 'tok' }, { request: 'in its path' });
        deepEqual([inPath.isUnchanged, inPath.reportedMs], [rest.isUnchanged, rest.reportedMs]);
        equal((await client.data({ user: 'tok' }, { request: 'without' })).isUnchanged, true);
        return rest;
      };
      deepEqual(await life({ life: { minutes: 5 } }), { isUnchanged: true });
      deepEqual(await life({}), { isUnchanged: true });
      deepEqual(await life({ life: { seconds: '/ttl' } }), { isUnchanged: true }, 'that is data');
      deepEqual(await life({ life: { minutes: 5, sliding: true } }), {});
      deepEqual(await life({ life: { seconds: '$response.header.X-Left' } }), { reportedMs: 7_000 });
    });

    it('is refused by what the description says, whatever the status is', async () => {
      for (const [status, body, expired, code] of [
        [401, '{}', undefined, 'E_EXPIRED'],
        [403, '{}', undefined, 'E_HTTP'],
        [403, '{"reason":5}', { status: [403], at: '/reason', is: [4, 5] }, 'E_EXPIRED'],
        [403, '{"reason":1}', { status: [403], at: '/reason', is: [4, 5] }, 'E_HTTP'],
        [401, '{}', { status: [403] }, 'E_HTTP'],
        [200, '{"status":{"code":-11},"data":[]}', { at: '/status/code', is: [-11] }, 'E_EXPIRED'],
        [200, '<html>log in', { like: '<html' }, 'E_EXPIRED'],
        [200, '<html>log in', undefined, 'E_PROTOCOL'],
        [200, '', { is: [''] }, 'E_EXPIRED'],
        [429, '{}', undefined, 'E_LIMIT'],
      ] as const) {
        const { url } = await server((_, response) => response.writeHead(status).end(body));
        const client = new Client(restOf(url, { ...plain, ...(expired && { expired }), rows: '/data' }));
        const error = await failure(client.rows({ user: 'tok' }, { request: 'POST /x' }), code);
        equal(error.details.refused, code === 'E_EXPIRED' ? 'sign-in' : undefined);
      }
    });

    it('is refused by a redirection that the description says, and follows any other', async () => {
      const { url, got } = await server((call, response) =>
        call.path === '/home'
          ? json(response, [{ a: 1 }])
          : response.writeHead(302, { Location: call.path === '/moved' ? '/home' : '/welcome?next=x' }).end(),
      );
      const at = '$response.header.Location';
      for (const status of [[302], undefined]) {
        const client = new Client(restOf(url, { ...plain, expired: { status, at, like: '/welcome' } }));
        await failure(client.data({ user: 't' }, { request: 'GET /items' }), 'E_EXPIRED');
        deepEqual(await client.rows({ user: 't' }, { request: 'GET /moved' }), [{ a: 1 }]);
        equal(got.splice(0).length, 3);
      }
      const refused = restOf(url, { ...plain, signIn: { request: 'POST /x' }, refused: { status: [302] } });
      await failure(new Client(refused).gateway.signIn(demo), 'E_CREDENTIALS');
    });

    it('is refused by a redirection that leads back to where people sign in, as is the question for the life', async () => {
      const { url } = await server((call, response) =>
        call.path === '/sign-in'
          ? response.end('<html>')
          : response.writeHead(302, { Location: '/sign-in?from=/' }).end(),
      );
      const client = new Client(restOf(url, { ...plain, query: { request: 'GET /me', seconds: '/left' } }));
      for (const request of ['GET /items', 'POST /items']) {
        await failure(client.data({ user: 't' }, { request }), 'E_EXPIRED');
      }
      await failure(client.gateway.remainingLife?.({ user: 't' }) ?? Promise.resolve(), 'E_EXPIRED');
    });

    it('goes with secure cookies to this machine without TLS, as browsers send them', async () => {
      const { url, got } = await serve((call, response) =>
        call.path === '/login'
          ? json(response, { token: 'tok' }, 200, { 'Set-Cookie': 'auth=abc; Path=/; Secure; HttpOnly' })
          : json(response, []),
      );
      const client = new Client(restOf(url, plain));
      const { value, more } = await client.gateway.signIn(demo);
      await client.rows({ user: value, more }, { request: 'GET /x' });
      equal(got[1]?.headers.cookie, 'auth=abc');
    });

    it('is told by what stands beside the rows where the answer is long', async () => {
      const rows = Array.from({ length: 5_000 }, (_, at) => ({ at, text: 'some words' }));
      const { url } = await server((_, response) => json(response, { data: rows, code: 9 }));
      const dead = new Client(restOf(url, { ...plain, rows: '/data', expired: { at: '/code', is: [9] } }));
      await failure(dead.rows({ user: 'tok' }, { request: 'GET /x' }), 'E_EXPIRED');
      const alive = new Client(restOf(url, { ...plain, rows: '/data', expired: { at: '/code', is: [8] } }));
      equal((await alive.rows({ user: 'tok' }, { request: 'GET /x' })).length, 5_000);
    });

    it('says where an answer has nothing at the place of the rows, and not where that is empty', async () => {
      const bodies: Record<string, string> = {
        '/one': '{"Id":"1"}',
        '/list': '[]',
        '/null': '{"items":null}',
        '/empty': '{"items":[]}',
        '/none': '',
        '/deep': '{"items":[{"a":1},{"b":2}]}',
      };
      const { url } = await server((call, response) => response.end(bodies[call.path]));
      const client = new Client(restOf(url, { ...plain, rows: '/items' }));
      const warned = async (request: string, rows?: string) => {
        const { answer, warnings } = await client.data({ user: 'tok' }, { request, ...(rows && { rows }) });
        equal(answer.rowCount, 0);
        return warnings?.map((one) => (typeof one === 'string' ? one : one.args?.[0]));
      };
      deepEqual(await warned('GET /one'), ['/items']);
      deepEqual(await warned('GET /list'), ['/items']);
      deepEqual(await warned('GET /deep', '/items/*/c'), ['/items/*/c']);
      deepEqual(await warned('GET /deep', '/items/length'), ['/items/length']);
      for (const [request, rows] of [
        ['GET /null'],
        ['GET /empty'],
        ['GET /none'],
        ['GET /empty', '/items/*/c'],
      ] as const) {
        equal(await warned(request, rows), undefined, `${request} ${rows}`);
      }
    });

    it('has no credentials in it that the description finds by their names', async () => {
      const { url } = await server((_, response) =>
        json(response, [{ access_token: 'another-secret', id: 'x' }]),
      );
      const client = new Client(restOf(url, { ...plain, token: '/access_token', keep: { id: '/id' } }));
      deepEqual(await client.rows({ user: 'tok' }, { request: 'GET /x' }), [
        { access_token: '‹redacted›', id: 'x' },
      ]);
    });
  });

  describe('renewing, asking and ending', () => {
    it('takes a new token and what is new of what is kept, or goes on with the same one', async () => {
      const renew = { request: 'POST /refresh', form: { grant: '{refreshToken}' } };
      const description = { ...plain, keep: { refreshToken: '/refresh' }, life: { seconds: '/ttl' }, renew };
      let answer: unknown = { token: 'new', refresh: 'r-2', ttl: 60 };
      const { url, got } = await server((_, response) => json(response, answer));
      const client = new Client(restOf(url, description));
      equal(client.gateway.renewsDead, true);
      const tokens = { user: 'old', more: { refreshToken: 'r-1' } };
      const renewed = await client.gateway.keepAlive(tokens);
      equal(got[0]?.body, 'grant=r-1');
      deepEqual([renewed.value, renewed.more, renewed.reportedMs], ['new', { refreshToken: 'r-2' }, 60_000]);
      answer = {};
      const same = await client.gateway.keepAlive(tokens);
      deepEqual([same.value, same.more, same.isUnchanged], ['old', undefined, true]);
    });

    it('is by what is kept where that goes in the place of the token, and by the token where it goes beside it', () => {
      for (const [renew, isByKept] of [
        [{ request: 'POST /refresh', headers: { authorization: 'Bearer {kept}' } }, true],
        [{ request: 'POST /refresh{?kept}', send: false }, true],
        [{ request: 'POST /refresh', headers: { 'X-Csrf': '{kept}' } }, false],
        [{ request: 'PATCH /sessions/{kept}' }, false],
        [{ request: 'POST /refresh', form: { id: '{token}' }, send: false }, false],
      ] as const) {
        const { gateway } = new Client(restOf('http://h', { ...plain, keep: { kept: '/kept' }, renew }));
        equal(gateway.renewsDead, isByKept, JSON.stringify(renew));
      }
    });

    it('asks for the life where only a query tells it, but not before what was used up is stored', async () => {
      const life = { minutes: 5 };
      const query = { request: 'GET /left', seconds: '/left' };
      for (const [renew, kept, more] of [
        [{ request: 'PATCH /session' }, {}, { reportedMs: 30_000 }],
        [{ request: 'PATCH /session', token: '/new' }, {}, { value: 'tok-2', reportedMs: 30_000 }],
        [{ request: 'POST /r', form: { r: '{refresh}' } }, { refresh: '/r' }, { isUnchanged: true }],
        [{ request: 'PATCH /session', seconds: '/left' }, {}, { reportedMs: 9_000 }],
      ] as const) {
        const { url } = await server((call, response) =>
          json(response, call.path === '/left' ? { left: 30 } : { new: 'tok-2', left: 9 }),
        );
        const client = new Client(restOf(url, { ...plain, life, query, renew, keep: kept }));
        const { sent: _, ...grant } = await client.gateway.keepAlive({ user: 'tok', more: { refresh: 'r' } });
        deepEqual(grant, { value: 'tok', ...more }, JSON.stringify(renew));
      }
    });

    it('sets back what slides, and may be told a shorter life', async () => {
      const { url } = await server((_, response) => json(response, { ttl: 5 }));
      const renew = { request: 'GET /me' };
      const life = (more: object) =>
        new Client(restOf(url, { ...plain, renew, ...more })).gateway.keepAlive({ user: 't' });
      equal((await life({ life: { minutes: 5, sliding: true } })).isUnchanged, undefined);
      equal((await life({ life: { minutes: 5 } })).isUnchanged, true);
      const inBody = { ...renew, form: { id: '{token}' }, send: false };
      equal((await life({ life: { minutes: 5, sliding: true }, renew: inBody })).isUnchanged, undefined);
      equal((await life({ life: { seconds: '/ttl' } })).reportedMs, 5_000);
      equal((await life({ renew: { ...renew, minutes: '/ttl' } })).reportedMs, 300_000);
    });

    it('never takes the life of a new token for what is left of an old one', async () => {
      const date = { Date: 'Fri, 01 Jan 2027 00:05:00 GMT' };
      const session = { made: '2027-01-01T00:00:00.500Z', end: '2027-01-01T00:10:00.500Z' };
      const { url } = await server((_, response) => json(response, session, 200, date));
      const life = { at: '/end', issued: '/made' };
      const me = { request: 'GET /me' };
      const { gateway } = new Client(restOf(url, { ...plain, life, query: me, renew: me }));
      equal((await gateway.remainingLife?.({ user: 't' }))?.reportedMs, 299_500);
      equal((await gateway.keepAlive({ user: 't' })).reportedMs, 299_500);
    });

    it('is refused by what tells a refused sign-in, whatever the status is', async () => {
      const { url } = await server((_, response) => json(response, { error: 'BAD_REFRESH' }));
      for (const [renew, refused] of [
        [{ request: 'POST /r', form: { r: '{refresh}' }, send: false }, 'sign-in'],
        [{ request: 'POST /r' }, undefined],
      ] as const) {
        const description = {
          ...plain,
          keep: { refresh: '/refresh' },
          life: { minutes: 5, sliding: true },
          renew,
        };
        const client = new Client(restOf(url, { ...description, refused: { at: '/error' } }));
        const renewing = client.gateway.keepAlive({ user: 't', more: { refresh: 'r' } });
        equal((await failure(renewing, 'E_HTTP')).details.refused, refused);
      }
    });

    it('is none where the answer leads back to where people sign in', async () => {
      const { url } = await serve((call, response) =>
        call.path === '/login'
          ? response.end('<html>')
          : response.writeHead(302, { Location: '/login' }).end(),
      );
      for (const request of ['GET /me', 'POST /me']) {
        const description = { ...plain, life: { minutes: 5, sliding: true }, renew: { request } };
        await failure(new Client(restOf(url, description)).gateway.keepAlive({ user: 't' }), 'E_EXPIRED');
      }
    });

    it('takes a life of nothing for the end, and what does not tell for no news', async () => {
      let body: unknown = { left: '-1' };
      const { url } = await server((_, response) => json(response, body));
      const query = { request: 'GET /left', seconds: '/left' };
      const ask = () => new Client(restOf(url, { ...plain, query })).gateway.remainingLife?.({ user: 't' });
      equal((await ask())?.reportedMs, 0);
      body = {};
      const { reportedMs, isUnchanged } = (await ask()) ?? {};
      deepEqual([reportedMs, isUnchanged], [undefined, true]);
    });

    it('ends a token, and counts what is gone as done', async () => {
      for (const status of [200, 204, 401, 404, 410]) {
        const { url, got } = await server((_, response) => response.writeHead(status).end());
        const revoke = { request: 'DELETE {+location}' };
        const client = new Client(restOf(url, { ...plain, keep: { location: '/l' }, revoke }));
        await client.gateway.close({ user: 'tok', more: { location: `${url}/s/1` } });
        equal(`${got[0]?.method} ${got[0]?.url}`, 'DELETE /s/1');
        await client.gateway.close({ user: 'tok' });
        equal(got.length, 1, 'nobody has told where');
      }
      const { url } = await server((_, response) => response.writeHead(500).end());
      await failure(
        new Client(restOf(url, { ...plain, revoke: { request: 'POST /out' } })).gateway.close({ user: 't' }),
        'E_HTTP',
      );
    });

    it('has ended where the answer leads to a page for people, but not where the request has moved', async () => {
      for (const [status, location, code] of [
        [302, '/login?logout', undefined],
        [303, 'bye', undefined],
        [302, 'https://other.example/', 'E_PROTOCOL'],
        [301, '/out/', 'E_PROTOCOL'],
      ] as const) {
        const { url, got } = await server((_, response) =>
          response.writeHead(status, { Location: location }).end(),
        );
        const { gateway } = new Client(restOf(url, { ...plain, revoke: { request: 'POST /out' } }));
        const ending = gateway.close({ user: 't' });
        await (code === undefined ? ending : failure(ending, code));
        equal(got.length, 1);
      }
    });

    it('is not known to have ended where half a login was refused', async () => {
      const revoke = { request: 'POST /out', json: { password: '{password}' } };
      for (const [status, code] of [
        [401, 'E_CREDENTIALS'],
        [404, undefined],
      ] as const) {
        const { url } = await server((_, response) => response.writeHead(status).end());
        const { gateway } = new Client(restOf(url, { ...plain, revoke }));
        const ending = gateway.close({ user: 't', login: async () => undefined });
        await (code === undefined ? ending : failure(ending, code));
        await gateway.close({ user: 't', login: async () => demo });
      }
    });

    it('is ended without a parameter that no answer has told', async () => {
      const { url, got } = await server((_, response) => response.writeHead(204).end());
      const revoke = { request: 'POST /out?csrf={csrf}' };
      const client = new Client(restOf(url, { ...plain, keep: { csrf: '/csrf' }, revoke }));
      await client.gateway.close({ user: 'tok' });
      await client.gateway.close({ user: 'tok', more: { csrf: 'c' } });
      deepEqual(
        got.map((one) => one.url),
        ['/out', '/out?csrf=c'],
      );
    });

    it('has the name of who signed in at hand, and the password only where it is remembered', async () => {
      const { url, got } = await server();
      const revoke = { request: 'POST /out', json: { name: '{username}', password: '{password}' } };
      const client = new Client(restOf(url, { ...plain, revoke }));
      const { value, more } = await client.gateway.signIn(demo);
      deepEqual(more, { username: 'demo' });
      await client.gateway.close({ user: value, more });
      deepEqual(JSON.parse(got[1]?.body ?? ''), { name: 'demo' });
      await client.gateway.close({ user: value, more, login: async () => demo });
      deepEqual(JSON.parse(got[2]?.body ?? ''), { name: 'demo', password: 'demo-password' });
      const basic = restOf(url, { ...plain, revoke: { request: 'POST /out', basic: true, send: false } });
      for (const login of [undefined, demo]) {
        await new Client(basic).gateway.close({ user: value, more, login: async () => login });
        const sent = login && `Basic ${Buffer.from('demo:demo-password').toString('base64')}`;
        equal(got.at(-1)?.headers.authorization, sent, 'nothing that would count as a wrong password');
      }
    });
  });

  describe('secrets', () => {
    it('never leave the origin, whatever an answer names', async () => {
      const other = await serve((_, response) => json(response, []));
      const { url, got } = await server();
      const description = { ...plain, keep: { location: '/l' }, revoke: { request: 'DELETE {+location}' } };
      const client = new Client(restOf(url, description));
      for (const location of [
        `${other.url}/x`,
        '//evil.example/x',
        '/a/../b',
        '/a\r\nX: y',
        `${url.replace('//', '//u:p@')}/x`,
      ]) {
        await failure(client.gateway.close({ user: 'tok', more: { location } }), 'E_PROTOCOL');
      }
      equal(got.length + other.got.length, 0);
    });

    it('are not split by what they hold: line breaks in a kept value are refused', async () => {
      const { url, got } = await server();
      const headers = { 'X-Csrf': '{csrf}' };
      const client = new Client(restOf(url, { ...plain, keep: { csrf: '/c' }, headers }));
      for (const csrf of ['a\r\nX-Admin: 1', 'a\nb', 'ü']) {
        await failure(client.rows({ user: 'tok', more: { csrf } }, { request: 'GET /x' }), 'E_PROTOCOL');
      }
      equal(got.length, 0);
    });

    it('are known as soon as a step of the sign-in has set a cookie', async () => {
      const { url } = await serve((got, response) => {
        if (got.path === '/one') {
          json(response, {}, 200, { 'Set-Cookie': 'SID=cookie-abcdefgh; Path=/' });
        } else {
          response
            .writeHead(500)
            .end(JSON.stringify({ message: `no session ${got.headers.cookie?.slice(4)}` }));
        }
      });
      const signIn = [{ request: 'GET /one' }, { request: 'POST /two' }];
      const client = new Client(restOf(url, { ...plain, signIn }));
      const error = await failure(client.gateway.signIn(demo), 'E_HTTP');
      ok(!JSON.stringify([error, error.message, error.details]).includes('cookie-abcdefgh'));
    });

    it('are in no error and no line of the log', async () => {
      const { url } = await serve((got, response) => {
        const echo = JSON.stringify({
          message: `${got.url} ${got.body} ${got.headers.authorization} ${got.headers.cookie}`,
        });
        if (got.path === '/login') {
          json(response, { token: 'tok-abcdefgh', refresh: 'ref-abcdefgh' }, 200, {
            'Set-Cookie': 'SID=cookie-abcdefgh; Path=/',
          });
        } else {
          response.writeHead(500).end(echo);
        }
      });
      const renew = { request: 'POST /r/{token}', form: { r: '{refreshToken}' } };
      const client = new Client(restOf(url, { ...plain, keep: { refreshToken: '/refresh' }, renew }));
      const { value, more } = await client.gateway.signIn(demo);
      const error = await failure(client.gateway.keepAlive({ user: value, more }), 'E_HTTP');
      const told = JSON.stringify([error, error.message, client.deps.log.lines]);
      const safe = client.deps.redactor.redact(told);
      for (const secret of ['tok-abcdefgh', 'ref-abcdefgh', 'cookie-abcdefgh', 'demo-password']) {
        ok(!error.message.includes(secret) && !safe.includes(secret), secret);
      }
    });
  });
});
