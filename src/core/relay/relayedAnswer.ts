import type { ServerResponse } from 'node:http';
import type { ErrorCode, TokensError } from '../errors.ts';
import type { HttpAnswer, HttpHead } from '../http/request.ts';
import { isRecord, parseJson } from '../http/text.ts';
import type { JsonObject } from '../json.ts';
import { free } from '../memory.ts';
import type { Answer, AnswerReader } from '../protocols/answer.ts';
import { joined } from '../protocols/masking.ts';
import type { Script } from '../protocols/relayed.ts';
import { answerHeaders } from './guards.ts';
import { SecretMask } from './secretMask.ts';

/** What is held back of an answer until it is known that no token was refused, in bytes: refusals are short. */
const heldBytes = 65_536;
/** Longer answers that begin so have rows, and are not searched for a refusal. */
const refusalBytes = 8_192;
const rowsBegin = '[{';

const statuses: Partial<Record<ErrorCode, number>> = {
  E_CONFIG: 403,
  E_CREDENTIALS: 503,
  E_EXPIRED: 503,
  E_LIMIT: 503,
  E_STORAGE: 503,
  E_CANCELLED: 504,
  E_TIMEOUT: 504,
};

/**
 * Passes a gateway's answer on to a script. Its beginning is held back: if it refuses the token, the request is sent again
 * with a new one, and the script gets that answer.
 */
export class RelayedAnswer implements Script, AnswerReader {
  readonly #response: ServerResponse;
  readonly #locate: (location: string) => string;
  readonly #mask = new SecretMask();
  #head: HttpHead | undefined;
  #held: Uint8Array[] = [];
  #size = 0;
  #isWhole = false;
  #error: unknown;

  /** @param locate maps an answer's `Location` to the relay's address */
  constructor(response: ServerResponse, locate: (location: string) => string) {
    this.#response = response;
    this.#locate = locate;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#response.headersSent) {
      return this.#send(chunk);
    }
    this.#held.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= heldBytes) {
      return undefined;
    }
    this.#response.writeHead(this.#status(), this.#headers());
    return this.#send(joined(this.#held.splice(0)));
  }

  /** Reads the members beside rows in an answer that may tell an error. */
  async end(): Promise<Answer> {
    this.#isWhole = true;
    const held = this.#whole();
    const isRead = held.length === this.#size && (this.#size <= refusalBytes || !held.includes(rowsBegin));
    const parsed = isRead ? parseJson(held.toString()) : undefined;
    const head = parsed?.ok && isRecord(parsed.value) ? (parsed.value as JsonObject) : {};
    const hasRows = !isRead || Object.values(head).some((value) => Array.isArray(value) && value.length > 0);
    return {
      ...{ head, fields: [], rowCount: hasRows ? 1 : 0, bytes: this.#size },
      rows: async () => [],
      dispose: () => undefined,
    };
  }

  abort(): void {
    // Nothing is left to free.
  }

  onSecrets(secrets: readonly string[]): void {
    this.#mask.add(secrets);
  }

  onHead(head: HttpHead): void {
    this.#head = head;
    this.#held = [];
    this.#size = 0;
    this.#isWhole = false;
  }

  onFailure({ raw }: HttpAnswer): void {
    this.#held = raw === undefined ? [] : [raw];
    this.#isWhole = true;
  }

  onError(error: unknown): void {
    this.#error = error;
  }

  /** To be called when the whole answer was read. */
  finish(): void {
    const response = this.#response;
    if (response.headersSent) {
      response.writableEnded || response.end(this.#mask.end());
      return;
    }
    const [body, rest] = [this.#mask.take(this.#whole()), this.#mask.end()];
    const length = body.length + rest.length;
    const [status, { headers = {} } = {}] = [this.#status(), this.#head];
    const isBare = length === 0 && (response.req.method === 'HEAD' || status === 204 || status === 304);
    // Only the gateway knows the length of a body that it has not sent; of a packed one it tells another.
    const told = headers['content-encoding'] === undefined ? headers['content-length'] : undefined;
    const size = isBare ? told : length;
    response.writeHead(status, {
      ...this.#headers(),
      ...(size === undefined ? {} : { 'Content-Length': size }),
    });
    response.end(rest.length === 0 ? body : joined([body, rest]));
  }

  /**
   * To be called when no further answer will follow. The script gets the gateway's own answer if there is one, else a
   * sentence.
   * @param sentence the error for the script
   */
  fail(error: TokensError, sentence: string): void {
    if (this.#response.writableEnded) {
      return; // The relay has ended meanwhile.
    }
    if (this.#response.headersSent) {
      // So that half an answer is not taken for a whole one: in HTTP/1.0 an answer ends as its connection does.
      this.#response.socket?.resetAndDestroy() ?? this.#response.destroy();
    } else if (error === this.#error && this.#isWhole) {
      this.finish();
    } else {
      sendError(this.#response, statuses[error.code] ?? 502, sentence, error.code);
    }
  }

  /** What is held of the body; of a small one, its only chunk. */
  #whole(): Buffer {
    const [one, another] = this.#held;
    const { buffer, byteOffset, length } =
      one !== undefined && another === undefined ? one : joined(this.#held);
    return Buffer.from(buffer, byteOffset, length);
  }

  #status(): number {
    const { status } = this.#head ?? { status: 0 };
    return status < 200 ? 502 : status;
  }

  #headers(): Record<string, string> {
    const { location, ...others } = this.#head?.headers ?? {};
    const headers = answerHeaders(others, (text) => this.#mask.isIn(text));
    if (location === undefined) {
      return headers;
    }
    // Whoever follows it gets the token put in again.
    const [hidden, rest] = [this.#mask.take(Buffer.from(this.#locate(location))), this.#mask.end()];
    return { ...headers, location: `${hidden}${rest}` };
  }

  #send(chunk: Uint8Array): void | Promise<void> {
    const response = this.#response;
    // Else another chunk has a part of the same memory.
    const isOwn = chunk.length === chunk.buffer.byteLength;
    const ready = this.#mask.take(chunk);
    if (ready.length === 0 || response.destroyed || response.writableEnded) {
      return undefined;
    }
    // Waits until the script has read it, or has gone.
    return new Promise((resolve) => {
      const written = () => {
        if (isOwn) {
          free(new Uint8Array(ready.buffer));
        }
        resolve();
      };
      if (response.write(ready, written)) {
        resolve();
      }
    });
  }
}

/** Answers a script in one sentence. */
export function sendError(response: ServerResponse, status: number, error: string, code?: string): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  const body = Buffer.from(`${JSON.stringify({ error, code })}\n`);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
