// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ConnectionSecrets } from '../../../../src/core/connection.ts';
import { HttpClient } from '../../../../src/core/http/client.ts';
import { closeServers, connection, type Deps, deps, failure, json, serve } from '../protocols/rig.ts';

const get = { method: 'GET', path: '/a', idempotent: true } as const;

describe('protocols: headers of a connection', () => {
  afterEach(closeServers);

  function client(
    url: string,
    headers: Record<string, string>,
    secrets: () => ConnectionSecrets = () => ({}),
    parts: Partial<Deps> = {},
  ): HttpClient {
    return new HttpClient({
      ...deps(parts),
      connection: connection(url, { headers }),
      secrets: async () => secrets(),
    });
  }

  it('go with every request, also after a redirect within the origin', async () => {
    const server = await serve(({ path }, response) =>
      path === '/a'
        ? response.writeHead(307, { Location: '/b' }).end()
        : json(response, {}, path === '/c' ? 503 : 200),
    );
    const http = client(server.url, { 'X-Client-Id': 'client 1', 'x-team': 'Müller' });
    await http.send(get);
    await http.send({ method: 'POST', path: '/d', form: [['a', 'b']] });
    await http.send({ method: 'POST', path: '/d', form: [['a', 'b']], asItIs: true });
    await http.send({ ...get, path: '/c' });
    ok(server.got.length > 4, 'tried again');
    for (const { headers } of server.got) {
      equal(headers['x-client-id'], 'client 1');
      equal(Buffer.from(headers['x-team']?.toString() ?? '', 'latin1').toString('latin1'), 'Müller');
    }
  });

  it('go to no other origin', async () => {
    const other = await serve((_, response) => json(response, {}));
    const server = await serve((_, response) =>
      response.writeHead(302, { Location: `${other.url}/x` }).end(),
    );
    const http = client(server.url, { 'X-Key': '${secret}' }, () => ({
      headers: { 'x-key': 'key-of-mine' },
    }));
    const error = await failure(http.send(get), 'E_PROTOCOL');
    ok(!error.message.includes('key-of-mine'));
    equal(server.got[0]?.headers['x-key'], 'key-of-mine');
    equal(other.got.length, 0);
  });

  it('the protocol’s own win, whatever their case; the usual ones can be replaced', async () => {
    const server = await serve((_, response) => json(response, {}));
    const http = client(server.url, {
      authorization: 'Basic bWU6bWU=',
      'user-agent': 'Firefox',
      ACCEPT: '*/*',
    });
    for (const asItIs of [false, true]) {
      await http.send({ ...get, authorization: 'Bearer tok-123456', asItIs });
      await http.send({ ...get, asItIs });
      deepEqual(
        server.got
          .splice(0)
          .map(({ headers }) => [headers.authorization, headers['user-agent'], headers.accept]),
        [
          ['Bearer tok-123456', 'Firefox', '*/*'],
          ['Basic bWU6bWU=', 'Firefox', '*/*'],
        ],
      );
    }
  });

  it('a secret value is put in where it stands, and masked wherever it could be seen', async () => {
    const secret = 'zero-trust-$&-secret';
    const server = await serve(({ headers }, response) =>
      json(response, { error: `bad key ${headers['x-key']}` }, 500),
    );
    const parts = deps();
    const headers = { 'X-Key': '${secret}', 'X-Both': 'Token ${secret}; v=1' };
    const secrets = { headers: { 'x-key': secret, 'x-both': 'other-secret-value' } };
    const http = client(server.url, headers, () => secrets, parts);
    await http.send({ method: 'GET', path: '/a' });
    equal(server.got[0]?.headers['x-key'], secret);
    equal(server.got[0]?.headers['x-both'], 'Token other-secret-value; v=1');
    equal(parts.redactor.redact(`said ${secret}, other-secret-value`), 'said ‹redacted›, ‹redacted›');
    ok(!parts.log.lines.join('\n').includes(secret));
  });

  it('without a secret that is needed nothing is sent: E_CREDENTIALS', async () => {
    const server = await serve((_, response) => json(response, {}));
    let secrets: ConnectionSecrets = { headers: { 'x-other': 'some other' } };
    const http = client(server.url, { 'X-Key': '${secret}' }, () => secrets);
    const error = await failure(http.send(get), 'E_CREDENTIALS');
    match(error.message, /header X-Key of test.*sign in/);
    equal(error.details.sent, false);
    equal(server.got.length, 0);
    secrets = { headers: { 'x-key': 'now-known' } };
    await http.send(get);
    secrets = {};
    await failure(http.send(get), 'E_CREDENTIALS');
    equal(server.got.length, 1);
  });
});
