import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type DataRequest, wireOf } from '../../../../../src/core/requests/request.ts';
import { requestForms, requestText } from '../../../../../src/core/requests/requestText.ts';
import { closeServers, type Got, json, serve } from '../rig.ts';
import { Client, plain, restOf } from './support.ts';

const run = promisify(execFile);
const token = 'a+b/c=d&e "f" %41 {{x}}';

const requests: readonly Omit<DataRequest, 'connection'>[] = [
  { request: 'GET /items{?size}', params: { size: 5, words: 'a b&c' } },
  { request: 'POST /items', json: { q: 'it\'s "$(id)" é', n: 1 } },
  { request: 'form', params: { words: 'x=y&z' } },
  { request: 'DELETE /items/{id}', params: { id: 'a/b' } },
  { request: 'own' },
];

/** What of a request has to be the same, however it is made. */
function essence({ method, url, headers, body }: Got) {
  const isJson = /json/.test(headers['content-type'] ?? '');
  return {
    method,
    url: [...new URL(url, 'http://x').searchParams].sort().join(';') + new URL(url, 'http://x').pathname,
    body: isJson ? JSON.parse(body) : [...new URLSearchParams(body)],
    authorization: headers.authorization,
    own: headers['x-t'],
    cookie: headers.cookie,
    version: headers['x-version'],
  };
}

describe('rest: the text of a request', () => {
  afterEach(closeServers);

  for (const send of [
    undefined,
    { in: 'header', name: 'X-T', value: 'T {token}' },
    { in: 'query', name: 'key' },
    { in: 'body', name: '/auth/token' },
    { in: 'cookie', name: 'SID' },
  ]) {
    it(`sends what the client sends, the token in ${send?.in ?? 'Authorization'}`, async function () {
      const { url, got } = await serve((_, response) => json(response, []));
      const connection = restOf(url, {
        ...plain,
        ...(send && { send }),
        headers: { 'X-Version': '2', 'x-t': 'of all' },
        requests: {
          form: { request: 'POST /search', form: { q: '{words}', all: 'y' } },
          own: { request: 'GET /own', headers: { 'x-version': '3' } },
        },
      });
      const client = new Client(connection);
      // In a cookie not everything is as it is; the program that sends the text would have to know how.
      const value = send?.in === 'cookie' ? 'a+b/c=d' : token;
      for (const request of requests) {
        const written = requestText(
          wireOf({ connection: 'api', ...request }, connection, new Map()),
          connection,
          'curl',
        );
        ok(!written.includes(value));
        await client.rows({ user: value }, request as { request: string });
        try {
          await run('/bin/sh', ['-c', written], { env: { ...process.env, SESSION_TOKEN: value } });
        } catch (error) {
          if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 127)) {
            this.skip(); // This computer has no shell or no curl.
          }
          throw error;
        }
        const [sent, copied] = got.splice(0);
        ok(sent && copied);
        // In JSON text the token goes as it is in the variable, so it has to be one without quotes.
        if (send?.in !== 'body') {
          deepEqual(essence(copied), essence(sent), written);
        } else {
          equal(copied.method, sent.method);
          ok(copied.body.includes(value) || copied.body.includes(encodeURIComponent('a+b')), written);
        }
      }
    });
  }

  it('names no secret in any form', () => {
    const description = {
      ...plain,
      keep: { site: '/site', csrf: '/csrf' },
      headers: { 'X-Csrf': '{csrf}', 'X-Plain': '{lifeMinutes}' },
      send: { in: 'header', name: 'X-Token', value: '{token}:{csrf}' },
    };
    const connection = restOf('https://host.example', description);
    for (const form of requestForms) {
      const wire = wireOf({ connection: 'api', request: 'GET /sites/{site}/x' }, connection, new Map());
      const written = requestText(wire, connection, form);
      ok(
        /\/sites\/SITE\/x/.test(written) && /SESSION_TOKEN/.test(written) && /HEADER_X_CSRF/.test(written),
        written,
      );
      ok(!/\{site\}|\{csrf\}|\{lifeMinutes\}/.test(written), written);
    }
  });
});
