import { equal, ok } from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { generate } from 'selfsigned';
import { HttpClient } from '../../../../src/core/http/client.ts';
import { closeServers, connection, deps, serve } from '../protocols/rig.ts';

describe('http: sockets that read into the same memory', () => {
  afterEach(closeServers);

  for (const isSecure of [false, true]) {
    it(`${isSecure ? 'TLS' : 'plain'}: bodies stay whole while others are read, quickly and slowly`, async () => {
      const identity = await generate([{ name: 'commonName', value: '127.0.0.1' }], { keyType: 'ec' });
      const bodies = Array.from({ length: 6 }, (_, at) => randomBytes(at === 0 ? 100 : 900_000 * at + at));
      const server = await serve(
        ({ url }, response) => response.end(bodies[Number(url.slice(1))]),
        ...(isSecure
          ? [
              (listener: Parameters<typeof createTlsServer>[1]) =>
                createTlsServer({ key: identity.private, cert: identity.cert }, listener),
            ]
          : []),
      );
      const http = new HttpClient({
        ...deps({ maxResponseBytes: () => 16_000_000 }),
        connection: connection(server.url.replace(/^\w+/, isSecure ? 'https' : 'http'), {
          rejectUnauthorized: false,
        }),
      });
      let waits = 0;
      const read = async (at: number, isSlow: boolean): Promise<void> => {
        const [hash, first] = [createHash('sha256'), bodies[at]];
        const sink = () => ({
          write: async (chunk: Uint8Array) => {
            hash.update(chunk);
            if (isSlow) {
              waits++;
              await delay(1); // So that the socket has to keep what arrives meanwhile.
            }
          },
        });
        await http.send({ method: 'GET', path: `/${at}`, idempotent: true, asItIs: true, sink });
        equal(
          hash.digest('hex'),
          createHash('sha256')
            .update(first ?? '')
            .digest('hex'),
          `body ${at}`,
        );
      };
      for (let round = 0; round < 3; round++) {
        await Promise.all(bodies.map((_, at) => read(at, at % 2 === round % 2)));
      }
      ok(waits > 50, `${waits}`);
      http.dispose();
    });
  }
});
