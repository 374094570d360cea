import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Hostile answers. Each goes on until the connection is closed. */
export const hostileBodies = [
  'declared',
  'rows',
  'differentRows',
  'columns',
  'string',
  'scalars',
  'nesting',
  'bomb',
  'bombOfSpaces',
  'bombOfRows',
  'drip',
  'silence',
] as const;
export type HostileBody = (typeof hostileBodies)[number];

const tenGigabytes = 10 * 2 ** 30;

/** Serves `/<name of a body>/…` with that body, in the protocol of SARUS or in that of CRA. */
export async function serveHostile(): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    if (request.url?.startsWith('/small/')) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(`{"Result":[${rows().toString().repeat(10).slice(0, -1)}]}`);
      return;
    }
    const kind = hostileBodies.find((name) => request.url?.startsWith(`/${name}/`));
    answer(kind ?? 'rows', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(kind: HostileBody, response: ServerResponse): void {
  const json = { 'Content-Type': 'application/json' };
  const begin = '{"Result":[';
  switch (kind) {
    case 'declared':
      response.writeHead(200, { ...json, 'Content-Length': String(tenGigabytes) });
      pour(response, begin, () => rows());
      break;
    case 'rows':
      response.writeHead(200, json);
      pour(response, begin, () => rows());
      break;
    case 'differentRows': {
      response.writeHead(200, json);
      const parts = Array.from({ length: 32 }, () => differentRows());
      let count = 0;
      pour(response, begin, () => parts[count++ % parts.length] as Buffer);
      break;
    }
    case 'columns': {
      response.writeHead(200, json);
      let count = 0;
      pour(response, begin, () => {
        let text = '';
        for (let row = 0; row < 500; row++) {
          text += `{"field-${count++}":"x"},`;
        }
        return Buffer.from(text);
      });
      break;
    }
    case 'string':
      response.writeHead(200, json);
      pour(response, `${begin}{"field":"`, () => Buffer.alloc(65_536, 0x61));
      break;
    case 'scalars': {
      response.writeHead(200, json);
      let count = 0;
      pour(response, '{', () => {
        let text = '';
        for (let member = 0; member < 500; member++) {
          text += `"member-${count++}":"${'x'.repeat(80)}",`;
        }
        return Buffer.from(text);
      });
      break;
    }
    case 'nesting':
      response.writeHead(200, json);
      pour(response, begin, () => Buffer.alloc(65_536, 0x5b));
      break;
    case 'bomb': {
      response.writeHead(200, { ...json, 'Content-Encoding': 'gzip' });
      const part = gzipSync(Buffer.alloc(64 << 20, 0x20), { level: 9 });
      pour(response, '', () => part);
      break;
    }
    case 'bombOfSpaces': {
      response.writeHead(200, { ...json, 'Content-Encoding': 'gzip' });
      response.write(gzipSync(begin));
      const part = gzipSync(Buffer.alloc(64 << 20, 0x20), { level: 9 });
      pour(response, '', () => part);
      break;
    }
    case 'bombOfRows': {
      response.writeHead(200, { ...json, 'Content-Encoding': 'gzip' });
      response.write(gzipSync(begin));
      const part = gzipSync(Buffer.concat(Array.from({ length: 512 }, () => rows())), { level: 9 });
      pour(response, '', () => part);
      break;
    }
    case 'drip': {
      response.writeHead(200, json);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      break;
    }
    case 'silence':
      break;
  }
}

function rows(): Buffer {
  return Buffer.from(
    '{"NAME":"JOB00001","CPU":"12.345678","STATE":"RUNNING","TEXT":"some words"},'.repeat(800),
  );
}

/** Rows of which no two are alike. */
function differentRows(): Buffer {
  let text = '';
  for (let row = 0; row < 800; row++) {
    text += `{"NAME":"${randomUUID()}","CPU":"${Math.random()}"},`;
  }
  return Buffer.from(text);
}

/** Writes what a source gives, as fast as it is taken. */
function pour(response: ServerResponse, begin: string, next: () => Buffer): void {
  if (begin !== '') {
    response.write(begin);
  }
  const more = (): void => {
    while (!response.destroyed) {
      if (!response.write(next())) {
        response.once('drain', more);
        return;
      }
    }
  };
  more();
}
