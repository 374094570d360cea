import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Gateway, Tokens } from '../../../src/core/protocols/protocol.ts';
import { connect } from '../../connect.ts';
import { type HostileBody, hostileBodies, serveHostile } from '../../security/hostile.ts';
import { root } from '../../workbench/paths.ts';
import { closeServers, connection, deps, json, PlainReader, serve } from '../core/protocols/rig.ts';

/** Megabytes that an answer may have, unless its person says otherwise. */
const usual = 256;
/** The same for rows that are all different: up to the bound those are data, and take the memory of data. */
const ofData = 16;

/** Whether a body never becomes large. */
function waits(body: HostileBody): boolean {
  return body === 'drip' || body === 'silence';
}

interface Outcome {
  readonly outcome: string;
  readonly ms: number;
  /** By how much the memory of the process rose at most. */
  readonly megabytes: number;
}

describe('security: a hostile gateway', () => {
  describe('costs little memory and little time', () => {
    let server: Awaited<ReturnType<typeof serveHostile>>;

    before(async () => {
      server = await serveHostile();
    });

    after(() => server.close());

    async function fall(body: HostileBody): Promise<Outcome> {
      const child = spawn(
        process.execPath,
        [
          '--expose-gc',
          '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
          join(root, 'test/security/victim.ts'),
          `${server.url}/${body}/`,
          String(body === 'differentRows' ? ofData : usual),
          waits(body) ? '1' : '20',
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let text = '';
      child.stdout.on('data', (part: Buffer) => {
        text += part.toString();
      });
      await once(child, 'close');
      return JSON.parse(text) as Outcome;
    }

    for (const body of hostileBodies) {
      it(`with ten gigabytes of “${body}”`, async function () {
        this.timeout(30_000);
        // What else the machine does only adds to both figures: what the third try may not exceed is ours.
        this.retries(2);
        const { outcome, ms, megabytes } = await fall(body);
        this.runnable().title = `with ten gigabytes of “${body}”: ${megabytes} MB over the baseline`;
        equal(outcome, waits(body) ? 'E_TIMEOUT' : 'E_TOO_LARGE');
        ok(megabytes < 64, `${megabytes} MB over the baseline`);
        ok(ms < 20_000, `${ms} ms`);
      });
    }
  });

  describe('gets no secret to another place', () => {
    const secrets = {
      user: 'Canary-Token-1a',
      session: 'Canary-Session-2b',
      gatewayPassword: 'Canary-Tomcat-3c',
    };
    const login = { username: 'Canary-User-4d', password: 'Canary-Pass-5e' };

    afterEach(closeServers);

    for (const kind of ['views', 'getData', 'sarus']) {
      for (const status of [301, 302, 303, 307, 308]) {
        it(`${kind}: redirected by ${status}, with the secret in the address`, async () => {
          const collector = await serve((_, response) => json(response, {}));
          const server = await serve((got, response) => {
            // What was just told, as a host of the thief's: host names are lower case.
            const told = [
              ...`${got.url} ${got.body} ${got.headers.authorization}`.matchAll(/Canary-\w+-\w+/g),
            ];
            const host = told.map(([secret]) => `${secret}.`).join('');
            response.writeHead(status, {
              Location:
                told.length > 0 && got.path.length % 2 === 0
                  ? `https://${host}thief.example/`
                  : collector.url + got.url,
            });
            response.end();
          });
          const parts = deps();
          const gateway: Gateway = connect(
            connection(server.url, {
              ...(kind === 'sarus' ? { kind } : { dialect: kind }),
              gatewayUser: 'tomcat',
            }),
            parts,
          );
          const tokens: Tokens = secrets;
          const query = kind === 'sarus' ? { endpoint: 'Data' } : { product: 'P', view: 'V' };
          const data = { query, keepOpen: true, makeReader: () => new PlainReader(() => undefined) };
          const ends: unknown[] = [];
          for (const attempt of [
            () => gateway.signIn(kind === 'sarus' ? { apiKey: 'Canary-Key-6f' } : login, 'S'),
            () => gateway.getData({ ...data, tokens: { user: secrets.user } }),
            () => gateway.getData({ ...data, tokens }),
            () => gateway.keepAlive(tokens),
            () => gateway.close(tokens),
            async () => gateway.remainingLife?.(tokens),
            async () => gateway.columns?.(tokens, { product: 'P', view: 'V' }),
            async () => gateway.services?.(),
          ]) {
            ends.push(await attempt().catch((error: unknown) => error));
          }
          gateway.dispose();
          ok(server.got.length >= 4);
          deepEqual(collector.got, []);
          const text = `${inspect(ends, { depth: Number.POSITIVE_INFINITY, showHidden: true })}\n${parts.log.lines.join('\n')}`;
          ok(!/canary/i.test(text), text);
        });
      }
    }

    it('a cookie goes back to its own path and gateway only', async () => {
      const other = await serve((_, response) => json(response, { Result: { Remaining: 1 } }));
      const server = await serve((got, response) => {
        json(response, { Result: { Remaining: 1 } }, 200, {
          'Set-Cookie': [
            `${got.path.slice(1)}=Canary-Cookie; Path=${got.path}; Domain=127.0.0.1`,
            'all=fine; Path=/',
          ],
        });
      });
      const parts = deps();
      const mine = connect(connection(server.url, { kind: 'sarus' }), parts);
      const theirs = connect(connection(other.url, { kind: 'sarus' }), parts);
      const tokens = { user: 'Canary-Token-1a' };
      await mine.remainingLife?.(tokens);
      await mine.keepAlive(tokens);
      await theirs.remainingLife?.(tokens);
      equal(server.got[1]?.headers.cookie, 'all=fine');
      equal(other.got[0]?.headers.cookie, undefined);
      mine.dispose();
      theirs.dispose();
    });
  });

  describe('gets nothing but data in', () => {
    afterEach(closeServers);

    it('a page with scripts is no answer, and its words are plain', async () => {
      const server = await serve((_, response) => {
        response.writeHead(500, { 'Content-Type': 'text/html' });
        response.end(
          '<h1>HTTP Status 500 – <img src=x onerror=alert(1)>&lt;script&gt;alert(2)&lt;/script&gt;</h1>',
        );
      });
      const gateway = connect(connection(server.url, { kind: 'sarus' }), deps());
      const error = await gateway.remainingLife?.({ user: 'a token' }).catch((caught: unknown) => caught);
      match(String(error), /500/);
      ok(!/[<>]/.test(String(error)), String(error));
      gateway.dispose();
    });

    it('names of prototypes are names like any other', async () => {
      const server = await serve((_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(
          '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"Result":{"__proto__":{"Remaining":1},"Remaining":"5","SessionToken":"abc"}}',
        );
      });
      const gateway = connect(connection(server.url, { kind: 'sarus' }), deps());
      equal((await gateway.remainingLife?.({ user: 'a token' }))?.reportedMs, 5);
      equal(({} as { polluted?: number }).polluted, undefined);
      gateway.dispose();
    });
  });
});
