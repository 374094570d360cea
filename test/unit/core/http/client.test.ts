import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { generate } from 'selfsigned';
import { TokensError } from '../../../../src/core/errors.ts';
import { HttpClient } from '../../../../src/core/http/client.ts';
import { explain } from '../../../../src/core/http/errors.ts';
import type { HttpRequest } from '../../../../src/core/http/request.ts';
import { FakeClock } from '../../fakeClock.ts';
import {
  closeServers,
  connection,
  type Deps,
  deps,
  failure,
  gate,
  json,
  serve,
  tomcat,
} from '../protocols/rig.ts';

const get: HttpRequest = { method: 'GET', path: '/a', idempotent: true };
const post: HttpRequest = { method: 'POST', path: '/a', form: [['userToken', 'tok-123456']] };

describe('protocols: http', () => {
  const clients: HttpClient[] = [];
  const tcpServers: { server: TcpServer; sockets: Set<Socket> }[] = [];

  function client(url: string, more: Record<string, unknown> = {}, parts: Partial<Deps> = {}): HttpClient {
    const made = new HttpClient({ ...deps(parts), connection: connection(url, more) });
    clients.push(made);
    return made;
  }

  /** A server below HTTP. */
  async function tcp(onConnection: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    tcpServers.push({ server, sockets });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    for (const one of clients.splice(0)) {
      one.dispose();
    }
    await closeServers();
    for (const { server, sockets } of tcpServers.splice(0)) {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    }
  });

  describe('requests', () => {
    it('puts path, prefix, query and form where they belong', async () => {
      const server = await serve((_, response) => json(response, { a: 1 }));
      const http = client(`${server.url}/some/proxy/`);
      const answer = await http.send({ ...post, path: '/x%20y', query: [['a b', '*&=']] });
      equal(answer.text, '{"a":1}');
      equal(answer.status, 200);
      const [got] = server.got;
      equal(got?.url, '/some/proxy/x%20y?a%20b=*%26%3D');
      equal(got?.headers['content-type'], 'application/x-www-form-urlencoded; charset=UTF-8');
      equal(got?.form.get('userToken'), 'tok-123456');
      equal(got?.headers['accept-encoding'], 'gzip, deflate, br');
      equal(got?.headers.referer, undefined);
    });

    it('names no type of a body where it sends none: servers refuse one that they do not take', async () => {
      const server = await serve((_, response) => json(response, {}));
      const http = client(server.url);
      await http.send({ method: 'POST', path: '/a' });
      await http.send({ method: 'POST', path: '/a', json: {} });
      deepEqual(
        server.got.map(({ headers }) => [headers['content-type'], headers['content-length']]),
        [
          [undefined, '0'],
          ['application/json', '2'],
        ],
      );
    });

    it('tells the length of a body of a script, whatever the method', async () => {
      const server = await serve((_, response) => json(response, {}));
      for (const method of ['GET', 'DELETE', 'PUT'] as const) {
        await client(server.url).send({ method, path: '/a', body: Buffer.from('é'), asItIs: true });
        const { headers, body } = server.got.at(-1) ?? { headers: {} };
        deepEqual([headers['content-length'], headers['transfer-encoding'], body], ['2', undefined, 'é']);
      }
    });

    it('sends every printable character of a password unchanged, in form, JSON and query', async () => {
      const server = await serve((_, response) => json(response, {}));
      const http = client(server.url);
      const password = `${Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')}äöü€ß漢😀`;
      await http.send({ ...get, query: [['p', password]] });
      await http.send({ ...post, form: [['p', password]] });
      await http.send({ method: 'POST', path: '/', json: { p: password } });
      equal(server.got[0]?.query.get('p'), password);
      equal(server.got[1]?.form.get('p'), password);
      equal(JSON.parse(server.got[2]?.body ?? '').p, password);
    });

    it('takes the moment of sending, not of the answer', async () => {
      const clock = new FakeClock();
      const begun = clock.now();
      const server = await serve((_, response) => {
        clock.advance(5_000);
        json(response, {});
      });
      const answer = await client(server.url, {}, { clock }).send(get);
      deepEqual(answer.sent, begun);
      equal(clock.pending, 0);
    });

    it('reuses a socket for what may be sent twice, and never for what may not', async () => {
      const server = await serve((_, response) => json(response, {}));
      const http = client(server.url);
      for (const request of [get, get, post, post]) {
        await http.send(request);
      }
      const [first, second, third, fourth] = server.got.map(({ socket }) => socket);
      equal(first, second);
      notEqual(third, second);
      notEqual(third, fourth);
    });

    it('keeps cookies for its own gateway', async () => {
      const server = await serve((_, response, index) =>
        json(
          response,
          {},
          200,
          index === 0 ? { 'Set-Cookie': ['JSESSIONID=1234; Path=/; HttpOnly', 'x=y; Path=/other'] } : {},
        ),
      );
      const http = client(server.url);
      await http.send(get);
      await http.send(get);
      equal(server.got[0]?.headers.cookie, undefined);
      equal(server.got[1]?.headers.cookie, 'JSESSIONID=1234');
    });
  });

  it("ends a cookie by its gateway's clock, which may be hours off", async () => {
    for (const aheadMs of [-3 * 3_600_000, 3 * 3_600_000]) {
      const clock = new FakeClock();
      const theirs = (ms: number) => new Date(clock.now().wall + aheadMs + ms).toUTCString();
      const server = await serve((_, response, index) => {
        const more = index === 0 ? { 'Set-Cookie': `ROUTE=a; Path=/; Expires=${theirs(1_800_000)}` } : {};
        json(response, {}, 200, { Date: theirs(0), ...more });
      });
      const http = client(server.url, {}, { clock });
      await http.send(get);
      clock.advance(1_700_000);
      await http.send(get);
      clock.advance(200_000);
      await http.send(get);
      deepEqual(
        server.got.map(({ headers }) => headers.cookie),
        [undefined, 'ROUTE=a', undefined],
      );
    }
  });

  it('a gateway gets its cookies back, byte by byte, until it deletes them', async () => {
    const lines = [
      ['id=M\xfcller; Path=/', 'x=1; Domain=other.example'],
      ['id=; Path=/; expires=Tue, 12-Oct-1999'],
      [],
    ];
    const server = await serve((_, response, index) =>
      json(response, {}, 200, { 'Set-Cookie': lines[index] ?? [] }),
    );
    const http = client(server.url);
    for (const _ of lines) {
      await http.send(get);
    }
    deepEqual(
      server.got.map(({ headers }) => headers.cookie),
      [undefined, 'id=M\xfcller', undefined],
    );
  });

  describe('redirects', () => {
    it('follows a GET within its origin, and sends its header along', async () => {
      const server = await serve((got, response) =>
        got.path === '/b'
          ? json(response, { there: true })
          : response.writeHead(302, { Location: '/b?x=1' }).end(),
      );
      const answer = await client(server.url).send({ ...get, authorization: 'Bearer abcdef' });
      equal(answer.text, '{"there":true}');
      equal(server.got[1]?.headers.authorization, 'Bearer abcdef');
    });

    it('follows a POST within its origin only where its body stays', async () => {
      const server = await serve((got, response) =>
        got.path === '/b'
          ? json(response, {})
          : response.writeHead(got.path === '/a' ? 307 : 302, { Location: '/b' }).end(),
      );
      const http = client(server.url);
      await http.send(post);
      deepEqual([server.got[1]?.method, server.got[1]?.form.get('userToken')], ['POST', 'tok-123456']);
      equal((await failure(http.send({ ...post, path: '/c' }), 'E_PROTOCOL')).details.status, 302);
      equal(server.got.length, 3);
    });

    it('never sends anything to another origin', async () => {
      const other = await serve((_, response) => json(response, {}));
      const server = await serve((_, response) =>
        response.writeHead(307, { Location: `${other.url}/steal?token=tok-123456` }).end(),
      );
      const http = client(server.url);
      for (const request of [get, post]) {
        const error = await failure(http.send(request), 'E_PROTOCOL');
        ok(error.message.includes(other.url));
        ok(!error.message.includes('tok-123456') && !error.message.includes('steal'));
      }
      equal(other.got.length, 0);
    });

    it('takes another scheme or port, or no address at all, for another place', async () => {
      const where = ['https://127.0.0.1/', 'file:///etc/passwd', 'http://[', undefined];
      const server = await serve((_, response, index) => {
        const location = where[index];
        response.writeHead(302, location === undefined ? {} : { Location: location }).end();
      });
      const http = client(server.url);
      for (const _ of where) {
        await failure(http.send(get), 'E_PROTOCOL');
      }
      equal(server.got.length, where.length);
    });

    it('stops after three', async () => {
      const server = await serve((_, response) => response.writeHead(301, { Location: '/again' }).end());
      await failure(client(server.url).send(get), 'E_PROTOCOL');
      equal(server.got.length, 4);
    });
  });

  describe('bounds', () => {
    it('inflates what it asked for', async () => {
      const body = JSON.stringify({ text: 'x'.repeat(50_000) });
      const packed = {
        gzip: gzipSync(body),
        deflate: deflateSync(body),
        br: brotliCompressSync(body),
        identity: body,
      };
      const server = await serve((got, response) => {
        const encoding = got.path.slice(1) as keyof typeof packed;
        response.writeHead(200, { 'Content-Encoding': encoding }).end(packed[encoding]);
      });
      const http = client(server.url);
      for (const encoding of Object.keys(packed)) {
        equal((await http.send({ ...get, path: `/${encoding}` })).text, body);
      }
    });

    it('stops a gzip bomb at the bound of its inflated size', async () => {
      const bomb = gzipSync(Buffer.alloc(64 * 1_048_576));
      ok(bomb.length < 100_000);
      const server = await serve((_, response) =>
        response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb),
      );
      let bytes = 0;
      const request: HttpRequest = {
        ...get,
        sink: () => ({
          write: (chunk) => {
            bytes += chunk.length;
          },
        }),
      };
      await failure(client(server.url).send(request), 'E_TOO_LARGE');
      ok(bytes <= 1_048_576);
    });

    it('stops a body that does not end at its bound', async () => {
      const closed = gate();
      const server = await serve((_, response) => {
        response.on('close', () => closed.open());
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20))) {
            // As fast as it goes.
          }
          response.once('drain', more);
        };
        response.writeHead(200);
        more();
      });
      await failure(
        client(server.url).send({ ...get, sink: () => ({ write: () => undefined }) }),
        'E_TOO_LARGE',
      );
      await closed.opened;
    });

    it('asks who reads a body when its first byte has come, after however many spaces', async () => {
      const server = await serve(async (_, response) => {
        response.writeHead(200);
        for (const part of ['\uFEFF', ' '.repeat(70_000), '\n', '{"a":', '1}']) {
          response.write(part);
          await delay(10);
        }
        response.end();
      });
      const asked: (number | undefined)[] = [];
      let text = '';
      await client(server.url).send({
        ...get,
        sink: (_, first) => {
          asked.push(first);
          return {
            write: (chunk) => {
              text += Buffer.from(chunk).toString();
            },
          };
        },
      });
      deepEqual(asked, [0x7b]);
      equal(text, '{"a":1}');
    });

    it('has a small bound for answers that are not data', async () => {
      const server = await serve((_, response) => response.writeHead(200).end(Buffer.alloc(5_000_000, 0x20)));
      await failure(client(server.url, {}, { maxResponseBytes: () => 1e9 }).send(get), 'E_TOO_LARGE');
    });

    it('heeds the bound as it is now, and tells it as it was set', async () => {
      const server = await serve((_, response) => response.writeHead(200).end(Buffer.alloc(1_200_000, 0x20)));
      let megabytes = 1.125;
      const http = client(server.url, {}, { maxResponseBytes: () => megabytes * 1_048_576 });
      const data = { ...get, sink: () => ({ write: () => undefined }) };
      const refused = await failure(http.send(data), 'E_TOO_LARGE');
      match(refused.message, / 1\.125 MB/);
      megabytes = 256;
      equal((await http.send(data)).status, 200);
    });

    it('reads no more of an error than its beginning', async () => {
      const closed = gate();
      const server = await serve((_, response) => {
        response.on('close', () => closed.open());
        response.writeHead(500).write(Buffer.alloc(300_000, 0x78));
      });
      const answer = await client(server.url).send({ ...get, sink: () => undefined });
      ok(answer.text.length >= 65_536 && answer.text.length < 300_000);
      await closed.opened;
    });

    it('bounds the size and the number of headers', async () => {
      const server = await serve((got, response) => {
        if (got.path === '/long') {
          response.setHeader('X-Long', 'x'.repeat(20_000));
        } else {
          for (let index = 0; index < 300; index++) {
            response.setHeader(`x${index}`, '1');
          }
        }
        response.end('{}');
      });
      const http = client(server.url);
      await failure(http.send({ ...get, path: '/long' }), 'E_TOO_LARGE');
      await failure(http.send({ ...get, path: '/many' }), 'E_TOO_LARGE');
    });

    it('refuses a broken or an unknown encoding', async () => {
      const server = await serve((got, response) => {
        const encoding = got.path.slice(1);
        const body = encoding === 'gzip' ? gzipSync('x'.repeat(1_000)).subarray(0, 20) : 'abc';
        response.writeHead(200, { 'Content-Encoding': encoding }).end(body);
      });
      const http = client(server.url);
      for (const path of ['/gzip', '/br', '/compress', '/zstd']) {
        await failure(http.send({ ...get, path }), 'E_PROTOCOL');
      }
    });

    it('makes the server wait when the sink does', async () => {
      let written = 0;
      const server = await serve((_, response) => {
        const more = (): void => {
          while (!response.destroyed && written < 50e6) {
            written += 65_536;
            if (!response.write(Buffer.alloc(65_536, 0x31))) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
      });
      const slow = gate();
      const first = gate();
      let chunks = 0;
      const http = client(server.url, {}, { maxResponseBytes: () => 1e9 });
      const answer = http.send({
        ...get,
        sink: () => ({
          write: () => {
            chunks++;
            first.open();
            return slow.opened;
          },
        }),
      });
      await first.opened;
      await new Promise((resolve) => setTimeout(resolve, 50));
      equal(chunks, 1);
      ok(written < 30e6, `${written} bytes went out`);
      slow.open();
      await answer;
      ok(written >= 50e6);
    });
  });

  describe('time', () => {
    it('ends a request that is not answered in time', async () => {
      const arrived = gate();
      const server = await serve(() => arrived.open());
      const clock = new FakeClock();
      const answer = client(server.url, { requestTimeoutSeconds: 20 }, { clock }).send(get);
      await arrived.opened;
      clock.advance(19_999);
      equal(clock.pending, 1);
      clock.advance(1);
      match((await failure(answer, 'E_TIMEOUT')).message, /within 20 s/);
      equal(clock.pending, 0);
    });

    it('ends a drip in time, however steady it is', async () => {
      const clock = new FakeClock();
      let drops = 0;
      const dripping = gate<ServerResponse>();
      const server = await serve((_, response) => {
        response.writeHead(200).write('11'); // One byte alone does not tell its charset.
        dripping.open(response);
      });
      const write = async (): Promise<void> => {
        drops++;
        clock.advance(4_000);
        (await dripping.opened).write('1');
      };
      const answer = client(server.url, {}, { clock }).send({ ...get, sink: () => ({ write }) });
      match((await failure(answer, 'E_TIMEOUT')).message, /within 30 s/);
      equal(drops, 8);
      equal(clock.pending, 0);
    });

    it('can be called off before, while waiting, while reading and between attempts', async () => {
      const clock = new FakeClock();
      let arrived = gate();
      const server = await serve((got, response) => {
        if (got.path === '/read') {
          response.writeHead(200).write('{}');
        } else if (got.path === '/busy') {
          json(response, {}, 503, { 'Retry-After': '5' });
        } else {
          arrived.open();
        }
      });
      const http = client(server.url, {}, { clock });
      await failure(http.send({ ...get, signal: AbortSignal.abort() }), 'E_CANCELLED');
      const turning = new AbortController();
      let turns = 0;
      const turn = async () => {
        turning.abort();
        return () => void turns++;
      };
      await failure(http.send({ ...get, signal: turning.signal, turn }), 'E_CANCELLED');
      deepEqual([server.got.length, turns], [0, 1]);

      for (const asItIs of [false, true]) {
        const waiting = new AbortController();
        const one = http.send({ ...get, signal: waiting.signal, asItIs });
        await arrived.opened;
        waiting.abort();
        await failure(one, 'E_CANCELLED');
        arrived = gate();
      }

      const reading = new AbortController();
      const sink = { write: () => reading.abort() };
      await failure(
        http.send({ ...get, path: '/read', signal: reading.signal, sink: () => sink }),
        'E_CANCELLED',
      );

      const between = new AbortController();
      const busy = http.send({ ...get, path: '/busy', signal: between.signal });
      while (clock.pending < 2) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      between.abort();
      await failure(busy, 'E_CANCELLED');
      equal(clock.pending, 0);
    });
  });

  describe('attempts', () => {
    /** Lets a fake clock pass whatever a client waits for between its attempts. */
    async function turn<T>(clock: FakeClock, promise: Promise<T>, ms: number): Promise<T> {
      let over = false;
      const done = promise.finally(() => {
        over = true;
      });
      done.catch(() => undefined);
      while (!over) {
        await new Promise((resolve) => setImmediate(resolve));
        if (clock.pending > 1) {
          clock.advance(ms);
        }
      }
      return done;
    }

    it('asks again what may be asked again, after a reset and after a 503', async () => {
      const clock = new FakeClock();
      const server = await serve((got, response, index) => {
        if (index === 0) {
          got.socket.destroy();
        } else {
          json(response, { index }, index === 1 ? 503 : 200);
        }
      });
      const answer = await turn(clock, client(server.url, {}, { clock }).send(get), 100);
      equal(answer.text, '{"index":2}');
      equal(clock.pending, 0);
    });

    it('gives up after three', async () => {
      const clock = new FakeClock();
      const server = await serve((got) => got.socket.destroy());
      await failure(turn(clock, client(server.url, {}, { clock }).send(get), 100), 'E_NETWORK');
      equal(server.got.length, 3);
    });

    it('waits as long as it is asked to, if that fits', async () => {
      const clock = new FakeClock();
      const begun = clock.now().up;
      const server = await serve((_, response, index) =>
        json(response, {}, index === 0 ? 429 : 200, index === 0 ? { 'Retry-After': '7' } : {}),
      );
      const http = client(server.url, {}, { clock });
      const answer = await turn(clock, http.send(get), 100);
      equal(answer.status, 200);
      ok(clock.now().up - begun >= 7_000);
      ok(answer.sent.up - begun >= 7_000);
    });

    it('takes a 429 without a time for a no', async () => {
      const server = await serve((_, response) => json(response, {}, 429));
      equal((await client(server.url).send(get)).status, 429);
      equal(server.got.length, 1);
    });

    it('hands on what does not fit', async () => {
      const wall = Date.UTC(2026, 4, 5, 6, 7, 8);
      const clock = new FakeClock(wall);
      const server = await serve((got, response) =>
        json(response, {}, 503, {
          Date: new Date(wall).toUTCString(),
          'Retry-After': got.path === '/date' ? new Date(wall + 90_000).toUTCString() : '60',
        }),
      );
      const http = client(server.url, {}, { clock });
      const answer = await http.send(get);
      deepEqual([answer.status, answer.retryAfterMs], [503, 60_000]);
      equal((await http.send({ ...get, path: '/date' })).retryAfterMs, 90_000);
      equal(server.got.length, 2);
    });

    it("reckons a date to wait for by the server's clock, which may be hours off", async () => {
      const clock = new FakeClock();
      for (const aheadMs of [3 * 3_600_000, -3 * 3_600_000]) {
        const { up: begun, wall } = clock.now();
        const theirs = (ms: number) => new Date(wall + aheadMs + ms).toUTCString();
        const server = await serve((_, response, index) =>
          index === 0
            ? json(response, {}, 429, { Date: theirs(0), 'Retry-After': theirs(7_000) })
            : json(response, {}),
        );
        const answer = await turn(clock, client(server.url, {}, { clock }).send(get), 100);
        equal(answer.status, 200);
        ok(clock.now().up - begun >= 7_000);
      }
    });

    it('never sends twice what opens something', async () => {
      const server = await serve((got, response) =>
        got.path === '/reset' ? got.socket.destroy() : json(response, {}, 503, { 'Retry-After': '0' }),
      );
      const http = client(server.url);
      equal((await http.send(post)).status, 503);
      const error = await failure(http.send({ ...post, path: '/reset' }), 'E_NETWORK');
      notEqual(error.details.sent, false);
      equal(server.got.length, 2);
    });

    it('does not ask again once rows have been handed on', async () => {
      const server = await serve((got, response) => {
        response.writeHead(200).write('{"a":');
        setImmediate(() => got.socket.destroy());
      });
      await failure(
        client(server.url).send({ ...get, sink: () => ({ write: () => undefined }) }),
        'E_NETWORK',
      );
      equal(server.got.length, 1);
    });

    it('knows what was provably not sent', async () => {
      const server = await serve((_, response) => json(response, {}));
      await closeServers();
      const error = await failure(client(server.url).send(post), 'E_NETWORK');
      deepEqual([error.details.sent, error.message.includes('refused')], [false, true]);
      const unknown = await failure(client('http://no-such-host.invalid').send(post), 'E_NETWORK');
      equal(unknown.details.sent, false);
      ok(unknown.message.includes('no-such-host.invalid'));
    });
  });

  describe('what breaks', () => {
    it('tells an answer that is cut off from a whole one', async () => {
      const server = await serve((got, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('{"a": 1}');
        setImmediate(() => got.socket.destroy());
      });
      await failure(client(server.url).send(post), 'E_NETWORK');
    });

    it('tells what is no HTTP', async () => {
      const url = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.0\r\n'));
      await failure(client(url).send(post), 'E_PROTOCOL');
    });

    it('tells a proxy that cannot be reached from a gateway', async () => {
      // As VS Code throws it, whose agent has tried the proxy of the settings.
      const thrown = new Error(
        'Failed to establish a socket connection to proxies: ["PROXY 192.0.2.1:8080"]',
      );
      const { code, message, details } = explain(thrown, 'gateway.example', {
        connection: connection('http://gateway.example'),
        redactor: deps().redactor,
      });
      deepEqual([code, details.sent], ['E_NETWORK', false]);
      match(message, /^The proxy on the way to gateway\.example cannot be reached; check /);
    });

    it('hands on what a sink throws', async () => {
      const server = await serve((_, response) => json(response, {}));
      const thrown = new TokensError('E_LIMIT', 'Mine.');
      const sink = (): never => {
        throw thrown;
      };
      const http = client(server.url);
      equal(await failure(http.send({ ...get, sink }), 'E_LIMIT'), thrown);
      equal(await failure(http.send({ ...get, sink: () => ({ write: sink }) }), 'E_LIMIT'), thrown);
      const later = (): Promise<void> => Promise.reject(thrown);
      equal(await failure(http.send({ ...get, sink: () => ({ write: later }) }), 'E_LIMIT'), thrown);
    });

    it('keeps no secret in errors and log', async () => {
      const secret = 'S3cr3t-Value-0123456789';
      const server = await serve((got) => got.socket.destroy());
      const parts = deps();
      parts.redactor.add(secret);
      const http = client(server.url, {}, parts);
      for (const request of [
        { ...get, query: [['SessionToken', secret]], authorization: `Bearer ${secret}` },
        { ...post, form: [['userToken', secret]] },
        { ...post, authorization: `Bearer ${secret}\n` },
        { ...post, authorization: `Bearer ${secret}\n`, asItIs: true },
      ] as HttpRequest[]) {
        const error = await http.send(request).catch((caught: unknown) => caught);
        const dump = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
        ok(error instanceof TokensError);
        ok(!dump.includes(secret) && !dump.includes(encodeURIComponent(secret)), dump);
      }
      ok(!parts.log.lines.join().includes(secret));
    });

    it('logs no query', async () => {
      const server = await serve((_, response) => json(response, {}));
      const parts = deps();
      await client(server.url, {}, parts).send({ ...get, query: [['q', 'hidden-thing']] });
      equal(parts.log.lines.length, 1);
      match(parts.log.lines[0] ?? '', /GET \/a 200/);
      ok(!parts.log.lines[0]?.includes('hidden-thing'));
    });
  });

  describe('TLS', () => {
    let folder: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tls-'));
    });

    after(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    async function certificate(
      name: string,
      days?: { from: Date; to: Date },
    ): Promise<{ key: string; cert: string; file: string }> {
      const made = await generate([{ name: 'commonName', value: name }], {
        keyType: 'ec',
        ...(days === undefined ? {} : { notBeforeDate: days.from, notAfterDate: days.to }),
        extensions: [
          { name: 'basicConstraints', cA: true },
          {
            name: 'subjectAltName',
            altNames: [name === '127.0.0.1' ? { type: 7, ip: name } : { type: 2, value: name }],
          },
        ],
      });
      const file = join(folder, `${name}-${days === undefined ? 'now' : days.to.getTime()}.pem`);
      await writeFile(file, made.cert);
      return { key: made.private, cert: made.cert, file };
    }

    async function secure(identity: { key: string; cert: string }): Promise<string> {
      const { url } = await serve(
        (_, response) => json(response, {}),
        (listener) => createTlsServer(identity, listener),
      );
      return url.replace('http:', 'https:');
    }

    it('refuses a certificate that nobody vouches for, and says what helps', async () => {
      const url = await secure(await certificate('127.0.0.1'));
      await failure(client(url).send({ ...post, asItIs: true }), 'E_TLS');
      const error = await failure(client(url).send(post), 'E_TLS');
      match(error.message, /self-signed.*caFile/);
      equal(error.details.sent, false);
    });

    it('trusts what the CA file vouches for, besides the usual', async () => {
      const identity = await certificate('127.0.0.1');
      const http = client(await secure(identity), { caFile: identity.file });
      equal((await http.send(get)).status, 200);
      equal((await http.send(post)).status, 200);
      equal((await http.send({ ...get, asItIs: true })).status, 200);
    });

    it('finds a CA file below the home folder and below a folder of the environment', async () => {
      const identity = await certificate('127.0.0.1');
      const url = await secure(identity);
      const { HOME, USERPROFILE } = process.env;
      Object.assign(process.env, { HOME: folder, USERPROFILE: folder, TEST_FOLDER: folder });
      try {
        for (const place of ['~', `\${userHome}`, `\${env:TEST_FOLDER}`]) {
          equal((await client(url, { caFile: `${place}/${basename(identity.file)}` }).send(get)).status, 200);
        }
      } finally {
        Object.assign(process.env, { HOME });
        USERPROFILE === undefined
          ? delete process.env.USERPROFILE
          : Object.assign(process.env, { USERPROFILE });
        delete process.env.TEST_FOLDER;
      }
      match((await failure(client(url, { caFile: '~/none.pem' }).send(post), 'E_CONFIG')).message, /~\/none/);
    });

    it('trusts anything when told to', async () => {
      const url = await secure(await certificate('somebody.example'));
      equal((await client(url, { rejectUnauthorized: false }).send(get)).status, 200);
    });

    it('refuses another name and another time', async () => {
      const other = await certificate('somebody.example');
      const named = await failure(client(await secure(other), { caFile: other.file }).send(post), 'E_TLS');
      match(named.message, /another name/);
      const day = 86_400_000;
      const times = { from: new Date(Date.now() - 20 * day), to: new Date(Date.now() - 10 * day) };
      const old = await certificate('127.0.0.1', times);
      match(
        (await failure(client(await secure(old), { caFile: old.file }).send(post), 'E_TLS')).message,
        /expired/,
      );
    });

    it('names a CA file that is none', async () => {
      const url = await secure(await certificate('127.0.0.1'));
      const file = join(folder, 'none.pem');
      match((await failure(client(url, { caFile: file }).send(post), 'E_CONFIG')).message, /none\.pem/);
      await writeFile(file, 'not a certificate');
      await failure(client(url, { caFile: file }).send(post), 'E_CONFIG');
      await writeFile(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      await failure(client(url, { caFile: file }).send(post), 'E_CONFIG');
    });

    it('tells https at a plain port and http at a secure one', async () => {
      const plain = await serve((_, response) => json(response, {}));
      await failure(client(plain.url.replace('http:', 'https:')).send(post), 'E_TLS');
      const url = await secure(await certificate('127.0.0.1'));
      const error = await client(url.replace('https:', 'http:'))
        .send(post)
        .catch((caught: unknown) => caught);
      ok(error instanceof TokensError && ['E_PROTOCOL', 'E_NETWORK'].includes(error.code));
    });
  });

  it('tells a page from data before anybody is fed', async () => {
    const server = await serve((_, response) => tomcat(response, 404, 'Not Found', 'No view'));
    let first: number | undefined;
    const answer = await client(server.url).send({
      ...get,
      sink: (head, byte) => {
        first = byte;
        return head.status === 200 ? { write: () => undefined } : undefined;
      },
    });
    equal(first, 0x3c);
    ok(answer.text.includes('No view'));
  });

  it('reads pages in the charset they name', async () => {
    const server = await serve((_, response) =>
      response
        .writeHead(500, { 'Content-Type': 'text/html;charset=ISO-8859-1' })
        .end(Buffer.from('<h1>Schl\xfcssel', 'latin1')),
    );
    equal((await client(server.url).send(get)).text, '<h1>Schlüssel');
  });

  it('closes idle sockets in the end', async () => {
    const server = await serve((_, response) => json(response, {}));
    const http = client(server.url);
    await http.send(get);
    const closed = once(server.got[0]?.socket ?? server.server, 'close');
    http.dispose();
    await closed;
  });
});
