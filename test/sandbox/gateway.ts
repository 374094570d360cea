import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type Answer, json, Refusal } from '../../src/sandbox/answer.ts';
import type { Call } from '../../src/sandbox/call.ts';
import { notAvailable, SandboxServer } from '../../src/sandbox/gateway.ts';
import { bigView, withBigRows } from './bigView.ts';
import type { TlsIdentity } from './certificate.ts';
import { type FaultRule, FaultRuleError, parseFaultRules } from './faultRules.ts';
import { type ActiveRule, Faults } from './faults.ts';
import { Outage } from './outage.ts';
import { type Quirks, quirkyAnswer } from './quirks.ts';
import { asNewest, basicChallenge, type Profile } from './releases.ts';
import { type SentAnswer, send } from './send.ts';
import { Striker } from './striker.ts';

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** As of the extension's sandbox. */
  readonly lifeSeconds?: number | undefined;
  /** CRA sessions open at once; default 20. */
  readonly maxSessions?: number | undefined;
  /** Names of the CRA services; default `BBI3SYSA` and `BBI3SYSB`. */
  readonly services?: readonly string[] | undefined;
  /** Monotonic milliseconds; tests turn it. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Serves https with this key and certificate. */
  readonly tls?: TlsIdentity | undefined;
  /** Path under which everything but `/sandbox/…` is found, as behind a proxy: `/proxy`. Default: none. */
  readonly prefix?: string | undefined;
  /** The release of CRA that is played; default `newest`. */
  readonly profile?: Profile | undefined;
  /** Whether keepalive, close and the log-off ask for the Tomcat user `tomcat`/`tomcat` by Basic authorization. */
  readonly basic?: boolean | undefined;
  /** What the protocols leave open, decided otherwise than by default. */
  readonly quirks?: Quirks | undefined;
}

/**
 * Starts the sandbox gateway that can fail on purpose.
 * @throws when the port is taken, and for a life that is none
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = new Sandbox(options);
  await sandbox.listen(options.port ?? 0);
  return sandbox;
}

/** A running gateway and its faults, which are also set by `POST /sandbox/faults`. */
export class Sandbox extends SandboxServer {
  readonly #options: SandboxOptions;
  readonly #faults = new Faults();
  readonly #outage: Outage;
  readonly #striker: Striker;

  constructor(options: SandboxOptions) {
    super(options.lifeSeconds);
    this.#options = options;
    const { state } = this;
    const { maxSessions = state.maxSessions, services = state.services, now } = options;
    Object.assign(state, { maxSessions, services, views: [...state.views, bigView()] });
    if (now !== undefined) {
      // The clock that tests turn carries the wall clock of the answers with it.
      const wallOffset = Date.now() - now();
      Object.assign(state, { now, wall: () => wallOffset + now() });
    }
    const close = () => super.close();
    this.#outage = new Outage({ port: () => this.port, listen: (port) => this.listen(port), close });
    this.#striker = new Striker(this.state, this.sarus, this.#outage, () => this.url);
  }

  override get url(): string {
    const { tls, prefix = '' } = this.#options;
    return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}${prefix}`;
  }

  /** Replaces the fault rules, as `POST /sandbox/faults` does. */
  setFaults(rules: FaultRule | readonly FaultRule[]): void {
    this.#set(rules, 0);
  }

  /** The fault rules with how often each has struck. */
  faults(): readonly ActiveRule[] {
    return this.#faults.list();
  }

  /** Forgets the fault rules and ends a refusal of connections at once. */
  async clearFaults(): Promise<void> {
    this.#faults.clear();
    await this.#outage.end();
  }

  override async close(): Promise<void> {
    this.#striker.dispose();
    this.#outage.dispose();
    await super.close();
  }

  protected override createServer(serve: RequestListener): Server {
    const { tls } = this.#options;
    return tls === undefined ? super.createServer(serve) : createServer(tls, serve);
  }

  /** No fault ever strikes a request for the sandbox itself. */
  protected override async respond(
    call: Call,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const rule = isControl(call) ? undefined : this.#faults.strike(call);
    const operate = (): SentAnswer => withBigRows(call, this.answer(call));
    return rule === undefined
      ? send(response, operate(), request.headers['accept-encoding']?.toString())
      : this.#striker.strike(rule, call, response, operate);
  }

  protected override answer(call: Call): Answer {
    if (isControl(call)) {
      return this.#control(call);
    }
    const { prefix = '', quirks = {} } = this.#options;
    const steps = prefix.split('/').slice(1);
    const path = steps.every((part, at) => call.path[at] === part)
      ? call.path.slice(steps.length)
      : ['outside of the prefix'];
    return quirkyAnswer(quirks, this.state, { ...call, path }, (one) => this.#answerOfRelease(one));
  }

  #answerOfRelease(call: Call): Answer {
    const { profile = 'newest', basic } = this.#options;
    const known = asNewest(profile, call);
    if (known === undefined) {
      return notAvailable(call);
    }
    try {
      return (basic ? basicChallenge(call) : undefined) ?? super.answer(known);
    } catch (error) {
      if (error instanceof Refusal) {
        return error.answer;
      }
      throw error;
    }
  }

  /** `GET`, `POST` and `DELETE /sandbox/faults`, beside what the extension's sandbox answers. */
  #control(call: Call): Answer {
    const answer = super.answer(call);
    if (call.path[1] !== 'faults') {
      return answer;
    }
    switch (call.method) {
      case 'GET':
        return json({ rules: this.faults() });
      case 'POST':
        return this.#setFrom(call);
      case 'DELETE':
        this.#faults.clear();
        return json({ rules: [] });
      default:
        return answer;
    }
  }

  #setFrom(call: Call): Answer {
    // A page in a browser cannot send this type to another origin without asking first.
    if (!call.contentType.startsWith('application/json')) {
      return json({ error: 'The body must be application/json.' }, 415);
    }
    try {
      this.#set(JSON.parse(call.body), answeredWithinMs);
    } catch (error) {
      if (error instanceof FaultRuleError || error instanceof SyntaxError) {
        return json({ error: error.message }, 400);
      }
      throw error;
    }
    return json({ rules: this.faults() });
  }

  #set(input: unknown, minMs: number): void {
    const rules = parseFaultRules(input);
    this.#faults.set(rules.filter((rule) => !this.#striker.strikesAtOnce(rule)));
    for (const rule of rules.filter((one) => this.#striker.strikesAtOnce(one))) {
      this.#striker.strikeNow(rule, minMs);
    }
  }
}

/** Whether a request is for the sandbox itself. */
function isControl({ path }: Call): boolean {
  return path[0] === 'sandbox';
}

/** Long enough for the answer to `POST /sandbox/faults` to reach whoever sent it, in milliseconds. */
const answeredWithinMs = 20;
