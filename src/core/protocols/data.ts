import type { TokensError } from '../errors.ts';
import type { HttpClient, HttpDeps } from '../http/client.ts';
import { type HttpAnswer, type HttpHead, type HttpRequest, isSuccess } from '../http/request.ts';
import type { Answer, AnswerReader, RowPath } from './answer.ts';
import type { DataCall } from './protocol.ts';

/** What a protocol has to say about a data call. */
interface DataRules {
  readonly rowsAt: RowPath;
  /** Gets the status and the headers, before the body. */
  onHead?(head: HttpHead): void;
  onScalar?(name: string, value: string): void;
  /**
   * For a call that opens a session: whether its id is still to come. Then a cancel or a time-out does not end
   * the reading, because the session would be lost.
   */
  readonly awaitsSession?: (() => boolean) | undefined;
  /** Whether an empty body means that there are no rows, whatever the status of success. */
  readonly mayBeEmpty?: boolean;
  /** The error for an answer that is no success, or an HTML page. */
  failure(answer: HttpAnswer): TokensError;
}

/** For a sign-in: ends the token of an answer that came after its caller had cancelled. */
export function revokingLate(
  { connection, log }: Pick<HttpDeps, 'connection' | 'log'>,
  revoke: (late: HttpAnswer) => Promise<void>,
): NonNullable<HttpRequest['background']> {
  return {
    isWanted: () => true,
    onEnd: (late) =>
      void (late && revoke(late))?.catch((error: unknown) =>
        log.debug(`${connection.name}: nothing to give back after a cancelled sign-in: ${error}`),
      ),
  };
}

/** The first byte of an HTML page. */
const openAngle = 0x3c;

/**
 * Sends a data call and lets the caller's reader have the body while it arrives.
 * @throws what the client, the reader and `rules.failure` throw
 */
export async function readData(
  http: HttpClient,
  request: HttpRequest,
  call: Pick<DataCall, 'makeReader' | 'signal' | 'relayed'>,
  rules: DataRules,
): Promise<{ http: HttpAnswer; answer: Answer }> {
  let reader: AnswerReader | undefined;
  let isInBackground = false;
  let isEmpty = false;
  const { awaitsSession } = rules;
  const { relayed } = call;
  try {
    const answered = await http.send({
      ...request,
      headers: { ...relayed?.request.headers, ...request.headers },
      asItIs: relayed !== undefined,
      isAnswer: relayed ? () => true : request.isAnswer,
      signal: call.signal,
      onSecrets: (secrets) => relayed?.script.onSecrets(secrets),
      onHead: (head) => {
        rules.onHead?.(head);
        relayed?.script.onHead(head);
      },
      sink: (head, first) => {
        if (!isSuccess(head.status) || (first === openAngle && relayed === undefined)) {
          return undefined; // No data, or an HTML page: read as text for `failure`.
        }
        isEmpty = [204, 205].includes(head.status) || (first === undefined && rules.mayBeEmpty === true);
        reader = call.makeReader(rules.rowsAt, (name, value) => rules.onScalar?.(name, value));
        return reader;
      },
      background: awaitsSession && {
        isWanted: awaitsSession,
        onBegin: () => {
          isInBackground = true;
        },
        onEnd: () => reader?.abort(),
      },
    });
    if (reader === undefined) {
      relayed?.script.onFailure(answered);
      throw rules.failure(answered);
    }
    if (relayed === undefined && isEmpty) {
      await reader.write(Buffer.from('{}'));
      return { http: answered, answer: { ...(await reader.end()), bytes: 0 } };
    }
    return { http: answered, answer: await reader.end() };
  } catch (error) {
    if (!isInBackground) {
      await reader?.abort();
    }
    throw error;
  }
}
