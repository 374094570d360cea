import type { Clock, Instant } from '../../src/core/clock.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  Grant,
  Life,
  Login,
  Tokens,
} from '../../src/core/protocols/protocol.ts';
import { nothing, passOver } from './modelAnswers.ts';
import type { ModelServer, Operation } from './modelServer.ts';

/** Tokens that are sign-in and session in one, as SARUS has them. */
export class ModelSarus implements Gateway {
  readonly #server: ModelServer;
  readonly #machine: Clock;
  readonly #turn: ((operation: Operation) => Promise<() => void>) | undefined;

  constructor(
    server: ModelServer,
    machine: Clock,
    turn: ((operation: Operation) => Promise<() => void>) | undefined,
  ) {
    this.#server = server;
    this.#machine = machine;
    this.#turn = turn;
  }

  /** A request to one of the token endpoints, when it is its turn. */
  async #exchange<T>(
    ...[operation, token, work, options, late]: Tail<Parameters<typeof ModelServer.prototype.exchange<T>>>
  ): Promise<{ sent: Instant; result: T }> {
    const ended = await this.#turn?.(operation);
    return this.#server.exchange(this.#machine, operation, token, work, options, late).finally(ended);
  }

  async signIn(login: Login, _service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      this.#server.checkLogin(login);
      return this.#server.open('');
    };
    const giveBack = (name: string) => this.#server.sessions.delete(name);
    const { sent, result } = await this.#exchange('signIn', '', work, options, giveBack);
    return { value: result, sent, reportedMs: this.#server.lifeMs };
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const name = call.tokens.user;
    const work = () => this.#server.touch(this.#server.useToken(name));
    const { sent } = await this.#server.exchange(this.#machine, 'getData', name, work, call);
    return { sent, answer: nothing, totalRows: 0 };
  }

  async keepAlive({ user }: Tokens, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      const token = this.#server.useToken(user);
      this.#server.touch(token);
      if (!this.#server.replaces) {
        return user;
      }
      this.#server.sessions.delete(user);
      const next = this.#server.name('session');
      this.#server.sessions.set(next, token);
      return next;
    };
    const { sent, result } = await this.#exchange('keepAlive', user, work, options);
    return { value: result, sent, reportedMs: this.#server.lifeMs };
  }

  async remainingLife({ user }: Tokens, options: CallOptions = {}): Promise<Life> {
    const work = () => Math.max(Math.floor(this.#server.remaining(this.#server.useToken(user))), 0);
    const { sent, result } = await this.#exchange('query', user, work, options);
    return { sent, reportedMs: result };
  }

  async close({ user }: Tokens, options: CallOptions = {}): Promise<void> {
    const work = () => {
      this.#server.useToken(user);
      this.#server.sessions.delete(user);
    };
    await this.#exchange('close', user, work, options).catch(passOver(401, 410));
  }

  dispose(): void {
    // Holds nothing.
  }
}

type Tail<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never;
