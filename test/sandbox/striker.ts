import type { ServerResponse } from 'node:http';
import { tomcatPage } from '../../src/sandbox/answer.ts';
import { type Call, parameter } from '../../src/sandbox/call.ts';
import type { Sarus } from '../../src/sandbox/sarus.ts';
import { Counters, type Idle, type State } from '../../src/sandbox/state.ts';
import { type FaultRule, ofGateway, spoiling } from './faultRules.ts';
import type { Outage } from './outage.ts';
import { type SentAnswer as Answer, send } from './send.ts';
import { standIn, textOf, truncated, wrongTypes } from './spoil.ts';

/** Carries out fault rules on requests. */
export class Striker {
  readonly #state: State;
  readonly #sarus: Sarus;
  readonly #outage: Outage;
  readonly #url: () => string;
  readonly #waits = new Set<NodeJS.Timeout>();

  /** @param url that of the gateway, which is known once it listens */
  constructor(state: State, sarus: Sarus, outage: Outage, url: () => string) {
    this.#state = state;
    this.#url = url;
    this.#sarus = sarus;
    this.#outage = outage;
  }

  /** Ends what waits. */
  dispose(): void {
    for (const timer of this.#waits) {
      clearTimeout(timer);
    }
    this.#waits.clear();
  }

  /** Whether a rule is about the gateway and waits for no request. */
  strikesAtOnce(rule: FaultRule): boolean {
    return rule.match === undefined && ofGateway.includes(rule.fault);
  }

  /** A rule of that kind. `minMs` lets out the answer to a request that set it. */
  strikeNow(rule: FaultRule, minMs: number): void {
    const cutsConnections = rule.fault === 'refuse' || (rule.fault === 'restart' && rule.forMs !== undefined);
    const wait = Math.max(rule.afterMs ?? 0, cutsConnections ? minMs : 0);
    if (wait > 0) {
      this.#later(wait, () => this.#strikeGateway(rule, undefined));
    } else {
      this.#strikeGateway(rule, undefined);
    }
  }

  /** Answers a request that a rule strikes. `operate` carries the operation out. */
  async strike(rule: FaultRule, call: Call, response: ServerResponse, operate: () => Answer): Promise<void> {
    if (rule.fault === 'slow') {
      const early = rule.when === 'before' ? undefined : operate();
      await this.#wait(rule.forMs ?? 1_000);
      return send(response, early ?? operate(), undefined);
    }
    if (ofGateway.includes(rule.fault)) {
      return this.#strikeAround(rule, call, response, operate);
    }
    const when = rule.when ?? (spoiling.includes(rule.fault) ? 'after' : 'before');
    const answer = when === 'after' ? operate() : standIn();
    await this.#wait(rule.afterMs ?? 0);
    return this.#answerBadly(rule, call, response, answer);
  }

