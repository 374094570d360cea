import { performance } from 'node:perf_hooks';
import { type Answer, json, streamedJson } from './answer.ts';
import type { Call } from './call.ts';
import { isShort } from './life.ts';
import { type SarusParams, sarusParams } from './sarusCall.ts';
import { type SarusEndpoint, sarusEndpoints } from './sarusData.ts';
import type { Setup } from './setup.ts';
import { newSecret, type SarusToken } from './state.ts';

/** Who gets a token (docs/protocols.md 1.1). */
const account = { apiKey: 'demo', email: 'demo@example.com', password: 'demo' };
/** Bounds of `Minutes`, and what it is when nobody says. */
const minutesOf = { usual: 30, least: 1, most: 1440 };
/** Each of the token endpoints answers so many requests a second. */
const requestsASecond = 3;

/** The SARUS server, docs/protocols.md 1: every endpoint, and the envelope around every answer. */
export class Sarus {
  readonly #setup: Setup;
  /** The token endpoints, and when each was last called, in milliseconds. */
  readonly #tokenCalls = new Map<string, number[]>();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Answers `/<Endpoint>`. */
  answer(call: Call): Answer {
    const start = performance.now();
    const name = call.path.join('/');
    try {
      const endpoint = Object.hasOwn(sarusEndpoints, name) ? sarusEndpoints[name] : undefined;
      if (call.method !== 'GET' && !(call.method === 'POST' && endpoint?.posts)) {
        throw new SarusRefusal(405, `Method ${call.method} is not allowed`);
      }
      const params = sarusParams(call, this.#setup.quirks.seriesKey);
      if (params === undefined) {
        throw new SarusRefusal(400, 'The body must be a JSON object');
      }
      return endpoint === undefined
        ? this.#wrap(this.#tokenResult(name, params), start)
        : this.#data(endpoint, params, start);
    } catch (error) {
      if (error instanceof SarusRefusal) {
        return this.error(error.status, error.detail, start);
      }
      throw error;
    }
  }

  /** An answer with `Errors`: a list under the status that it names, or as the quirks say. */
  error(status: number, words: string, start: number = performance.now()): Answer {
    const { errorObject, errorsUnder200, trace } = this.#setup.quirks;
    const detail = trace ? `${words} Trace: at Sarus.Api.Handle()` : words;
    const Errors = errorObject ? { Status: status, Detail: detail } : [{ Status: status, Details: detail }];
    return json({ ...this.#envelope(start), Errors }, errorsUnder200 ? 200 : status);
  }

  #tokenResult(name: string, params: SarusParams): object {
    switch (name) {
      case 'GetSessionToken':
        this.#limit(name);
        return this.#open(params);
      case 'QuerySessionToken':
        this.#limit(name);
        return this.#query(params);
      case 'RenewSessionToken':
        this.#limit(name);
        return this.#renew(params);
      case 'RevokeSessionToken':
        this.#limit(name);
        return this.#revoke(params);
      default:
        throw new SarusRefusal(404, `There is no endpoint ${name}`);
    }
  }

  /** Refuses what is too much within a second. */
  #limit(name: string): void {
    const { state, quirks } = this.#setup;
    const now = state.now();
    const recent = (this.#tokenCalls.get(name) ?? []).filter((at) => now - at < 1_000);
    if (recent.length >= requestsASecond && !quirks.noRateLimit) {
      throw new SarusRefusal(429, 'Too many requests');
    }
    this.#tokenCalls.set(name, [...recent, now]);
  }

  #open(params: SarusParams): object {
    const byKey = params.get('APIKey');
    const email = params.get('email');
    const password = params.get('Password');
    if (byKey === undefined && (email === undefined || password === undefined)) {
      throw new SarusRefusal(400, 'APIKey, or email and Password, must be given');
    }
    const known =
      byKey === undefined
        ? email === account.email && password === account.password
        : byKey === account.apiKey;
    if (!known) {
      throw new SarusRefusal(401, 'The credentials are not valid');
    }
    const { state, quirks } = this.#setup;
    const name = newSecret(24);
    const token: SarusToken = { lastUsed: state.now(), lifeMs: this.#lifeMs(params) };
    state.sarusTokens.add(name, token);
    state.counters.opened += 1;
    const life = quirks.lifeAtSignIn ?? 'Remaining';
    return { SessionToken: name, ...(life === 'none' ? {} : { [life]: this.#remaining(token) }) };
  }

  #query(params: SarusParams): object {
    const { quirks, state } = this.#setup;
    const [, token] = this.#token(params);
    if (quirks.queryRenews) {
      token.lastUsed = state.now();
    }
    return { [quirks.olderQuery ? 'SessionTokenExpires' : 'Remaining']: this.#remaining(token) };
  }

  /** The life asked for; a sandbox with a short life grants no more than that. */
  #lifeMs(params: SarusParams): number {
    const minutes = Number(params.get('Minutes') ?? minutesOf.usual);
    if (!(minutes >= minutesOf.least && minutes <= minutesOf.most)) {
      throw new SarusRefusal(400, `Minutes must be a number from ${minutesOf.least} to ${minutesOf.most}`);
    }
    const { lifeMs } = this.#setup;
    return isShort(lifeMs) ? Math.min(minutes * 60_000, lifeMs) : minutes * 60_000;
  }

  #renew(params: SarusParams): object {
    const { state, quirks, wall } = this.#setup;
    const [name, token] = this.#token(params);
    token.lastUsed = state.now();
    state.counters.keepAlives += 1;
    let current = name;
    if (quirks.renewalReplaces) {
      current = newSecret(24);
      state.sarusTokens.delete(name);
      state.sarusTokens.add(current, token);
    }
    const lastActive = new Date(wall()).toISOString();
    return { SessionToken: current, Remaining: this.#remaining(token), LastActive: lastActive };
  }

  #revoke(params: SarusParams): object {
    const [name] = this.#token(params);
    this.#setup.state.sarusTokens.delete(name);
    this.#setup.state.counters.closed += 1;
    return { Status: 200, Detail: 'The session token is revoked' };
  }

  /** A data endpoint: renews the token to full life and costs the account's quota what it is priced at. */
  #data(endpoint: SarusEndpoint, params: SarusParams, start: number): Answer {
    const { state, sarusQuota, wall } = this.#setup;
    const [, token] = this.#token(params, endpoint.tokenIs404);
    const result = endpoint.result(params, wall());
    if (typeof result === 'string') {
      throw new SarusRefusal(400, result);
    }
    if (state.sarusCalls + result.cost > sarusQuota) {
      throw new SarusRefusal(429, `The account's quota of ${sarusQuota} API calls is used up`);
    }
    state.sarusCalls += result.cost;
    state.counters.reused += 1;
    token.lastUsed = state.now();
    return 'value' in result
      ? this.#wrap(result.value, start)
      : streamedJson(this.#stream(result.chunks, start));
  }

  /** The living token that the request names. */
  #token(params: SarusParams, refusedBy404 = false): [string, SarusToken] {
    const name = params.get('SessionToken') ?? '';
    if (name === '') {
      throw new SarusRefusal(400, 'Missing session token');
    }
    const token = this.#setup.state.sarusTokens.get(name);
    if (token === undefined) {
      const isExpired = this.#setup.state.expiredSarusTokens.has(name);
      throw new SarusRefusal(
        refusedBy404 ? 404 : isExpired ? 410 : 401,
        isExpired ? 'Token has already expired' : 'Unknown session token',
      );
    }
    return [name, token];
  }

  /** Life left in whole milliseconds; rounded down, so never more than the truth. */
  #remaining(token: SarusToken): number | string {
    const left = Math.floor(token.lifeMs - (this.#setup.state.now() - token.lastUsed));
    return this.#setup.quirks.remainingAsString ? String(left) : left;
  }

  #wrap(result: unknown, start: number): Answer {
    return json({ ...this.#envelope(start), Result: result });
  }

  *#stream(chunks: Iterable<Buffer>, start: number): Generator<Buffer> {
    yield Buffer.from(`${JSON.stringify(this.#envelope(start)).slice(0, -1)},"Result":`);
    yield* chunks;
    yield Buffer.from('}');
  }

  #envelope(start: number): object {
    const now = this.#setup.wall();
    return {
      ServerDateTime: new Date(now).toISOString(),
      TimeStamp: julianDate(now),
      ExecutionTime: performance.now() - start,
    };
  }
}

class SarusRefusal extends Error {
  readonly status: number;
  readonly detail: string;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

/** Days since noon of 1 January 4713 BC; the epoch of 1970 began at 2440587.5. */
function julianDate(epochMs: number): number {
  return epochMs / 86_400_000 + 2_440_587.5;
}
