import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from '../../src/sandbox/answer.ts';

const compress = promisify(gzip);

/** Bodies smaller than this gain nothing from compression; larger than that cost too much here. In bytes. */
const compressible = { from: 1024, below: 1 << 20 };

/** An answer whose body may be chunks made while they are sent, for those too large to hold. */
export type SentAnswer = Omit<Answer, 'body'> & { readonly body: string | Iterable<Buffer> };

/** Writes an answer. Small bodies are compressed for clients that accept it; streamed ones never are. */
export async function send(
  response: ServerResponse,
  answer: SentAnswer,
  acceptEncoding: string | undefined,
): Promise<void> {
  if (typeof answer.body !== 'string') {
    response.writeHead(answer.status, answer.headers);
    await pipeline(Readable.from(answer.body), response);
    return;
  }
  const plain = Buffer.from(answer.body);
  const zip =
    plain.length >= compressible.from &&
    plain.length < compressible.below &&
    /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(acceptEncoding ?? '');
  const body = zip ? await compress(plain) : plain;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(zip ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    'Content-Length': body.length,
  });
  response.end(body);
}
