import { type Answer, json } from './answer.ts';
import type { Call } from './call.ts';
import {
  type SarusEndpoint,
  type SarusParams,
  SarusRefusal,
  sarusEndpoints,
  sarusParams,
} from './sarusData.ts';
import { type Idle, newSecret, type State } from './state.ts';

/** Who gets a token (docs/protocols.md 1.1). */
const account = { apiKey: 'demo', email: 'demo@example.com', password: 'demo' };
/** Bounds of `Minutes`, and what it is when nobody says. */
const minutesOf = { usual: 30, least: 1, most: 1440 };
/** Shorter than any real gateway's life, in milliseconds. */
const shortMs = 300_000;
/** How many requests a second each of the token endpoints answers. */
const callsPerSecond = 3;

/** The SARUS server, docs/protocols.md 1: every endpoint, and the envelope around every answer. */
export class Sarus {
  readonly #state: State;
  readonly #tokenEndpoints = new Map<string, (params: SarusParams) => object>([
    ['GetSessionToken', (params) => this.#open(params)],
    ['QuerySessionToken', (params) => ({ Remaining: this.#remaining(this.#token(params)[1]) })],
    ['RenewSessionToken', (params) => this.#renew(params)],
    ['RevokeSessionToken', (params) => this.#revoke(params)],
  ]);
  /** When each of the token endpoints was last called, in milliseconds. */
  readonly #tokenCalls = new Map<string, number[]>();

  constructor(state: State) {
    this.#state = state;
  }

  /** Answers `/<Endpoint>`. */
  answer(call: Call): Answer {
    const start = performance.now();
    try {
      return json({ ...this.#envelope(start), Result: this.#result(call) });
    } catch (error) {
      if (error instanceof SarusRefusal) {
        return this.error(error.status, error.message, start);
      }
      throw error;
    }
  }

  /** An answer with `Errors`, under the status that it names. */
  error(status: number, Details: string, start: number = performance.now()): Answer {
    return json({ ...this.#envelope(start), Errors: [{ Status: status, Details }] }, status);
  }

  #result(call: Call): unknown {
    const name = call.path.join('/');
    const endpoint = Object.hasOwn(sarusEndpoints, name) ? sarusEndpoints[name] : undefined;
    const ofToken = this.#tokenEndpoints.get(name);
    if (call.method !== 'GET' && !(call.method === 'POST' && endpoint?.ofSeries)) {
      throw new SarusRefusal(405, `Method ${call.method} is not allowed`);
    }
    const params = sarusParams(call);
    if (endpoint !== undefined) {
      return this.#data(endpoint, params);
    }
    if (ofToken === undefined) {
      throw new SarusRefusal(404, `There is no endpoint ${name}`);
    }
    this.#limit(name);
    return ofToken(params);
  }

  /** Refuses what is too much within a second. */
  #limit(name: string): void {
    const now = this.#state.now();
    const recent = (this.#tokenCalls.get(name) ?? []).filter((at) => now - at < 1_000);
    if (recent.length >= callsPerSecond) {
      throw new SarusRefusal(429, 'Too many requests');
    }
    this.#tokenCalls.set(name, [...recent, now]);
  }

  #open(params: SarusParams): object {
    const [apiKey, email, password] = ['APIKey', 'email', 'Password'].map(params.get);
    if (apiKey === undefined && (email === undefined || password === undefined)) {
      throw new SarusRefusal(400, 'APIKey, or email and Password, must be given');
    }
    const isByMail = apiKey === undefined && email === account.email && password === account.password;
    if (!isByMail && apiKey !== account.apiKey) {
      throw new SarusRefusal(401, 'The credentials are not valid');
    }
    const state = this.#state;
    const name = newSecret(24);
    const token: Idle = { lastUsed: state.now(), lifeMs: this.#lifeMs(params) };
    state.sarusTokens.set(name, token);
    state.counters.opened += 1;
    return { SessionToken: name, Remaining: this.#remaining(token) };
  }

  /** The life asked for; a sandbox with a short life grants no more than that. */
  #lifeMs(params: SarusParams): number {
    const minutes = Number(params.get('Minutes') ?? minutesOf.usual);
    if (!(minutes >= minutesOf.least && minutes <= minutesOf.most)) {
      throw new SarusRefusal(400, `Minutes must be a number from ${minutesOf.least} to ${minutesOf.most}`);
    }
    const { lifeMs } = this.#state;
    return Math.min(minutes * 60_000, lifeMs < shortMs ? lifeMs : Number.POSITIVE_INFINITY);
  }

  #renew(params: SarusParams): object {
    const state = this.#state;
    const [name, token] = this.#token(params);
    token.lastUsed = state.now();
    state.counters.keepAlives += 1;
    const LastActive = new Date(state.wall()).toISOString();
    return { SessionToken: name, Remaining: this.#remaining(token), LastActive };
  }

  #revoke(params: SarusParams): object {
    const [name] = this.#token(params);
    this.#state.sarusTokens.delete(name);
    this.#state.counters.closed += 1;
    return { Status: 200, Detail: 'The session token is revoked' };
  }

  /** A data endpoint: renews the token to full life. */
  #data(endpoint: SarusEndpoint, params: SarusParams): unknown {
    const state = this.#state;
    const [, token] = this.#token(params, endpoint.tokenIs404);
    if (endpoint.ofSeries && params.series.length === 0) {
      throw new SarusRefusal(400, 'Missing parameter Series');
    }
    const result = endpoint.result(params, state.wall());
    state.counters.reused += 1;
    token.lastUsed = state.now();
    return result;
  }

  /** The living token that the request names. */
  #token(params: SarusParams, refusedBy404 = false): [string, Idle] {
    const { sarusTokens, expiredSarusTokens } = this.#state;
    const name = params.get('SessionToken') ?? '';
    if (name === '') {
      throw new SarusRefusal(400, 'Missing session token');
    }
    const token = sarusTokens.get(name);
    if (token === undefined) {
      const isExpired = expiredSarusTokens.has(name);
      throw new SarusRefusal(
        refusedBy404 ? 404 : isExpired ? 410 : 401,
        isExpired ? 'Token has already expired' : 'Unknown session token',
      );
    }
    return [name, token];
  }

  /** Life left in whole milliseconds; rounded down, so never more than the truth. */
  #remaining({ lifeMs, lastUsed }: Idle): number {
    return Math.floor(lifeMs - (this.#state.now() - lastUsed));
  }

  #envelope(start: number): object {
    const now = this.#state.wall();
    return {
      ServerDateTime: new Date(now).toISOString(),
      TimeStamp: julianDate(now),
      ExecutionTime: performance.now() - start,
    };
  }
}

/** Days since noon of 1 January 4713 BC; the epoch of 1970 began at 2440587.5. */
function julianDate(epochMs: number): number {
  return epochMs / 86_400_000 + 2_440_587.5;
}
