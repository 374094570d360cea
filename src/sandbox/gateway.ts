import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { type Answer, Refusal, tomcatPage } from './answer.ts';
import { type Call, readCall } from './call.ts';
import { control, isControl } from './control.ts';
import { Cra } from './cra.ts';
import { craGetData } from './craGetData.ts';
import { craViews } from './craViews.ts';
import { type FaultRule, parseFaultRules } from './faultRules.ts';
import { type ActiveRule, Faults } from './faults.ts';
import { grantedLifeMs } from './life.ts';
import { Listener, type TlsIdentity } from './listener.ts';
import type { Quirks } from './quirks.ts';
import { Sarus } from './sarus.ts';
import { send } from './send.ts';
import type { Setup } from './setup.ts';
import { State } from './state.ts';
import type { SandboxStats } from './stats.ts';
import { Striker } from './striker.ts';

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /**
   * Life of a token that nobody uses, in seconds; default 900. From 300 up it is CRA's timeout and clamped to
   * 86,400, and SARUS grants the `Minutes` asked for; a shorter one is real as it is and bounds SARUS's lives too.
   */
  readonly lifeSeconds?: number | undefined;
  /** CRA sessions open at once; default 20. SARUS documents no such limit and has none. */
  readonly maxSessions?: number | undefined;
  /** Names of the CRA services; default `BBI3SYSA` and `BBI3SYSB`. */
  readonly services?: readonly string[] | undefined;
  /** Whether keepalive and close ask for the Tomcat user `tomcat`/`tomcat` by Basic authorization. */
  readonly basic?: boolean | undefined;
  /** Serves https with this key and certificate. */
  readonly tls?: TlsIdentity | undefined;
  /** Path under which everything but `/sandbox/…` is found, as behind a proxy: `/proxy`. Default: none. */
  readonly prefix?: string | undefined;
  /** SARUS: API calls that the account may make; default 1,000,000. */
  readonly sarusQuota?: number | undefined;
  /** Monotonic milliseconds; tests turn it. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** What the protocols leave open, decided otherwise than by default. */
  readonly quirks?: Quirks | undefined;
}

/** A running sandbox gateway. */
export interface Sandbox {
  /** Origin and prefix: what a connection's `url` is set to. */
  readonly url: string;
  readonly port: number;
  readonly services: readonly string[];
  stats(): SandboxStats;
  /** Replaces the fault rules, as `POST /sandbox/faults` does. */
  setFaults(rules: FaultRule | readonly FaultRule[]): void;
  /** The fault rules with how often each has struck. */
  faults(): readonly ActiveRule[];
  /** Forgets the fault rules and ends a refusal of connections at once. */
  clearFaults(): Promise<void>;
  /** Ends the listening socket, every connection and every timer. */
  close(): Promise<void>;
}

const defaults = {
  lifeSeconds: 900,
  maxSessions: 20,
  services: ['BBI3SYSA', 'BBI3SYSB'],
  sarusQuota: 1_000_000,
};

/**
 * Starts a gateway on 127.0.0.1 that speaks SARUS (PROTOCOLS.md 1) and both CRA dialects (2a, 2b) on one port.
 * Rejects when the port is taken or an option makes no sense.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const now = options.now ?? (() => performance.now());
  // A clock that tests turn carries the wall clock of the answers with it; the machine's own may stand still in sleep.
  const wallOffset = Date.now() - now();
  const wall = options.now === undefined ? Date.now : () => wallOffset + now();
  const lifeMs = grantedLifeMs(options.lifeSeconds ?? defaults.lifeSeconds);
  const services = options.services?.length ? options.services : defaults.services;
  const state = new State(now);
  const faults = new Faults();
  const quirks = options.quirks ?? {};
  const prefix = options.prefix ?? '';

  const listener = new Listener(serve, options.tls, httpKeepAliveMs(lifeMs));
  const setup: Setup = {
    state,
    lifeMs,
    maxSessions: options.maxSessions ?? defaults.maxSessions,
    services,
    basic: options.basic ?? false,
    secure: options.tls !== undefined,
    sarusQuota: options.sarusQuota ?? defaults.sarusQuota,
    quirks,
    wall,
    port: () => listener.port,
  };
  const cra = new Cra(setup);
  const sarus = new Sarus(setup);
  const striker = new Striker(setup, sarus, listener);

  const setFaults = (input: unknown, leastMs: number): void => {
    const rules = parseFaultRules(input);
    faults.set(rules.filter((rule) => !striker.strikesAtOnce(rule)));
    for (const rule of rules.filter((one) => striker.strikesAtOnce(one))) {
      striker.strikeNow(rule, leastMs);
    }
  };
  const controls = {
    stats: () => state.stats(),
    faults: () => faults.list(),
    setFaults: (input: unknown) => setFaults(input, answeredWithinMs),
    clearFaults: () => faults.clear(),
  };

  function route(call: Call): Answer {
    const [first, second, third, ...rest] = call.path;
    let answer: Answer | undefined;
    // Case tells the dialects apart (PROTOCOLS.md 2).
    if (first !== 'cra') {
      answer = sarus.answer(call);
    } else if (second === 'ServiceGateway' && third === 'Services') {
      answer = craGetData(cra, quirks, call, rest);
    } else if (second === 'serviceGateway' && third === 'services') {
      answer = craViews(cra, setup, call, rest);
    }
    return answer ?? tomcatPage(404, `The requested resource [${call.url}] is not available`);
  }

  function answerTo(call: Call): Answer {
    try {
      return route(call);
    } catch (error) {
      if (error instanceof Refusal) {
        return error.answer;
      }
      throw error;
    }
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    respond(request, response).catch((error: unknown) => fail(response, error));
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encodings = request.headers['accept-encoding']?.toString();
    const call = await readCall(request, prefix);
    if (isControl(call)) {
      await send(response, control(call, request.socket.remoteAddress, controls), encodings);
      return;
    }
    const rule = faults.strike(call);
    const answer = (): Answer => marked(answerTo(call), quirks);
    if (rule === undefined) {
      await send(response, answer(), encodings);
    } else {
      await striker.strike(rule, call, response, answer);
    }
  }

  await listener.open(options.port ?? 0);
  const scheme = options.tls === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://127.0.0.1:${listener.port}${prefix}`,
    port: listener.port,
    services,
    stats: controls.stats,
    setFaults: (rules) => setFaults(rules, 0),
    faults: controls.faults,
    clearFaults: async () => {
      faults.clear();
      await listener.accept();
    },
    close: async () => {
      striker.dispose();
      await listener.close();
    },
  };
}

/** Long enough for the answer to `POST /sandbox/faults` to reach whoever sent it, in milliseconds. */
const answeredWithinMs = 20;

/** Must not look like the token's life in minutes, which `login` announces under the same name. */
function httpKeepAliveMs(lifeMs: number): number {
  return Math.floor(lifeMs / 60_000) === 20 ? 25_000 : 20_000;
}

function marked(answer: Answer, quirks: Quirks): Answer {
  const isJson = answer.headers['Content-Type']?.startsWith('application/json') ?? false;
  return quirks.byteOrderMark && isJson && typeof answer.body === 'string'
    ? { ...answer, body: `\ufeff${answer.body}` }
    : answer;
}

/** A mistake of ours becomes a 500 in a gateway's words; a client that has left needs nothing. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const answer = error instanceof Refusal ? error.answer : tomcatPage(500, String(error));
  void send(response, answer, undefined).catch(() => response.destroy());
}
