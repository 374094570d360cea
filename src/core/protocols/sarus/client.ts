import * as v from 'valibot';
import { pause } from '../../async.ts';
import { Part } from '../../disposable.ts';
import { TokensError } from '../../errors.ts';
import { HttpClient, type HttpDeps } from '../../http/client.ts';
import { encodePairs, type Pairs } from '../../http/encode.ts';
import type { HttpAnswer, HttpRequest } from '../../http/request.ts';
import { isRecord, member, parseJson, wordsOf, wordsOfError } from '../../http/text.ts';
import { readData, revokingLate } from '../data.ts';
import {
  detailsOf,
  lacking,
  namedToken,
  notJson,
  refused,
  saysLoginIsWrong,
  saysTokenIsGone,
  signInRefused,
  tokenExpired,
  tokenText,
} from '../failures.ts';
import { MaskingReader } from '../masking.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  GatewayDeps,
  Grant,
  Life,
  Login,
  Tokens,
} from '../protocol.ts';
import { isForm, type ScriptRequest, sentOf, withField, withText } from '../relayed.ts';
import { findEndpoint, mayChange, tokenEndpoints } from './endpoints.ts';
import {
  countIn,
  errorIn,
  errorOf,
  forPeople,
  isBare,
  numeric,
  refusalIn,
  refusalsIn,
  statusIn,
} from './envelope.ts';
import { dataRequest, rowsAt, type SarusQuery, secretMembers, seriesNames } from './request.ts';

/** A life left, in milliseconds. A longer one than any token of this gateway can have is something else. */
const life = v.pipe(numeric, v.maxValue(366 * 86_400_000));

/** The life that a `Result` tells under any of its names; undefined where it has none of a form that is certain. */
function lifeIn(result: unknown): number | undefined {
  const names = ['Remaining', 'TimeLeftMs', 'SessionTokenExpires'];
  const told = names.map((name) => member(result, name)).find((one) => v.is(life, one));
  return told === undefined ? undefined : Number(told);
}

// Only the members that are needed are checked: a token must not get lost because of another one.
const opened = v.looseObject({ SessionToken: tokenText });
const queried = v.pipe(v.unknown(), v.transform(lifeIn), v.number());
const renewed = v.nullish(v.looseObject({ SessionToken: v.nullish(tokenText) }));
const revoked = v.nullish(v.object({ Status: v.optional(numeric) }));

/** What an error in the body means: the same at every endpoint but for the log-on. */
type Purpose = 'signIn' | 'token';

/** Each token endpoint takes so many requests a second (docs/protocols.md 1.1). */
const requestsPerSecond = 3;

/** How long to wait after a 429 without `Retry-After`, in milliseconds. */
const usualRetryMs = 1_000;

type Deps = HttpDeps & Pick<GatewayDeps, 'turn'>;

/** SARUS (docs/protocols.md 1): one token, which is the session. */
export class SarusClient extends Part<Deps> implements Gateway<SarusQuery> {
  readonly #http = this.add(new HttpClient(this.deps));
  /** Endpoints that want the other name for lists of series. */
  readonly #otherSeries = new Set<string>();

