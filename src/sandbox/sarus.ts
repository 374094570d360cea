import { performance } from 'node:perf_hooks';
import { type Answer, json, streamedJson } from './answer.ts';
import type { Call } from './call.ts';
import { isShort } from './life.ts';
import { sarusEndpoints } from './sarusData.ts';
import type { Setup } from './setup.ts';
import { newSecret, type SarusToken } from './state.ts';

/** Who gets a token (docs/protocols.md 1). */
const account = { apiKey: 'demo', email: 'demo@example.com', password: 'demo' };
/** Bounds of `Minutes`, and what it is when nobody says. */
const minutesOf = { usual: 30, least: 1, most: 1440 };

/** The SARUS server, docs/protocols.md 1: every endpoint, and the envelope around every answer. */
export class Sarus {
  readonly #setup: Setup;
  readonly #endpoints = sarusEndpoints();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Answers `GET /<Endpoint>`. */
  answer(call: Call): Answer {
    const start = performance.now();
    const [endpoint = ''] = call.path;
    try {
      if (call.method !== 'GET') {
        throw this.refusal(405, `Method ${call.method} is not allowed; use GET`);
      }
      return call.path.length === 1
        ? this.#result(endpoint, call.query, start)
        : this.#unknown(call.path.join('/'));
    } catch (error) {
      if (error instanceof SarusRefusal) {
        return this.error(error.status, error.detail, start);
      }
      throw error;
    }
  }

  /** An answer with `Errors`, under the status that it names or under 200. */
  error(status: number, detail: string, start: number = performance.now()): Answer {
    const body = { ...this.#envelope(start), Errors: { Status: status, Detail: detail } };
    return json(body, this.#setup.quirks.errorsUnder200 ? 200 : status);
  }

  refusal(status: number, detail: string): SarusRefusal {
    return new SarusRefusal(status, detail);
  }

  #result(endpoint: string, query: URLSearchParams, start: number): Answer {
    switch (endpoint) {
      case 'GetSessionToken':
        return this.#wrap(this.#open(query), start);
      case 'QuerySessionToken': {
        const [, token] = this.#token(query);
        if (this.#setup.quirks.queryRenews) {
          token.lastUsed = this.#setup.state.now();
        }
        return this.#wrap({ Remaining: this.#remaining(token) }, start);
      }
      case 'RenewSessionToken':
        return this.#wrap(this.#renew(query), start);
      case 'RevokeSessionToken':
        return this.#wrap(this.#revoke(query), start);
      default:
        return this.#data(endpoint, query, start);
    }
  }

  #open(query: URLSearchParams): object {
    const byKey = query.get('APIKey');
    const email = query.get('email');
    const password = query.get('Password');
    if (byKey === null && (email === null || password === null)) {
      throw this.refusal(400, 'APIKey, or email and Password, must be given');
    }
    const known =
      byKey === null ? email === account.email && password === account.password : byKey === account.apiKey;
    if (!known) {
      throw this.refusal(401, 'The credentials are not valid');
    }
    const { state, quirks } = this.#setup;
    const name = newSecret(24);
    const token: SarusToken = { lastUsed: state.now(), lifeMs: this.#lifeMs(query) };
    state.sarusTokens.add(name, token);
    state.counters.opened += 1;
    return { SessionToken: name, ...(quirks.remainingAtOnce ? { Remaining: this.#remaining(token) } : {}) };
  }

  /** The life asked for; a sandbox with a short life grants no more than that. */
  #lifeMs(query: URLSearchParams): number {
    const minutes = Number(query.get('Minutes') ?? minutesOf.usual);
    if (!(minutes >= minutesOf.least && minutes <= minutesOf.most)) {
      throw this.refusal(400, `Minutes must be a number from ${minutesOf.least} to ${minutesOf.most}`);
    }
    const { lifeMs } = this.#setup;
    return isShort(lifeMs) ? Math.min(minutes * 60_000, lifeMs) : minutes * 60_000;
  }

  #renew(query: URLSearchParams): object {
    const { state, quirks, wall } = this.#setup;
    const [name, token] = this.#token(query);
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

  #revoke(query: URLSearchParams): object {
    const [name] = this.#token(query);
    this.#setup.state.sarusTokens.delete(name);
    this.#setup.state.counters.closed += 1;
    return { Status: 200, Detail: 'The session token is revoked' };
  }

  /** A data endpoint: renews the token to full life and costs one call of the quota, unlike the others. */
  #data(name: string, query: URLSearchParams, start: number): Answer {
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined) {
      return this.#unknown(name);
    }
    const { state, sarusQuota, wall } = this.#setup;
    const [, token] = this.#token(query);
    if (state.sarusCalls >= sarusQuota) {
      throw this.refusal(429, `The account's quota of ${sarusQuota} API calls is used up`);
    }
    const result = endpoint.result(query, wall());
    if (typeof result === 'string') {
      throw this.refusal(400, result);
    }
    state.sarusCalls += 1;
    state.counters.reused += 1;
    token.lastUsed = state.now();
    return 'value' in result
      ? this.#wrap(result.value, start)
      : streamedJson(this.#stream(result.chunks, start));
  }

  /** The living token that the query names. */
  #token(query: URLSearchParams): [string, SarusToken] {
    const name = query.get('SessionToken') ?? '';
    if (name === '') {
      throw this.refusal(400, 'SessionToken must be given');
    }
    const token = this.#setup.state.sarusTokens.get(name);
    if (token === undefined) {
      throw this.#setup.state.expiredSarusTokens.has(name)
        ? this.refusal(410, 'The session token has expired')
        : this.refusal(401, 'The session token is unknown or not valid');
    }
    return [name, token];
  }

  /** Life left in whole milliseconds; rounded down, so never more than the truth. */
  #remaining(token: SarusToken): number | string {
    const left = Math.floor(token.lifeMs - (this.#setup.state.now() - token.lastUsed));
    return this.#setup.quirks.remainingAsString ? String(left) : left;
  }

  #unknown(name: string): Answer {
    throw this.refusal(404, `There is no endpoint ${name}`);
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
