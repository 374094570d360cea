import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import zlib from 'node:zlib';
import type { Clock, Instant } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
import { brokenOff, tooLarge } from './httpErrors.ts';

/** The beginning of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Just before the request was sent; of several attempts, the one that was answered. */
  readonly sent: Instant;
}

/** Gets a body while it arrives; a chunk is its own from then on. A returned promise asks to wait; a `TokensError` thrown ends the request. */
export interface Sink {
  write(chunk: Uint8Array): void | Promise<void>;
}

/** Who reads a body, and within which bounds. */
export interface BodyReading {
  /** How the gateway is called in sentences. */
  readonly host: string;
  readonly clock: Clock;
  /** Of the inflated body, in bytes. */
  readonly maxBytes: number;
  /** Between two chunks, in milliseconds. */
  readonly maxIdleMs: number;
  /** Who gets the body, given its first byte that is no space; nobody: it becomes text. */
  readonly sink?: ((head: HttpHead, first: number | undefined) => Sink | undefined) | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Why the signal was given. */
  failure(): TokensError | undefined;
  /** The server has stopped halfway; whoever hears it gives the signal. */
  stopped(why: TokensError): void;
  /** A sink begins to take the body. */
  feeding(): void;
  /** A chunk has been taken. */
  taken(): void;
}

export interface Body {
  /** Where no sink took it. */
  readonly text: string;
  readonly streamed: boolean;
  /** Of the inflated body, as far as it was read. */
  readonly bytes: number;
}

/** What is read of an error, and what an answer that is not data may have. In bytes. */
const errorBytes = 65_536;
const controlBytes = 4_194_304;

/** Of what is inflated, in bytes: large enough to have memory of its own, which whoever gets it can free. */
const chunkSize = 65_536;

/**
 * Reads a body to its end, or as far as it is wanted: inflates it, counts it while it arrives, and lets the
 * server wait when the sink does.
 * @throws E_TOO_LARGE, E_PROTOCOL (a broken or unknown encoding), E_NETWORK (broken off), errors of the stream, and what
 *   the sink throws
 */
export function readBody(message: IncomingMessage, head: HttpHead, reading: BodyReading): Promise<Body> {
  const { host, clock, signal } = reading;
  const good = head.status >= 200 && head.status < 300;
  // What says itself that it is too large is read only as far as a session that it opened may be told in it.
  const declared = Number(head.headers['content-length'] ?? 0);
  const maxBytes = declared > reading.maxBytes ? Math.min(errorBytes, reading.maxBytes) : reading.maxBytes;
  const parts: Uint8Array[] = [];
  let sink: Sink | undefined;
  let decided = reading.sink === undefined;
  let bytes = 0;

  const decide = (first: number | undefined): void => {
    if (!decided) {
      decided = true;
      sink = reading.sink?.(head, first);
      if (sink !== undefined) {
        reading.feeding();
      }
    }
  };

  /** Takes a chunk; true: no more is wanted. */
  const take = (chunk: Uint8Array): void | Promise<void> | true => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw tooLarge(host, reading.maxBytes);
    }
    if (!decided) {
      const first = firstByte(chunk);
      if (first === undefined) {
        if (bytes > controlBytes) {
          throw tooLarge(host, controlBytes);
        }
        return; // Spaces before a body are no part of it.
      }
      decide(first);
    }
    if (sink !== undefined) {
      return sink.write(chunk);
    }
    parts.push(chunk);
    if (good && reading.sink === undefined) {
      if (bytes > controlBytes) {
        throw tooLarge(host, controlBytes);
      }
      return;
    }
    return bytes >= errorBytes ? true : undefined;
  };

  return new Promise((resolve, reject) => {
    let source: Readable = message;
    let idle: Disposable | undefined;
    let moved = true;
    let ended = false;
    let waiting = false; // For the sink: then it is not the server who takes the time.
    let over = false;
    const close = (): void => {
      over = true;
      idle?.dispose();
      signal.removeEventListener('abort', onSignal);
    };
    const fail = (error: unknown): void => {
      if (!over) {
        close();
        source.destroy();
        message.destroy();
        reject(error);
      }
    };
    const finish = (): void => {
      ended = true;
      // The end of a small body comes before the sink has said what it makes of its only chunk.
      if (over || waiting) {
        return;
      }
      try {
        decide(undefined);
      } catch (error) {
        fail(error);
        return;
      }
      close();
      const text = parts.length === 0 ? '' : decode(Buffer.concat(parts), head.headers['content-type']);
      resolve({ text, streamed: sink !== undefined, bytes });
    };
    const onSignal = (): void => fail(reading.failure() ?? cancelled());
    const watch = (): void => {
      if (!moved && !waiting) {
        reading.stopped(
          new TokensError('E_TIMEOUT', 'The answer of {0} stopped halfway.', [host], { status: head.status }),
        );
        return;
      }
      moved = false;
      idle = clock.setTimeout(watch, reading.maxIdleMs);
    };
    if (signal.aborted) {
      onSignal();
      return;
    }
    signal.addEventListener('abort', onSignal);
    message.on('error', fail);
    message.on('close', () => {
      if (!message.complete) {
        fail(brokenOff(host));
      }
    });
    try {
      source = inflated(message, host, fail);
    } catch (error) {
      fail(error);
      return;
    }
    source.on('data', (chunk: Buffer) => {
      if (over) {
        return;
      }
      moved = true;
      try {
        const more = take(chunk);
        if (more === true) {
          finish();
          source.destroy();
          message.destroy();
        } else if (more !== undefined) {
          source.pause();
          waiting = true;
          more.then(() => {
            moved = true;
            waiting = false;
            ended ? finish() : source.resume();
          }, fail);
        }
      } catch (error) {
        fail(error);
        return;
      }
      reading.taken();
    });
    source.on('end', finish);
    watch();
  });
}

/** The body without its `Content-Encoding`. */
function inflated(message: IncomingMessage, host: string, fail: (error: unknown) => void): Readable {
  const encoding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') {
    return message;
  }
  const inflater = inflaterOf(encoding);
  if (inflater === undefined) {
    throw new TokensError('E_PROTOCOL', '{0} answered in the encoding “{1}”, which nobody asked for.', [
      host,
      encoding.replace(/[^\w.,-]/g, '').slice(0, 40),
    ]);
  }
  inflater.on('error', () => {
    fail(new TokensError('E_PROTOCOL', 'The compressed answer of {0} is broken.', [host]));
  });
  return message.pipe(inflater);
}

function inflaterOf(encoding: string): zlib.Unzip | zlib.BrotliDecompress | undefined {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return zlib.createUnzip({ chunkSize });
    case 'br':
      return zlib.createBrotliDecompress({ chunkSize });
    default:
      return undefined;
  }
}

/** The first byte that is neither white space nor part of a byte-order mark. */
function firstByte(chunk: Uint8Array): number | undefined {
  for (const byte of chunk) {
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) {
      return byte;
    }
  }
  return undefined;
}

/** Pages for people may have another charset; JSON is UTF-8, and its byte-order mark goes here. */
function decode(bytes: Uint8Array, contentType = ''): string {
  const latin = /charset\s*=\s*["']?(?:iso-8859-1|windows-1252|latin1)/i.test(contentType);
  return new TextDecoder(latin && !/json/i.test(contentType) ? 'windows-1252' : 'utf-8').decode(bytes);
}
