import { isAscii, isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import zlib from 'node:zlib';
import { unlessCancelled } from '../async.ts';
import { TokensError } from '../errors.ts';
import { brokenOff, tooLarge } from './errors.ts';
import type { Flight } from './flight.ts';
import { type HttpAnswer, type HttpHead, isSuccess, type Sink } from './request.ts';

/** A body to be read, with its bounds. */
interface Reading {
  readonly message: IncomingMessage;
  readonly head: HttpHead;
  readonly flight: Flight;
  /** The gateway's name in messages. */
  readonly host: string;
  /** Of the inflated body, in bytes. */
  readonly maxBytes: number;
  /** Writes to the log. */
  note(message: string): void;
}

/** The body, unless a sink took it; `bytes` counts the inflated body in UTF-8, as far as it was read. */
type Body = Required<Pick<HttpAnswer, 'text' | 'raw'>> & { readonly bytes: number };

/** How much is read of an error, and of an answer of success that is not data, in bytes. */
const errorBytes = 65_536;
const answerBytes = 4_194_304;

/** Size of inflated chunks, in bytes: large enough for memory of their own, which can be freed. */
const chunkSize = 65_536;

/** Each content coding takes memory; servers use one. */
const maxEncodings = 3;

/**
 * Reads a body to its end, or as far as it is needed: inflates it, converts it to UTF-8, bounds it while it arrives, and
 * passes the sink's back pressure on.
 * @throws E_TOO_LARGE, E_PROTOCOL (a broken or unknown encoding), E_NETWORK (broken off), errors of the stream, and what
 * the sink throws
 */
export async function readBody(reading: Reading): Promise<Body> {
  const { message, flight, host } = reading;
  message.on('error', () => undefined); // The reader gets it, too.
  let whole = false;
  try {
    const body = await unlessCancelled(bodyOf(reading), flight.kill.signal);
    whole = message.complete;
    return body;
  } catch (error) {
    throw bodyError(error, host);
  } finally {
    if (!whole) {
      message.destroy(); // The rest is not needed, and the socket cannot be used again.
    }
  }
}

/** Gives a body to the sink, which is chosen by the first byte, or makes text of it. */
async function bodyOf(reading: Reading): Promise<Body> {
  const { flight, head, host, maxBytes } = reading;
  const { request, kill } = flight;
  // A body that announces itself as too large is refused; but its beginning may tell of a session that was opened.
  const declared = Number(head.headers['content-length'] ?? 0);
  const bound = declared > maxBytes ? Math.min(errorBytes, maxBytes) : maxBytes;
  const isNoData = isSuccess(head.status) && request.sink === undefined;
  const parts: Uint8Array[] = [];
  let sink: Sink | undefined;
  let isDecided = request.sink === undefined;
  let bytes = 0;
  const decide = (first?: number): void => {
    isDecided = true;
    sink = request.sink?.(head, first);
    flight.isHandedOn ||= sink !== undefined;
  };
  for await (const chunk of await utf8Of(reading)) {
    kill.signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > bound) {
      throw tooLarge(host, maxBytes);
    }
    const first = isDecided ? undefined : request.asItIs ? chunk[0] : firstByte(chunk);
    if (first !== undefined) {
      decide(first);
    }
    const writing = sink?.write(chunk);
    flight.taken();
    await writing;
    if (sink === undefined && (isNoData || !isDecided) && bytes > answerBytes) {
      throw tooLarge(host, answerBytes);
    }
    if (sink === undefined && isDecided) {
      parts.push(chunk); // White space before a body is no part of it.
      if (!isNoData && bytes >= (request.asItIs ? answerBytes : errorBytes)) {
        break;
      }
    }
  }
  if (!isDecided) {
    decide();
  }
  const raw = Buffer.concat(parts);
  return { text: new TextDecoder().decode(raw), raw, bytes };
}

/** The chunks of a body, inflated and, unless it stays as it is, in UTF-8. */
async function utf8Of({ message, head, flight, host, note }: Reading): Promise<AsyncIterable<Uint8Array>> {
  const { 'content-encoding': packing, 'content-type': type } = head.headers;
  let source: Readable = message;
  const isPacked = packing !== undefined && (await beginning(message)).length > 0;
  for (const encoding of isPacked ? encodingsOf(packing, host) : []) {
    source = await inflated(source, encoding);
  }
  const chunks = chunksOf(source);
  const decoder = flight.request.asItIs ? undefined : decoderOf(await beginning(source, 2), type, note);
  if (decoder === 'unnamed') {
    return guessed(chunks, note);
  }
  return decoder === undefined ? chunks : inUtf8(chunks, decoder);
}

async function* inUtf8(chunks: AsyncIterable<Uint8Array>, decoder: InstanceType<typeof TextDecoder>) {
  const encoder = new TextEncoder(); // Not Buffer: it puts short texts into a shared pool.
  for await (const chunk of chunks) {
    yield encoder.encode(decoder.decode(chunk, { stream: true }));
  }
  yield encoder.encode(decoder.decode()); // An incomplete character may be left.
}

/**
 * The chunks of a body that names no charset: it is in UTF-8, unless its first letter beyond ASCII is none there. Then it is
 * read as Windows-1252.
 */
