import * as v from 'valibot';
import { type ErrorCode, type FailureDetails, TokensError } from '../errors.ts';
import { readData } from './data.ts';
import { type Pairs, segment } from './encode.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  Grant,
  Life,
  Login,
  SarusQuery,
  Tokens,
} from './gateway.ts';
import { type HttpAnswer, HttpClient, type HttpDeps, type HttpRequest } from './http.ts';
import { isRecord, looksLikeHtml, member, parseJson, wordsOf, wordsOfError } from './text.ts';

/** A number, or one written as text. */
const numeric = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(/^[-+]?\d+(?:\.\d+)?$/), v.transform(Number))]),
  v.finite(),
);

const tokenText = v.pipe(v.string(), v.nonEmpty(), v.maxLength(8_192), v.regex(/^[\x20-\x7e]+$/));
const remaining = v.optional(v.nullable(numeric));

const opened = v.object({ SessionToken: tokenText, Remaining: remaining });
const queried = v.object({ Remaining: numeric });
const renewed = v.object({ SessionToken: v.optional(tokenText), Remaining: remaining });
const revoked = v.optional(v.nullable(v.object({ Status: v.optional(numeric) })));

/** `Errors` of the envelope (PROTOCOLS.md 1). */
const errors = v.object({ Status: v.optional(numeric), Detail: v.optional(v.unknown()) });

/** The endpoints that handle tokens; their answers hold some, so they are no data. */
const tokenEndpoints = new Set([
  'getsessiontoken',
  'querysessiontoken',
  'renewsessiontoken',
  'revokesessiontoken',
]);

/** What an error in the body means: the same at every endpoint but for the log-on. */
type Purpose = 'signIn' | 'token';

/** SARUS session tokens (PROTOCOLS.md 1): one token, which is the session; everything is a GET, all in the query. */
export class Sarus implements Gateway {
  readonly grants = 'session';
  readonly #http: HttpClient;
  readonly #deps: HttpDeps;

  constructor(deps: HttpDeps) {
    this.#deps = deps;
    this.#http = new HttpClient(deps);
  }

