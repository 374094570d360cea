import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { generate } from 'selfsigned';
import { SystemClock } from '../../../../src/core/clock.ts';
import { HttpClient } from '../../../../src/core/http/client.ts';
import type { HttpRequest } from '../../../../src/core/http/request.ts';
import { readerMaker } from '../../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';
import { root } from '../../../workbench/paths.ts';
import { FakeClock } from '../../fakeClock.ts';
import { closeServers, connection, type Deps, deps, failure, gate, serve } from '../protocols/rig.ts';

const get: HttpRequest = { method: 'GET', path: '/a', idempotent: true };

describe('protocols: bodies', () => {
  const clients: HttpClient[] = [];

  function client(url: string, more: Record<string, unknown> = {}, parts: Partial<Deps> = {}): HttpClient {
    const made = new HttpClient({ ...deps(parts), connection: connection(url, more) });
    clients.push(made);
    return made;
  }

  /** What a sink gets of a body, as text. */
  async function rows(http: HttpClient, path = '/a'): Promise<string> {
    const parts: Uint8Array[] = [];
    await http.send({ ...get, path, sink: () => ({ write: (chunk) => void parts.push(chunk) }) });
    return Buffer.concat(parts).toString();
  }

  afterEach(async () => {
    for (const one of clients.splice(0)) {
      one.dispose();
    }
    await closeServers();
  });

  describe('time', () => {
    it('a body may be as late as the time-out of its connection lets it', async () => {
      const identity = await generate([{ name: 'commonName', value: '127.0.0.1' }], { keyType: 'ec' });
      for (const secure of [false, true]) {
        for (const when of [20_000, 119_999]) {
          const clock = new FakeClock();
          const headed = gate<ServerResponse>();
          const read = gate();
          const server = await serve(
            (_, response) => {
              response.writeHead(200).flushHeaders();
              headed.open(response);
            },
            ...(secure
              ? [
                  (listener: Parameters<typeof createTlsServer>[1]) =>
                    createTlsServer({ key: identity.private, cert: identity.cert }, listener),
                ]
              : []),
          );
          const url = secure ? server.url.replace('http:', 'https:') : server.url;
          const http = client(url, { requestTimeoutSeconds: 120, rejectUnauthorized: false }, { clock });
          const answer = http.send({ ...get, onHead: () => read.open() });
          const response = await headed.opened;
          await read.opened;
          await delay(20);
          for (let passed = 0; passed < when; passed += 1_000) {
            clock.advance(Math.min(1_000, when - passed));
          }
          response.end('{"late":1}');
          equal((await answer).text, '{"late":1}');
          equal(clock.pending, 0);
        }
      }
    });

    it('an answer that stops halfway ends with the time-out, and its socket with it', async () => {
      const clock = new FakeClock();
      const begun = gate();
      const closed = gate();
      const server = await serve((got, response) => {
        got.socket.on('close', () => closed.open());
        response.writeHead(200).write('{"a":');
      });
      const answer = client(server.url, { requestTimeoutSeconds: 120 }, { clock }).send({
        ...get,
        sink: () => ({ write: () => begun.open() }),
      });
      await begun.opened;
      clock.advance(119_999);
      equal(clock.pending, 1);
      clock.advance(1);
      match((await failure(answer, 'E_TIMEOUT')).message, /within 120 s/);
      equal(clock.pending, 0);
      await closed.opened;
    });

    it('what a slow sink is given ends with the time-out, too', async () => {
      const clock = new FakeClock();
      const begun = gate();
      const server = await serve((_, response) => void response.writeHead(200).end('{"a":1}'));
      const answer = client(server.url, { requestTimeoutSeconds: 5 }, { clock }).send({
        ...get,
        sink: () => ({
          write: () => {
            begun.open();
            return new Promise<void>(() => undefined);
          },
        }),
      });
      await begun.opened;
      clock.advance(5_000);
      await failure(answer, 'E_TIMEOUT');
    });
  });

  describe('encodings', () => {
    const body = JSON.stringify({ text: 'x'.repeat(70_000) });

    /** Answers as the path says: `/<status>` with that `Content-Encoding`, and a body or none. */
    async function encoded(encoding: string, bytes: Buffer | string, status = 200): Promise<HttpClient> {
      const server = await serve((_, response) =>
        response.writeHead(status, { 'Content-Encoding': encoding }).end(bytes),
      );
      return client(server.url);
    }

    it('nothing is nothing, whatever it is said to be packed in', async () => {
      for (const encoding of ['gzip', 'x-gzip', 'deflate', 'br', 'gzip, br', 'zstd', 'UTF-8']) {
        for (const status of [200, 204, 304, 401, 500]) {
          const answer = await (await encoded(encoding, '', status)).send(get);
          deepEqual([answer.status, answer.text], [status, ''], encoding);
        }
        const server = await serve((_, response) => {
          response.writeHead(200, { 'Content-Encoding': encoding, 'Transfer-Encoding': 'chunked' });
          response.flushHeaders();
          setTimeout(() => response.end(), 10);
        });
        equal((await client(server.url).send(get)).text, '');
        let asked: unknown = 'never';
        const sink = (_: unknown, first: number | undefined): undefined => {
          asked = first;
        };
        await client(server.url).send({ ...get, sink });
        equal(asked, undefined);
      }
    });

    it('deflate is read with its zlib header and without', async () => {
      for (const pack of [deflateSync, deflateRawSync]) {
        for (const level of [0, 1, 9]) {
          equal((await (await encoded('deflate', pack(body, { level }))).send(get)).text, body);
          equal(await rows(await encoded('Deflate', pack(body, { level }))), body);
          equal((await (await encoded('deflate', pack('{}', { level }))).send(get)).text, '{}');
        }
      }
    });

    it('what is no packing is read as it is', async () => {
      for (const encoding of [
        'UTF-8',
        'utf8',
        'none',
        'identity',
        'Identity',
        '',
        ' ',
        ',',
        'binary',
        '8bit',
        'ISO-8859-1',
        'chunked',
        'identity, none',
        'null',
        'text',
      ]) {
        equal((await (await encoded(encoding, body)).send(get)).text, body, encoding);
      }
    });

    it('packings are found in any case, in lists, and beside words that are none', async () => {
      for (const [encoding, bytes] of [
        ['GZIP', gzipSync(body)],
        ['X-GZip', gzipSync(body)],
        ['BR', brotliCompressSync(body)],
        ['gzip, identity', gzipSync(body)],
        ['identity,gzip', gzipSync(body)],
        ['utf-8, gzip', gzipSync(body)],
        ['gzip, deflate', deflateSync(gzipSync(body))],
        ['gzip,br', brotliCompressSync(gzipSync(body))],
        ['gzip, gzip', gzipSync(gzipSync(body))],
        ['gzip', body],
        ['deflate', gzipSync(body)],
      ] as const) {
        equal((await (await encoded(encoding, bytes)).send(get)).text, body, encoding);
        equal(await rows(await encoded(encoding, bytes)), body, encoding);
      }
    });

    it('a packing that nobody asked for, a broken one and too many of them are refused', async () => {
      for (const [encoding, bytes] of [
        ['compress', body],
        ['zstd', body],
        ['gzip', gzipSync(body).subarray(0, 60)],
        ['br', brotliCompressSync(body).subarray(0, 20)],
        ['br', 'abc'],
        ['deflate', deflateSync(body).subarray(0, 60)],
        [Array(200).fill('gzip').join(), gzipSync(body)],
      ] as const) {
        await failure((await encoded(encoding, bytes)).send(get), 'E_PROTOCOL');
      }
    });

    it('keeps the bound of the inflated size within lists', async () => {
      const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 1_048_576)));
      const http = await encoded('gzip, gzip', bomb);
      await failure(http.send({ ...get, sink: () => ({ write: () => undefined }) }), 'E_TOO_LARGE');
    });

    it('uses a socket again after each of them', async () => {
      const server = await serve((got, response) => {
        const encoding = got.path.slice(1);
        const bytes = { gzip: gzipSync(body), br: brotliCompressSync(body), deflate: deflateRawSync(body) };
        response.writeHead(200, { 'Content-Encoding': encoding });
        response.end(bytes[encoding as keyof typeof bytes] ?? body);
      });
      const http = client(server.url);
      for (const path of ['/gzip', '/br', '/deflate', '/none']) {
        equal(await rows(http, path), body);
        await delay(5);
      }
      equal(new Set(server.got.map(({ socket }) => socket)).size, 1);
    });
  });

  describe('charsets', () => {
    const text = '{"NAME":"Müller","PRICE":"5 €"}';
    const latin = Buffer.from(text.replace('€', 'E'), 'latin1');

    async function sent(
      type: string,
      bytes: Buffer,
      status = 200,
    ): Promise<{ http: HttpClient; log: string[] }> {
      const server = await serve((_, response) => {
        response.writeHead(status, { 'Content-Type': type });
        response.end(bytes);
      });
      const parts = deps();
      return {
        http: client(server.url, {}, { ...parts, maxResponseBytes: () => 2 ** 28 }),
        log: parts.log.lines,
      };
    }

    async function reads(type: string, bytes: Buffer, right: string): Promise<void> {
      equal((await rows((await sent(type, bytes)).http)).replace(/^\uFEFF/, ''), right, `rows: ${type}`);
      equal((await (await sent(type, bytes)).http.send(get)).text, right, `text: ${type}`);
      equal((await (await sent(type, bytes, 500)).http.send(get)).text, right, `error: ${type}`);
    }

    it('any label that is known is read, in rows and in errors alike', async () => {
      const west = text.replace('€', 'E');
      for (const type of [
        'application/json;charset=ISO-8859-1',
        'application/json; Charset="iso-8859-1"',
        "text/plain; charset='latin1'",
        'application/json ; CHARSET = Windows-1252 ; v=1',
        'application/json charset=l1',
      ]) {
        await reads(type, latin, west);
      }
      const turkish = Buffer.from('{"A":"\xddstanbul"}', 'latin1');
      await reads('application/json;charset=ISO-8859-9', turkish, '{"A":"İstanbul"}');
      await reads('application/json;charset=iso-8859-15', Buffer.from('{"A":"\xa4"}', 'latin1'), '{"A":"€"}');
      await reads(
        'application/json;charset=windows-1252',
        Buffer.from('{"A":"\x80"}', 'latin1'),
        '{"A":"€"}',
      );
      await reads(
        'application/json;charset=Shift_JIS',
        Buffer.from('{"A":"\x93\xfa\x96\x7b"}', 'latin1'),
        '{"A":"日本"}',
      );
    });

    it('UTF-16 is read by its label, by its mark and by its zeros', async () => {
      const little = Buffer.from(text, 'utf16le');
      const big = Buffer.from(little).swap16();
      const mark = Buffer.from([0xff, 0xfe]);
      const gibMark = Buffer.from([0xfe, 0xff]);
      for (const type of [
        'application/json',
        'application/json;charset=utf-16',
        'application/json;charset=UTF-8',
      ]) {
        await reads(type, Buffer.concat([mark, little]), text);
        await reads(type, Buffer.concat([gibMark, big]), text);
        await reads(type, little, text);
        await reads(type, big, text);
      }
      await reads('application/json;charset=utf-16be', big, text);
      await reads('application/json;charset=utf-16le', little, text);
    });

    it('UTF-8 stays what it is, with its mark or without, and counts more than a label', async () => {
      const mark = Buffer.from([0xef, 0xbb, 0xbf]);
      for (const type of [
        'application/json',
        'application/json;charset=',
        'application/json;charset=UTF8',
        'application/json; x-charset=latin1',
        '',
      ]) {
        await reads(type, Buffer.from(text), text);
        await reads(type, Buffer.concat([mark, Buffer.from(text)]), text);
      }
      await reads('application/json;charset=ISO-8859-1', Buffer.concat([mark, Buffer.from(text)]), text);
    });

    it('what names no charset is in UTF-8, or in Windows-1252 if its first letter is none there', async () => {
      const west = text.replace('€', 'E');
      for (const type of ['application/json', 'application/json;charset=', '']) {
        await reads(type, latin, west);
        await reads(type, Buffer.from('{"A":"\x80\xfc"}', 'latin1'), '{"A":"€ü"}');
        await reads(type, Buffer.from('"\xfc', 'latin1'), '"ü');
        await reads(type, Buffer.from('{"A":"\uFFFDé"}'), '{"A":"\uFFFDé"}');
      }
      // A letter that was cut does not make the others foreign, and who names UTF-8 means it.
      const cut = Buffer.concat([Buffer.from('{"A":"é'), Buffer.from([0xc3]), Buffer.from('"}')]);
      await reads('application/json', cut, '{"A":"é\uFFFD"}');
      await reads('application/json;charset=utf-8', latin, west.replace('ü', '\uFFFD'));
    });

    it('and that is told however its bytes arrive', async () => {
      const long = (letter: string) => `{"A":"${'x'.repeat(100_000)}${letter}","B":"€5 日本 ü"}`;
      for (const [bytes, right] of [
        [Buffer.from(long('ü')), long('ü')],
        [Buffer.from(long('😀')), long('😀')],
        [latin, latin.toString('latin1')],
      ] as const) {
        for (const from of [bytes.length - 60, bytes.length - 26]) {
          const server = await serve(async (_, response) => {
            response.writeHead(200, { 'Content-Type': 'application/json' });
            response.write(bytes.subarray(0, Math.max(from, 0)));
            for (let at = Math.max(from, 0); at < bytes.length; at++) {
              response.write(bytes.subarray(at, at + 1));
              await delay(1);
            }
            response.end();
          });
          equal(await rows(client(server.url)), right);
        }
      }
    });

    it('an unknown label is read as UTF-8, and only the log says so', async () => {
      for (const label of ['klingon', 'x-user-defined-9', '"IBM-9999"']) {
        const { http, log } = await sent(`application/json;charset=${label}`, Buffer.from(text));
        equal((await http.send(get)).text, text);
        ok(
          log.some((line) => line.includes(label.replaceAll('"', ''))),
          log.join(),
        );
      }
    });

    it('letters that are cut in two between packets stay whole', async () => {
      const bytes = Buffer.from(text, 'utf16le').swap16();
      const server = await serve(async (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json;charset=utf-16be' });
        for (let at = 0; at < bytes.length; at += 3) {
          response.write(bytes.subarray(at, at + 3));
          await delay(1);
        }
        response.end();
      });
      equal(await rows(client(server.url)), text);
    });

    it('a charset is told by two bytes, however they arrive', async () => {
      const mark = Buffer.from('\uFEFF');
      for (const [type, bytes] of [
        ['application/json', Buffer.from(text, 'utf16le')],
        ['application/json', Buffer.from(`\uFEFF${text}`, 'utf16le')],
        ['application/json', Buffer.from(text, 'utf16le').swap16()],
        ['application/json;charset=ISO-8859-1', Buffer.concat([mark, Buffer.from(text)])],
      ] as const) {
        const server = await serve(async (_, response) => {
          response.writeHead(200, { 'Content-Type': type });
          response.write(bytes.subarray(0, 1));
          await delay(10);
          response.end(bytes.subarray(1));
        });
        equal((await rows(client(server.url))).replace(/^\uFEFF/, ''), text);
      }
      equal(await rows((await sent('application/json', Buffer.from('7'))).http), '7');
    });

    it('tables are made of such bodies, small and large, to the last cell', async () => {
      const worker = new WorkerClient(join(root, 'src/core/results/worker.ts'), new SystemClock());
      try {
        for (const count of [3, 100_000]) {
          const cells = Array.from({ length: count }, (_, index) => `{"NAME":"M\xfcller","NO":"${index}"}`);
          const bytes = Buffer.from(`{"Result":[${cells.join()}]}`, 'latin1');
          const { http } = await sent('application/json;charset=ISO-8859-1', bytes);
          const reader = readerMaker(worker, { maxBytes: 2 ** 28 })(
            { member: 'Result', mayWrap: true },
            () => undefined,
          );
          await http.send({ ...get, sink: () => reader });
          const answer = await reader.end();
          equal(answer.rowCount, count);
          const last = (await answer.rows()).at(-1);
          deepEqual(last, { NAME: 'Müller', NO: `${count - 1}` });
          answer.dispose();
        }
      } finally {
        worker.dispose();
      }
    });
  });
});