  async signIn(login: Login, _service?: string, options: CallOptions = {}): Promise<Grant> {
    const answer = await this.#token({
      method: 'GET',
      path: '/GetSessionToken',
      query: [...this.#credentials(login), ['Minutes', String(Math.ceil(this.deps.connection.lifeMinutes))]],
      signal: options.signal,
      background: revokingLate(this.deps, async (late) =>
        this.close({ user: this.#result(late, opened, 'signIn').SessionToken }),
      ),
    });
    const result = this.#result(answer, opened, 'signIn');
    const grant = this.#grant(result.SessionToken, answer, lifeIn(result));
    if (grant.reportedMs !== undefined && grant.reportedMs > 0) {
      return grant;
    }
    try {
      // Costs no quota. Whatever its error, cancelling included, the token exists and must not get lost.
      return { value: grant.value, ...(await this.remainingLife({ user: grant.value }, options)) };
    } catch {
      return grant;
    }
  }

  async getData(call: DataCall<SarusQuery>): Promise<DataAnswer> {
    if (call.relayed !== undefined) {
      const { http, answer } = await this.#read(withToken(call.relayed.request, call.tokens.user), call);
      return { sent: http.sent, answer, totalRows: answer.rowCount };
    }
    checkQuery(call.query);
    const { endpoint } = call.query;
    const [usual, other] = seriesNames;
    const name = this.#otherSeries.has(endpoint) ? other : usual;
    return this.#data(call, name).catch(async (error: unknown) => {
      // Releases name the list in a JSON body differently.
      const mayBeName =
        error instanceof TokensError &&
        error.details.status === 400 &&
        /series/i.test(error.details.detail ?? '') &&
        dataRequest(call.query, '').json?.[usual] !== undefined;
      if (!mayBeName || name === other) {
        throw error;
      }
      this.deps.log.debug(`${this.deps.connection.name}: trying ${endpoint} with ${other}`);
      const answer = await this.#data(call, other).catch(() => {
        throw error;
      });
      this.#otherSeries.add(endpoint);
      return answer;
    });
  }

  /** @param seriesName how a body calls its list of series */
  async #data(call: DataCall<SarusQuery>, seriesName: string): Promise<DataAnswer> {
    const { endpoint, params = {} } = call.query;
    const { redactor } = this.deps;
    const request = dataRequest(call.query, call.tokens.user, seriesName);
    const { http, answer } = await this.#read({ ...request, idempotent: !mayChange(endpoint) }, call);
    const warnings = refusalsIn(answer.head, redactor);
    const { datasetsPerCall, lists } = findEndpoint(endpoint) ?? {};
    const asked = seriesNames.flatMap((name) => [params[name] ?? []].flat()).length;
    const datasets = lists ? answer.rowCount : Math.max(asked - warnings.length, 0);
    return {
      sent: http.sent,
      answer,
      totalRows: countIn(answer.head) ?? answer.rowCount,
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(datasetsPerCall === undefined ? {} : { apiCalls: Math.ceil(datasets / datasetsPerCall) }),
    };
  }

  /** Gets data, out of which the credentials are taken that the protocol names. */
  async #read(request: HttpRequest, call: DataCall<SarusQuery>) {
    const { redactor } = this.deps;
    const { relayed, signal, tokens } = call;
    redactor.add(tokens.user);
    const makeReader: DataCall['makeReader'] = (...args) =>
      new MaskingReader(call.makeReader(...args), secretMembers, (secret) => redactor.add(secret));
    const { http, answer } = await readData(
      this.#http,
      request,
      { makeReader, signal, relayed },
      { rowsAt, failure: (answered) => this.#failure(answered, 'token', errorOf(answered)) },
    );
    const refusal = isBare(answer.head) || answer.rowCount === 0 ? refusalIn(answer.head) : undefined;
    const error = errorIn(answer.head) ?? refusal;
    if (error !== undefined) {
      answer.dispose();
      throw this.#failure(http, 'token', error);
    }
    return { http, answer };
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const answer = await this.#ask('/RenewSessionToken', tokens, options);
    const result = this.#result(answer, renewed, 'token');
    return this.#grant(result?.SessionToken ?? tokens.user, answer, lifeIn(result));
  }

  async remainingLife(tokens: Tokens, options: CallOptions = {}): Promise<Life> {
    const answer = await this.#ask('/QuerySessionToken', tokens, options);
    return { sent: answer.sent, reportedMs: Math.max(this.#result(answer, queried, 'token'), 0) };
  }

  async close(tokens: Tokens, options: CallOptions = {}): Promise<void> {
    const answer = await this.#ask('/RevokeSessionToken', tokens, options);
    try {
      this.#result(answer, revoked, 'token');
    } catch (error) {
      // Unknown or expired: there is nothing left to revoke.
      if (!(error instanceof TokensError) || error.code !== 'E_EXPIRED') {
        throw error;
      }
    }
  }

  #credentials(login: Login): Pairs {
    this.deps.redactor.addNamed(login);
    const { apiKey, email, password } = login;
    if (apiKey !== undefined) {
      return [['APIKey', apiKey]];
    }
    if (email !== undefined && password !== undefined) {
      return [
        ['email', email],
        ['Password', password],
      ];
    }
    throw new TokensError('E_CONFIG', '{0} takes an API key, or an e-mail address with a password.', [
      this.deps.connection.name,
    ]);
  }

  /** Asks a token endpoint about a token. */
  #ask(path: string, { user }: Tokens, { signal }: CallOptions): Promise<HttpAnswer> {
    this.deps.redactor.add(user);
    return this.#token({ method: 'GET', path, query: [['SessionToken', user]], idempotent: true, signal });
  }

  /** Asks a token endpoint, within its rate limit. If it answers 429 all the same, waits and asks again. */
  async #token(request: HttpRequest): Promise<HttpAnswer> {
    const { clock, connection, turn } = this.deps;
    const { origin } = new URL(connection.url);
    const until = clock.now().up + connection.requestTimeoutSeconds * 1000;
    for (;;) {
      const answer = await this.#http.send({
        ...request,
        turn: turn && ((signal) => turn(`${origin}${request.path}`, requestsPerSecond, signal)),
      });
      const waitMs = answer.retryAfterMs ?? usualRetryMs;
      if (
        (statusIn(errorOf(answer)) || answer.status) !== 429 ||
        clock.now().up + waitMs > until ||
        request.signal?.aborted
      ) {
        return answer;
      }
      await pause(clock, waitMs);
    }
  }

  #grant(value: string, answer: HttpAnswer, reported: number | undefined): Grant {
    this.deps.redactor.add(value);
    return {
      value,
      sent: answer.sent,
      ...(reported === undefined ? {} : { reportedMs: Math.max(reported, 0) }),
    };
  }

  /** `Result` of an envelope; the body decides over the status of HTTP. */
  #result<const S extends v.GenericSchema>(
    answer: HttpAnswer,
    schema: S,
    purpose: Purpose,
  ): v.InferOutput<S> {
    const parsed = parseJson(answer.text);
    const body = parsed.ok && isRecord(parsed.value) ? parsed.value : undefined;
    const refusal = errorIn(body) ?? refusalIn(body);
    const [found] = [member(body, 'Result')].flat();
    const result = v.safeParse(schema, found);
    const isRefused = answer.status >= 400 && !(result.success && body && Object.hasOwn(body, 'Result'));
    if (body === undefined || refusal !== undefined || isRefused) {
      throw this.#failure(answer, purpose, refusal);
    }
    if (result.success) {
      return result.output;
    }
    throw lacking(this.#http.host, answer.status, v.getDotPath(result.issues[0]) ?? 'Result');
  }

  /** @param found what the answer says of an error; without any, only its status tells one */
  #failure(answer: HttpAnswer, purpose: Purpose, found?: Record<string, unknown>): TokensError {
    const { connection, log, redactor } = this.deps;
    const { host } = this.#http;
    if (found === undefined && answer.status < 300) {
      return notJson(host, answer);
    }
    const status = statusIn(found) || answer.status;
    const said = member(found, 'Detail') ?? member(found, 'Details');
    const words =
      (said === undefined && wordsOf(answer.text, redactor)) ||
      wordsOfError(forPeople(said ?? found), redactor);
    if (forPeople(said) !== said) {
      log.info(`${connection.name}: ${String(said)}`);
    }
    const details = detailsOf(answer, words, status);
    if (purpose === 'signIn') {
      if (status === 401 || status === 403) {
        const bare = { template: '{0} refused the sign-in: wrong API key, e-mail address or password.' };
        return signInRefused(host, words, { ...details, refused: 'login' }, bare);
      }
      const isLogin = /api ?key|e-?mail/i.test(words) || saysLoginIsWrong(words);
      const mayBe = status < 500 && status !== 429 && isLogin;
      return refused(host, words, mayBe ? { ...details, refused: 'login' } : details);
    }
    // Some endpoints answer an unknown token with 404, as they do whatever is unknown; so the words decide, under other
    // statuses too (docs/protocols.md 1.2).
    const mayBe = mayBeOfToken.has(status);
    const isGone = status === 404 ? namedToken.test(words) : mayBe && saysTokenIsGone(words);
    return status === 401 || status === 410 || isGone
      ? tokenExpired(host, words, details)
      : refused(host, words, mayBe ? { ...details, refused: 'sign-in' } : details);
  }
}

