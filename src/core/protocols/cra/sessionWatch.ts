import type { HttpHead } from '../../http/request.ts';
import { isRecord, parseJson } from '../../http/text.ts';
import type { Grant } from '../protocol.ts';

/** The members and headers that may hold a session's id (docs/protocols.md 2), in lower case. */
export const sessionNames = ['session', 'sessionid', 'sessiontoken', 'session_id'];

/** Longer ones are no ids. */
const maxIdLength = 4_096;

/** Watches an answer for the session in which it ran, and tells of a new one at once, also where the call has failed. */
export class SessionWatch {
  readonly #opens: boolean;
  readonly #tell: (session: Grant) => void | Promise<void>;
  readonly #told: Set<string>;
  readonly #pending: Promise<void>[] = [];
  #head: HttpHead | undefined;
  #inHeader: string | undefined;
  #inBody: string | undefined;

  /** @param known The session that the call was made in, which is not told. */
  constructor(known: string | undefined, tell: (session: Grant) => void | Promise<void>) {
    this.#opens = known === undefined;
    this.#told = new Set(known === undefined ? [] : [known]);
    this.#tell = tell;
  }

  /** An id in the body counts more than one in a header. */
  get id(): string | undefined {
    return this.#inBody ?? this.#inHeader;
  }

  onHead(head: HttpHead): void {
    this.#head = head;
    const found = sessionNames.map((name) => head.headers[name]).find(isId);
    if (found !== undefined && (head.status < 300 || this.#opens)) {
      this.#inHeader = found;
      this.#found(found);
    }
  }

  onScalar(name: string, value: string): void {
    if (this.#inBody === undefined && sessionNames.includes(name.toLowerCase()) && isId(value)) {
      this.#inBody = value;
      this.#found(value);
    }
  }

  /** Looks in an answer that no reader gets. */
  onFailure(text: string): void {
    const parsed = parseJson(text);
    for (const [name, value] of Object.entries(
      this.#opens && parsed.ok && isRecord(parsed.value) ? parsed.value : {},
    )) {
      this.onScalar(name, String(value));
    }
  }

  /** Resolves when the callback is done with the session. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #found(value: string): void {
    if (this.#head === undefined || this.#told.has(value)) {
      return;
    }
    this.#told.add(value);
    const { sent } = this.#head;
    const telling = (async () => this.#tell({ value, sent }))();
    // `settled` rejects with its failure; here it is not awaited.
    telling.catch(() => undefined);
    this.#pending.push(telling);
  }
}

/** Some clients and servers write an absent session as `null` or the like. */
const absent = /^\s*(?:null|undefined|false)?\s*$/i;

function isId(value: unknown): value is string {
  return (
    typeof value === 'string' && !absent.test(value) && value.length <= maxIdLength && !/\p{C}/u.test(value)
  );
}
