import type { TokensError } from '../errors.ts';
import type { Answer, AnswerReader, AnswerShape } from '../results/answer.ts';
import type { DataCall, Grant } from './gateway.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from './http.ts';
import type { HttpHead } from './httpBody.ts';

/** What a dialect has to say about a data call. */
export interface DataRules {
  readonly shape: AnswerShape;
  /** Whether a body is the answer, given its first byte; if not, it is read as text and explained by `failure`. */
  accepts(head: HttpHead, first: number | undefined): boolean;
  /** Hears of the headers, and of the scalars at the top level of the body. */
  onHead?(head: HttpHead): void;
  onScalar?(name: string, value: string): void;
  /**
   * For a call that opens a session: whether its id is still to come. Then a cancel or a time-out does not end
   * the reading, because the session would be lost.
   */
  awaitsSession?(): boolean;
  /** The error for a body that was not accepted. */
  failure(answer: HttpAnswer): TokensError;
}

/**
 * Sends a data call and lets the caller's reader have the body while it arrives.
 * @throws what the client, the reader and `rules.failure` throw
 */
export async function readData(
  http: HttpClient,
  request: HttpRequest,
  call: Pick<DataCall, 'makeReader' | 'signal'>,
  rules: DataRules,
): Promise<{ http: HttpAnswer; answer: Answer }> {
  let reader: AnswerReader | undefined;
  let left = false;
  const { awaitsSession } = rules;
  try {
    const answered = await http.send({
      ...request,
      signal: call.signal,
      onHead: (head) => rules.onHead?.(head),
      sink: (head, first) => {
        if (!rules.accepts(head, first)) {
          return undefined;
        }
        reader = call.makeReader(rules.shape, (name, value) => rules.onScalar?.(name, value));
        return reader;
      },
      ...(awaitsSession === undefined
        ? {}
        : {
            linger: {
              wanted: awaitsSession,
              left: () => {
                left = true;
              },
              done: () => reader?.abort(),
            },
          }),
    });
    if (reader === undefined) {
      throw rules.failure(answered);
    }
    if (answered.status === 204 || answered.status === 205) {
      // These never have a body, and say that all went well: there are no rows.
      await reader.write(Buffer.from('{}'));
      return { http: answered, answer: { ...(await reader.end()), bytes: 0 } };
    }
    return { http: answered, answer: await reader.end() };
  } catch (error) {
    if (!left) {
      reader?.abort();
    }
    throw error;
  }
}

/** The members and headers that may hold a session's id (PROTOCOLS.md 2, A), in lower case. */
const sessionNames = ['session', 'sessionid', 'sessiontoken', 'session_id'];

/** Longer ones are no ids. */
const longestId = 4_096;

/** Watches an answer for the session in which it ran, and tells of a new one at once. */
export class SessionWatch {
  readonly #tell: (session: Grant) => void | Promise<void>;
  readonly #told: Set<string>;
  readonly #pending: Promise<void>[] = [];
  #head: HttpHead | undefined;
  #inHeader: string | undefined;
  #inBody: string | undefined;

  /** @param known The session that the call was made in, which is no news. */
  constructor(known: string | undefined, tell: (session: Grant) => void | Promise<void>) {
    this.#told = new Set(known === undefined ? [] : [known]);
    this.#tell = tell;
  }

  /** The body's word counts more than a header's. */
  get id(): string | undefined {
    return this.#inBody ?? this.#inHeader;
  }

  onHead(head: HttpHead): void {
    this.#head = head;
    const found = sessionNames.map((name) => head.headers[name]).find(isId);
    if (found !== undefined && head.status < 300) {
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

  /** Whoever was told has taken it in. */
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
    // In the background nobody waits for it; who does gets its failure from `settled`.
    telling.catch(() => undefined);
    this.#pending.push(telling);
  }
}

/** Some clients and servers write an absent session as `null`. */
function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value !== 'null' &&
    value.length <= longestId &&
    !/\p{C}/u.test(value)
  );
}