  /** The state is lost before the operation, or after it and before its answer is sent. */
  async #strikeAround(
    rule: FaultRule,
    call: Call,
    response: ServerResponse,
    operate: () => Answer,
  ): Promise<void> {
    const after = rule.when === 'after';
    const early = after ? operate() : undefined;
    await this.#wait(rule.afterMs ?? 0);
    this.#strikeGateway(rule, call);
    if (!response.destroyed && response.socket?.destroyed === false) {
      await send(response, early ?? operate(), undefined);
    }
  }

  #strikeGateway(rule: FaultRule, call: Call | undefined): void {
    const state = this.#state;
    switch (rule.fault) {
      case 'refuse':
        this.#outage.refuse(rule.forMs ?? 1_000);
        break;
      case 'evict':
        evict(state, rule.session ?? (call && sessionOf(call)) ?? leastRecentlyUsed(state));
        break;
      case 'evict-all':
        for (const [name] of sessionsOf(state)) {
          evict(state, name);
        }
        break;
      default:
        restart(state);
        if (rule.forMs) {
          this.#outage.refuse(rule.forMs);
        }
    }
  }

  #answerBadly(rule: FaultRule, call: Call, response: ServerResponse, answer: Answer): Promise<void> | void {
    switch (rule.fault) {
      case 'reset':
        reset(response);
        return;
      case 'reset-in-body':
        return this.#resetInBody(response, answer);
      case 'hang':
        if (rule.forMs !== undefined) {
          this.#later(rule.forMs, () => reset(response));
        }
        return;
      case 'drip':
        return this.#drip(response, answer, rule.forMs ?? 50);
      case 'html':
        return send(response, { ...tomcatPage(500, 'Sign in to the proxy'), status: 200 }, undefined);
      case 'empty':
        return send(response, { ...answer, status: 200, body: '' }, undefined);
      case 'truncated':
        return send(response, truncated(answer), undefined);
      case 'wrong-types':
        return send(response, wrongTypes(answer), undefined);
      case 'wrong-length':
        return this.#wrongLength(response, answer);
      case 'redirect':
        return send(response, redirect(rule.location ?? call.url), undefined);
      case 'redirect-other': {
        const elsewhere = new URL(call.url, this.#url());
        elsewhere.hostname = 'localhost';
        return send(response, redirect(rule.location ?? elsewhere.href), undefined);
      }
      default:
        return send(response, this.#status(rule, call), undefined);
    }
  }

  /** An error status in the words of the protocol that was spoken; 500 is a page of HTML in both. */
  #status(rule: FaultRule, call: Call): Answer {
    const status = Number(rule.fault);
    const retry: Record<string, string> =
      rule.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(rule.retryAfterSeconds) };
    if (call.path[0] === 'cra' || status === 500) {
      return tomcatPage(status, 'Injected fault', retry);
    }
    const answer = this.#sarus.error(status, 'Injected fault');
    return { ...answer, headers: { ...answer.headers, ...retry } };
  }

  async #resetInBody(response: ServerResponse, answer: Answer): Promise<void> {
    const body = Buffer.from(textOf(answer));
    response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length });
    response.write(body.subarray(0, Math.ceil(body.length / 2)));
    // The client is given time to read the first half: a reset throws away what still waits to be read.
    await this.#wait(50);
    reset(response);
  }

  async #drip(response: ServerResponse, answer: Answer, everyMs: number): Promise<void> {
    const body = Buffer.from(textOf(answer));
    response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.length });
    for (let index = 0; index < body.length && !response.destroyed; index += 1) {
      response.write(body.subarray(index, index + 1));
      await this.#wait(everyMs);
    }
    response.end();
  }

  /** Announces more than comes, and ends the connection in good order. */
  #wrongLength(response: ServerResponse, answer: Answer): void {
    const body = Buffer.from(textOf(answer));
    const headers = { ...answer.headers, 'Content-Length': body.length + 100, Connection: 'close' };
    response.writeHead(answer.status, headers);
    response.write(body, () => response.socket?.end());
  }

  #wait(ms: number): Promise<void> {
    return ms <= 0 ? Promise.resolve() : new Promise((resolve) => this.#later(ms, resolve));
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#waits.delete(timer);
      action();
    }, ms);
    this.#waits.add(timer);
  }
}

/** The open sessions of both protocols. */
function sessionsOf({ craSessions, sarusTokens }: State): [string, Idle][] {
  return [...craSessions.live(), ...sarusTokens.live()];
}

function leastRecentlyUsed(state: State): string | undefined {
  return sessionsOf(state).sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0]?.[0];
}

/** Ends a session that nobody asked to end. */
function evict(state: State, name = ''): void {
  if (state.craSessions.delete(name) || state.sarusTokens.delete(name)) {
    state.counters.expired += 1;
  }
}

/** Forgets everything, the counters too, as a restarted process would have. */
function restart(state: State): void {
  state.userTokens.clear();
  state.craSessions.clear();
  state.sarusTokens.clear();
  state.expiredSarusTokens.clear();
  Object.assign(state.counters, new Counters());
}

/** The session that a request names: CRA's in the query, SARUS's token in the query or in a JSON body. */
function sessionOf({ query, body }: Call): string | undefined {
  const inBody = /"SessionToken"\s*:\s*"([^"]*)"/.exec(body)?.[1];
  return parameter(query, 'session') ?? parameter(query, 'SessionToken') ?? inBody;
}

function redirect(location: string): Answer {
  return { status: 307, headers: { Location: location, 'Content-Type': 'text/plain' }, body: '' };
}

/** Ends the connection as a crashed peer does: RST instead of FIN. */
function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