/** Statuses under which the gateway may have refused a token, and not the request. */
const mayBeOfToken = new Set([200, 400, 403]);

/** A script's request with the token: in its form or its JSON, else in its query. */
function withToken(request: ScriptRequest, token: string): HttpRequest {
  const pair = encodePairs([['SessionToken', token]]);
  const [endpoint = ''] = request.path.split('/').slice(-1);
  const inBody = isForm(request)
    ? withField(request, pair)
    : request.body && withText(request, ['SessionToken'], token);
  const query = [request.query, pair].filter(Boolean).join('&');
  return { ...sentOf(inBody ?? { ...request, query }), idempotent: !mayChange(endpoint) };
}

/** @throws E_CONFIG for an endpoint that is none, and for parameters that would change the token */
function checkQuery({ endpoint, params = {} }: SarusQuery): void {
  if (!/^[^/\\?#%\p{C}]+$/u.test(endpoint) || tokenEndpoints.has(endpoint.toLowerCase())) {
    throw new TokensError('E_CONFIG', '“{0}” is not the name of a data endpoint.', [endpoint]);
  }
  const steering = Object.keys(params).find((name) => name.toLowerCase() === 'sessiontoken');
  if (steering !== undefined) {
    throw new TokensError('E_CONFIG', 'The parameter {0} is filled in by itself and cannot be given.', [
      steering,
    ]);
  }
}
