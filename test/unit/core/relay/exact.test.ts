import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { Relay } from '../../../../src/core/relay/relay.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { closeServers, type Got, json, serve } from '../protocols/rig.ts';
import { ask, RelayRig } from './rig.ts';

/** What a script sends and gets is what the gateway gets and sends, to the byte. */
describe('a relay passes on exactly', () => {
  const form = 'application/x-www-form-urlencoded';
  let rigs: RelayRig[];
  let got: Got[];
  let origin: string;
  let answer: (call: Got, response: ServerResponse) => void;

  beforeEach(async () => {
    rigs = [];
    answer = (_, response) => json(response, {});
    const server = await serve((call, response) => {
      if (/login$/i.test(call.path)) {
        json(response, { token: 'token-abcdefgh', userToken: 'user-1' });
      } else if (/GetSessionToken|Logon/.test(call.path)) {
        json(response, {
          Result: { SessionToken: 'token-abcdefgh', Remaining: 60_000 },
          userToken: 'user-1',
        });
      } else {
        answer(call, response);
      }
    });
    ({ got, url: origin } = server);
  });
  afterEach(async () => {
    for (const rig of rigs) {
      rig.end();
    }
    await closeServers();
  });

  async function relayTo(settings: Record<string, unknown>): Promise<Relay> {
    const login = { username: 'demo', password: 'demo-password', apiKey: 'demo-key' };
    const rig = new RelayRig(connectionOf({ url: origin, ...settings }), login);
    rigs.push(rig);
    return rig.relay();
  }

  const toApi = (more: Record<string, unknown> = {}) =>
    relayTo({
      ...{ kind: 'rest', url: `${origin}/api`, token: '/token' },
      signIn: { request: 'POST /login', json: { user: '{username}' } },
      ...more,
    });

  it('a query', async () => {
    const { url } = await toApi();
    for (const query of ["?q='a'&$filter=n%20eq%20'x'", '?a&&b=&=c&', '?q="a"<b>', '?a=%2F%2f+%20&a=1&a=']) {
      equal((await ask(`${url}/things${query}`)).status, 200);
      equal(got.at(-1)?.url, `/api/things${query}`);
    }
  });

  it('a form, in whatever charset', async () => {
    const { url } = await toApi();
    const headers = { 'Content-Type': form };
    await ask(`${url}/things`, { method: 'POST', headers, body: 'a=1&&b=%2F+x&c&' });
    equal(got.at(-1)?.body, 'a=1&&b=%2F+x&c&');
    await ask(`${url}/things`, { method: 'POST', headers, body: Buffer.from('q=é', 'latin1') });
    equal(got.at(-1)?.headers['content-length'], '3');
  });

  it('JSON that calls itself a form, as curl -d says', async () => {
    const { url } = await relayTo({ kind: 'sarus' });
    const body = '{"Series":[{"Symbol":"A&B"}],"SessionToken":"mine"}';
    await ask(`${url}/GetValuesRC`, { method: 'POST', headers: { 'Content-Type': form }, body });
    const sent = '{"Series":[{"Symbol":"A&B"}],"SessionToken":"token-abcdefgh"}';
    deepEqual([got.at(-1)?.body, got.at(-1)?.headers['content-type']], [sent, form]);
  });

  it('parameters of a view that are said twice', async () => {
    const { url } = await relayTo({ service: 'S', dialect: 'getData' });
    const path = '/cra/ServiceGateway/Services/S/getData?product=P&view=V';
    await ask(`${url}${path}&filter=A%3D1&filter=B%3D2&many=A&many=B`, { method: 'POST' });
    const { query } = got.at(-1) ?? {};
    deepEqual(
      [query?.getAll('filter'), query?.getAll('many')],
      [
        ['A=1', 'B=2'],
        ['A', 'B'],
      ],
    );
  });

  it('parameters of a view, in whatever charset', async () => {
    const { url } = await relayTo({ service: 'S', dialect: 'getData' });
    const path = '/cra/ServiceGateway/Services/S/getData';
    const inQuery = 'product=P&view=V%E9&context=%C3%A9%E9&filter=%e9%3DM%FCller&many=%E9&many=%C3%A9+x';
    await ask(`${url}${path}?${inQuery}`, { method: 'POST' });
    await ask(`${url}${path}?product=P&view=V%E9&context=%C3%A9%E9`, {
      method: 'POST',
      headers: { 'Content-Type': form },
      body: Buffer.from('filter=%e9%3DMüller&many=é&many=%C3%A9+x', 'latin1'),
    });
    for (const call of got.slice(-2)) {
      for (const pair of ['view=V%E9', 'filter=%E9%3DM%FCller', 'many=%E9', 'many=%C3%A9%20x']) {
        ok(call.url.includes(pair), `${pair} in ${call.url}`);
      }
      ok(call.url.includes('context=%C3%A9%E9'), call.url);
    }
    const views = await relayTo({ name: 'views', service: 'S', dialect: 'views' });
    await ask(`${views.url}/cra/serviceGateway/services/S/products/P%E9/views/V/data?filter=%E9`);
    match(got.at(-1)?.url ?? '', /\/products\/P%E9\/views\/V\/data\?.*filter=%E9/);
  });

  it('a body, whatever it begins with', async () => {
    const { url } = await toApi();
    for (const body of [
      Buffer.alloc(5_000),
      Buffer.from(' \n'),
      Buffer.from('\ufeff'),
      Buffer.from([1, 2]),
    ]) {
      for (const status of [200, 400]) {
        answer = (_, response) => response.writeHead(status).end(body);
        deepEqual((await ask(`${url}/things`)).bytes, body);
      }
    }
    answer = (_, response) => {
      response.write(Buffer.alloc(70_000));
      setTimeout(() => response.end('{}'), 20);
    };
    equal((await ask(`${url}/things`)).bytes.length, 70_002);
  });

  it('how long a body is that is not sent', async () => {
    const { url } = await toApi();
    answer = ({ path }, response) => {
      const status = Number(path.slice(-3));
      response.writeHead(status, status === 204 ? {} : { 'Content-Length': '12345' }).end();
    };
    for (const [status, length] of [
      [200, '12345'],
      [404, '12345'],
      [204, undefined],
    ] as const) {
      const { headers } = await ask(`${url}/${status}`, { method: 'HEAD' });
      deepEqual([headers['content-length'], headers['transfer-encoding']], [length, undefined]);
    }
    answer = (_, response) => response.writeHead(304, { ETag: '"1"' }).end();
    const { headers } = await ask(`${url}/things`);
    deepEqual([headers['content-length'], headers.etag], [undefined, '"1"']);
  });

  it('where a relative redirection leads', async () => {
    for (const url of [origin, `${origin}/api`]) {
      const relay = await toApi({ url, name: url.replace(/\W/g, '') });
      for (const [location, path] of [
        ['to', '/a/to'],
        ['?x=1', '/a/b?x=1'],
        ['../c#d', '/c#d'],
        [url, url === origin ? '/' : ''],
      ]) {
        answer = (_, response) => response.writeHead(302, { Location: location }).end();
        equal((await ask(`${relay.url}/a/b?y=2`)).headers.location, relay.url + path);
      }
    }
  });
});