async function* guessed(chunks: AsyncIterable<Uint8Array>, note: Reading['note']) {
  let decode: ((bytes: Uint8Array) => Uint8Array) | undefined;
  let held: Uint8Array = new Uint8Array();
  const guess = (isUtf: boolean): void => {
    const western = new TextDecoder('windows-1252');
    decode = isUtf ? (bytes) => bytes : (bytes) => new TextEncoder().encode(western.decode(bytes));
    if (!isUtf) {
      note('The answer names no charset and is not in UTF-8: it is read as Windows-1252.');
    }
  };
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = new Uint8Array();
    if (decode === undefined && !isAscii(bytes)) {
      const at = bytes.findIndex((byte) => byte > 0x7f);
      const first = bytes[at] ?? 0;
      const letter = bytes.subarray(at, at + (first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4));
      if (at + 4 > bytes.length && !isUtf8(letter)) {
        held = bytes; // The letter may go on.
        continue;
      }
      guess(isUtf8(letter));
    }
    yield decode?.(bytes) ?? bytes;
  }
  if (held.length > 0) {
    guess(false);
    yield decode?.(held) ?? held;
  }
}

/**
 * Each chunk as it came: iterating over a stream would join what has arrived, and `events.on` makes two queues of 16 KB,
 * which makes garbage.
 */
async function* chunksOf(source: Readable): AsyncGenerator<Uint8Array> {
  const arrived: Uint8Array[] = [];
  let news = Promise.withResolvers<void>();
  source.on('data', (chunk: Uint8Array) => {
    if (arrived.push(chunk) > 1) {
      source.pause();
    }
    news.resolve();
  });
  for (const event of ['end', 'error', 'close']) {
    source.on(event, () => news.resolve());
  }
  for (;;) {
    for (let chunk = arrived.shift(); chunk !== undefined; chunk = arrived.shift()) {
      yield chunk;
    }
    if (source.errored) {
      throw source.errored;
    }
    if (source.closed || source.readableEnded) {
      return;
    }
    source.resume();
    await news.promise;
    news = Promise.withResolvers();
  }
}

/** Content codings that exist and cannot be decoded here; servers also write other words, which mean none. */
const foreign =
  /^(?:(?:x-)?compress|zstd|exi|aes128gcm|dc[bz]|pack200-gzip|(?:x-)?bzip2?|(?:x-)?xz|lzma|lz4|snappy)$/;

/** The codings of a `Content-Encoding`, the outermost first. */
function encodingsOf(header: string, host: string): string[] {
  const words = header
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const unknown = words.find((word) => foreign.test(word));
  const encodings = words.filter((word) => /^(?:(?:x-)?gzip|deflate|br)$/.test(word)).reverse();
  if (unknown !== undefined || encodings.length > maxEncodings) {
    throw new TokensError('E_PROTOCOL', '{0} answered in the encoding “{1}”, which nobody asked for.', [
      host,
      unknown ?? header.replace(/[^\w.,-]/g, '').slice(0, 40),
    ]);
  }
  return encodings;
}

/** Decodes one coding of a stream. A body that is plain in spite of its header stays as it is. */
async function inflated(source: Readable, encoding: string): Promise<Readable> {
  const [first = 0] = await beginning(source);
  const inflate = (inflater: zlib.Unzip | zlib.BrotliDecompress | zlib.InflateRaw): Readable =>
    pipeline(source, inflater, () => undefined);
  if (encoding === 'br') {
    return inflate(zlib.createBrotliDecompress({ chunkSize }));
  }
  // Headers of gzip and of zlib. Some servers send `deflate` without; anything else is plain.
  if (first === 0x1f || (first & 0x0f) === 0x08) {
    return inflate(zlib.createUnzip({ chunkSize }));
  }
  return encoding === 'deflate' ? inflate(zlib.createInflateRaw({ chunkSize })) : source;
}

/** The first bytes of a stream, which stay in it: so many or more; fewer where it has ended or failed. */
function beginning(source: Readable, enough = 1): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'error', 'close'];
    const look = (): void => {
      const first: Uint8Array | null = source.readableLength < enough ? source.read(enough) : source.read();
      if (first === null && !source.readableEnded && !source.destroyed) {
        return; // More data or the end follows.
      }
      for (const event of events) {
        source.off(event, look);
      }
      if (first !== null) {
        source.unshift(first);
      }
      resolve(first ?? new Uint8Array());
    };
    for (const event of events) {
      source.on(event, look);
    }
    look();
  });
}

/**
 * How a body that is not in UTF-8 is to be read: by its byte-order mark, by the zeros that UTF-16 has in Latin letters,
 * or by the charset of its `Content-Type`, which may be unnamed.
 */
function decoderOf(
  [first, second]: Uint8Array,
  contentType = '',
  note: (message: string) => void,
): InstanceType<typeof TextDecoder> | 'unnamed' | undefined {
  if (first === 0xef && second === 0xbb) {
    return undefined;
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) {
    return new TextDecoder('utf-16be');
  }
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) {
    return new TextDecoder('utf-16le');
  }
  const label = /(?:^|[\s;,])charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType)?.[1];
  if (label === undefined) {
    return 'unnamed';
  }
  try {
    const decoder = new TextDecoder(label);
    return decoder.encoding === 'utf-8' ? undefined : decoder;
  } catch {
    note(`The charset ${label.slice(0, 40)} is not known; the answer is read as UTF-8.`);
    return undefined;
  }
}

/** Turns errors of zlib, and the end of a connection within a body, into a `TokensError`. */
function bodyError(error: unknown, host: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^(?:Z_|ERR__)/.test(code)) {
    return new TokensError('E_PROTOCOL', 'The compressed answer of {0} is broken.', [host]);
  }
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' ? brokenOff(host) : error;
}

/** The first byte that is neither white space nor part of a byte-order mark. */
function firstByte(chunk: Uint8Array): number | undefined {
  return chunk.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
}