  async signIn(login: Login, _service?: string, options: CallOptions = {}): Promise<Grant> {
    const answer = await this.#http.send({
      method: 'GET',
      path: '/GetSessionToken',
      query: [...this.#credentials(login), ['Minutes', String(this.#deps.connection.lifeMinutes)]],
      signal: options.signal,
      // The token that comes when nobody wants it any more is given back.
      linger: {
        wanted: () => true,
        left: () => undefined,
        done: (late) => void this.#giveBack(late),
      },
    });
    const result = this.#result(answer, opened, 'signIn');
    const grant = this.#grant(result.SessionToken, answer, result.Remaining);
    if (grant.reportedMs !== undefined) {
      return grant;
    }
    try {
      // Free of charge. Whatever it meets, cancelling included, the token is there and must not get lost.
      return { value: grant.value, ...(await this.query({ user: grant.value }, options)) };
    } catch {
      return grant;
    }
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const { endpoint, params } = sarusQuery(call.query);
    const { http, answer } = await readData(
      this.#http,
      { ...this.#request(`/${endpoint}`, call.tokens, params), signal: call.signal },
      call,
      {
        shape: 'sarus',
        accepts: (head, first) => head.status >= 200 && head.status < 300 && first !== 0x3c,
        failure: (answered) => this.#failureOf(answered, 'token'),
      },
    );
    const error = member(answer.head, 'Errors');
    if (isRecord(error)) {
      answer.dispose();
      throw this.#failure(error, http, 'token');
    }
    return { sent: http.sent, answer, totalRows: answer.rowCount };
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const answer = await this.#http.send({
      ...this.#request('/RenewSessionToken', tokens),
      signal: options.signal,
    });
    const result = this.#result(answer, renewed, 'token');
    return this.#grant(result.SessionToken ?? tokens.user, answer, result.Remaining);
  }

  async query(tokens: Tokens, options: CallOptions = {}): Promise<Life> {
    const answer = await this.#http.send({
      ...this.#request('/QuerySessionToken', tokens),
      signal: options.signal,
    });
    const { Remaining } = this.#result(answer, queried, 'token');
    return { sent: answer.sent, reportedMs: Math.max(Remaining, 0) };
  }

  async close(tokens: Tokens, options: CallOptions = {}): Promise<void> {
    const answer = await this.#http.send({
      ...this.#request('/RevokeSessionToken', tokens),
      signal: options.signal,
    });
    try {
      const result = this.#result(answer, revoked, 'token');
      if (result?.Status !== undefined && result.Status >= 400) {
        throw this.#failure({ ...result }, answer, 'token');
      }
    } catch (error) {
      // Unknown or expired: there is nothing left to revoke.
      if (!TokensError.is(error) || error.code !== 'E_EXPIRED') {
        throw error;
      }
    }
  }

  dispose(): void {
    this.#http.dispose();
  }

  #credentials(login: Login): Pairs {
    const { redactor } = this.#deps;
    if ('apiKey' in login) {
      redactor.add(login.apiKey);
      return [['APIKey', login.apiKey]];
    }
    if ('email' in login) {
      redactor.addName(login.email);
      redactor.add(login.password);
      return [
        ['email', login.email],
        ['Password', login.password],
      ];
    }
    throw new TokensError('E_CONFIG', '{0} takes an API key, or an e-mail address with a password.', [
      this.#deps.connection.name,
    ]);
  }

  /** The token comes last, so that no parameter of the caller's can stand after it. */
  #request(path: string, tokens: Tokens, params: Pairs = []): HttpRequest {
    this.#deps.redactor.add(tokens.user);
    return { method: 'GET', path, query: [...params, ['SessionToken', tokens.user]], idempotent: true };
  }

  #grant(value: string, answer: HttpAnswer, reported: number | null | undefined): Grant {
    this.#deps.redactor.add(value);
    return {
      value,
      sent: answer.sent,
      ...(reported === undefined || reported === null ? {} : { reportedMs: Math.max(reported, 0) }),
    };
  }

  /** Revokes the token of an answer that came after its caller had left. */
  async #giveBack(late: HttpAnswer | undefined): Promise<void> {
    if (late === undefined) {
      return;
    }
    try {
      const { SessionToken } = this.#result(late, opened, 'signIn');
      await this.close({ user: SessionToken });
    } catch (error) {
      this.#deps.log.debug(
        `${this.#deps.connection.name}: nothing to give back after a cancelled sign-in: ${error}`,
      );
    }
  }

  /** `Result` of an envelope; the body decides over the status of HTTP. */
  #result<const S extends v.GenericSchema>(
    answer: HttpAnswer,
    schema: S,
    purpose: Purpose,
  ): v.InferOutput<S> {
    const parsed = parseJson(answer.text);
    if (!parsed.ok || !isRecord(parsed.value) || isRecord(member(parsed.value, 'Errors'))) {
      throw this.#failureOf(answer, purpose);
    }
    const result = v.safeParse(schema, member(parsed.value, 'Result'));
    if (result.success && (answer.status < 400 || Object.hasOwn(parsed.value, 'Result'))) {
      return result.output;
    }
    if (answer.status >= 400) {
      throw this.#failureOf(answer, purpose);
    }
    throw new TokensError(
      'E_PROTOCOL',
      'The answer of {0} lacks what the protocol promises.',
      [this.#http.host],
      {
        status: answer.status,
        detail:
          result.issues?.map((issue) => `${v.getDotPath(issue) ?? 'Result'}: ${issue.type}`).join(', ') ?? '',
      },
    );
  }

  /** The error of an answer that is none. */
  #failureOf(answer: HttpAnswer, purpose: Purpose): TokensError {
    const parsed = parseJson(answer.text);
    const found = parsed.ok ? member(parsed.value, 'Errors') : undefined;
    if (isRecord(found) || answer.status >= 300) {
      return this.#failure(isRecord(found) ? found : {}, answer, purpose);
    }
    const { host } = this.#http;
    if (looksLikeHtml(answer.text)) {
      return new TokensError(
        'E_PROTOCOL',
        '{0} answered with a web page instead of data; check the address of the connection.',
        [host],
        { status: answer.status },
      );
    }
    return new TokensError(
      'E_PROTOCOL',
      'The answer of {0} is not the JSON that the protocol promises.',
      [host],
      {
        status: answer.status,
        ...(parsed.ok ? {} : { detail: parsed.reason }),
      },
    );
  }

  #failure(found: Record<string, unknown>, answer: HttpAnswer, purpose: Purpose): TokensError {
    const { redactor } = this.#deps;
    const envelope = v.safeParse(errors, found);
    const status = (envelope.success ? envelope.output.Status : undefined) ?? answer.status;
    const words =
      envelope.success && envelope.output.Detail !== undefined
        ? wordsOfError(envelope.output.Detail, redactor)
        : wordsOf(answer.text, redactor);
    const { host } = this.#http;
    const details: FailureDetails = {
      status,
      detail: words,
      ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
      ...(codeOf(status, purpose) === 'E_CREDENTIALS' ? { refused: 'login' } : {}),
    };
    const code = codeOf(status, purpose);
    if (code === 'E_CREDENTIALS') {
      return words === ''
        ? new TokensError(
            'E_CREDENTIALS',
            '{0} refused the sign-in: wrong API key, e-mail address or password.',
            [host],
            details,
          )
        : new TokensError('E_CREDENTIALS', '{0} refused the sign-in: {1}', [host, words], details);
    }
    if (code === 'E_EXPIRED') {
      return words === ''
        ? new TokensError('E_EXPIRED', 'The session token is no longer valid at {0}.', [host], details)
        : new TokensError(
            'E_EXPIRED',
            'The session token is no longer valid at {0}: {1}',
            [host, words],
            details,
          );
    }
    return words === ''
      ? new TokensError('E_HTTP', '{0} answered with status {1}.', [host, status], details)
      : new TokensError('E_HTTP', '{0} answered with status {1}: {2}', [host, status, words], details);
  }
}

function codeOf(status: number, purpose: Purpose): ErrorCode {
  if (purpose === 'signIn') {
    return status === 401 || status === 403 ? 'E_CREDENTIALS' : 'E_HTTP';
  }
  return status === 401 || status === 410 ? 'E_EXPIRED' : 'E_HTTP';
}

/** @throws E_CONFIG for an endpoint that is none, and for parameters that would steer the token. */
function sarusQuery(query: DataCall['query']): { endpoint: string; params: Pairs } {
  if (!('endpoint' in query)) {
    throw new TokensError('E_CONFIG', 'SARUS takes the name of an endpoint, not a product and a view.');
  }
  const { endpoint, params = {} }: SarusQuery = query;
  if (!/^[^/\\?#%\p{C}]+$/u.test(endpoint) || tokenEndpoints.has(endpoint.toLowerCase())) {
    throw new TokensError('E_CONFIG', '“{0}” is not the name of a data endpoint.', [endpoint]);
  }
  const pairs = Object.entries(params);
  if (pairs.some(([name]) => name.toLowerCase() === 'sessiontoken')) {
    throw new TokensError(
      'E_CONFIG',
      'The parameter SessionToken is filled in by itself and cannot be given.',
    );
  }
  return { endpoint: segment(endpoint), params: pairs };
}
