import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type Answer, json } from '../../src/sandbox/answer.ts';
import type { Call } from '../../src/sandbox/call.ts';
import { isControl, type SandboxOptions as PlainOptions, SandboxServer } from '../../src/sandbox/gateway.ts';
import { bigView } from './bigView.ts';
import type { TlsIdentity } from './certificate.ts';
import { type FaultRule, FaultRuleError, parseFaultRules } from './faultRules.ts';
import { type ActiveRule, Faults } from './faults.ts';
import { Outage } from './outage.ts';
import { type Quirks, quirkyAnswer } from './quirks.ts';
import { Striker } from './striker.ts';

export interface SandboxOptions extends PlainOptions {
  /** Serves https with this key and certificate. */
  readonly tls?: TlsIdentity | undefined;
  /** Path under which everything but `/sandbox/…` is found, as behind a proxy: `/proxy`. Default: none. */
  readonly prefix?: string | undefined;
  /** What the protocols leave open, decided otherwise than by default. */
  readonly quirks?: Quirks | undefined;
}

/** The sandbox gateway that can fail on purpose. Same rules as for `startSandbox` of the extension. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = new Sandbox(options);
  await sandbox.open();
  return sandbox;
}

/** A running gateway and its faults, which are also set by `POST /sandbox/faults`. */
export class Sandbox extends SandboxServer {
  readonly #quirks: Quirks;
  readonly #scheme: 'http' | 'https';
  readonly #prefix: string;
  readonly #faults = new Faults();
  readonly #outage = new Outage(this.listener);
  readonly #striker = new Striker(this.setup.state, this.sarus, this.#outage, () => this.url);

  constructor({ quirks = {}, prefix = '', tls, ...options }: SandboxOptions) {
    super({
      ...options,
      moreViews: [bigView()],
      createServer: tls === undefined ? undefined : (serve) => createServer(tls, serve),
    });
    this.#quirks = quirks;
    this.#prefix = prefix;
    this.#scheme = tls === undefined ? 'http' : 'https';
  }

  override get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}${this.#prefix}`;
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

  /** No fault ever strikes a request for the sandbox itself. */
  protected override async respond(
    call: Call,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const rule = isControl(call) ? undefined : this.#faults.strike(call);
    await (rule === undefined
      ? super.respond(call, request, response)
      : this.#striker.strike(rule, call, response, () => this.answer(call)));
  }

  protected override answer(call: Call): Answer {
    const prefix = this.#prefix.split('/').slice(1);
    const path = prefix.every((part, at) => call.path[at] === part)
      ? call.path.slice(prefix.length)
      : ['outside of the prefix'];
    return quirkyAnswer(this.#quirks, this.setup, { ...call, path }, (one) => super.answer(one));
  }

  /** `GET`, `POST` and `DELETE /sandbox/faults`, beside what the extension's sandbox answers. */
  protected override control(call: Call, request: IncomingMessage): Answer {
    const answer = super.control(call, request);
    if (answer.status !== 404 || call.path[1] !== 'faults') {
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

/** Long enough for the answer to `POST /sandbox/faults` to reach whoever sent it, in milliseconds. */
const answeredWithinMs = 20;
