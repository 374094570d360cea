import type { Clock } from '../../src/core/clock.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  Grant,
  Login,
  Tokens,
} from '../../src/core/protocols/protocol.ts';
import { nothing, passOver } from './modelAnswers.ts';
import type { ModelServer } from './modelServer.ts';

/** Sessions under user tokens, as CRA has them. */
export class ModelCra implements Gateway {
  readonly #server: ModelServer;
  readonly #machine: Clock;

  constructor(server: ModelServer, machine: Clock) {
    this.#server = server;
    this.#machine = machine;
  }

  async signIn(login: Login, _service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      this.#server.checkLogin(login);
      return this.#server.logOn();
    };
    const { sent, result } = await this.#server.exchange(this.#machine, 'signIn', '', work, options);
    return { value: result, sent, ...this.#server.reported };
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const { user, session } = call.tokens;
    const asked = this.#machine.now();
    const work = () => {
      this.#server.useUser(user);
      if (session !== undefined && !(this.#server.moves && !this.#server.sessions.has(session))) {
        this.#server.useSession(user, session);
        if (!call.keepOpen) {
          this.#server.sessions.delete(session);
        }
        return session;
      }
      const opened = this.#server.open(user);
      if (!call.keepOpen) {
        this.#server.sessions.delete(opened);
      }
      return opened;
    };
    const late = (opened: string) => {
      if (opened !== session && call.keepOpen && this.#server.names) {
        void call.onSession?.({ value: opened, sent: asked });
      }
    };
    const { sent, result } = await this.#server.exchange(
      this.#machine,
      'getData',
      session ?? user,
      work,
      call,
      late,
    );
    const isNamed = call.keepOpen && this.#server.names;
    if (result !== session && isNamed) {
      await call.onSession?.({ value: result, sent });
    }
    return { sent, answer: nothing, totalRows: 0, ...(isNamed ? { session: result } : {}) };
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const { user, session } = tokens;
    const work = () =>
      session === undefined ? this.#server.useUser(user) : this.#server.useSession(user, session);
    const { sent } = await this.#server.exchange(this.#machine, 'keepAlive', session ?? user, work, options);
    return { value: session ?? user, sent };
  }

  async close({ user, session }: Tokens, options: CallOptions = {}): Promise<void> {
    if (session === undefined) {
      return;
    }
    const work = () => {
      this.#server.useUser(user);
      if (this.#server.sessions.get(session)?.user === user) {
        this.#server.sessions.delete(session);
      }
    };
    await this.#server.exchange(this.#machine, 'close', session, work, options).catch(passOver(404, 410));
  }

  async logOff({ user }: Tokens, options: CallOptions = {}): Promise<void> {
    const work = () => this.#server.endUser(user);
    await this.#server
      .exchange(this.#machine, 'logOff', user, work, options)
      .catch(passOver(401, 404, 405, 410));
  }

  dispose(): void {
    // Holds nothing.
  }
}
