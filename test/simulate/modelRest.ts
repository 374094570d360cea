import type { Clock } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
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
import type { Description } from '../../src/core/protocols/rest/description.ts';
import { toldIn } from '../../src/core/protocols/rest/life.ts';
import { descriptionOf } from '../../src/core/protocols/rest/request.ts';
import { nothing, passOver, refusal } from './modelAnswers.ts';
import type { ModelServer } from './modelServer.ts';

/** What one sign-in has handed out: a token at a time, and what gets the next one, once. Empty when it is over. */
interface Family {
  token: string;
  refresh: string;
}

/** Refresh tokens that are used once: who uses one again ends all that came of its sign-in (RFC 9700, 4.14). */
export class Families {
  /** By every refresh token that was ever handed out. */
  readonly #all = new Map<string, Family>();

  begin(token: string, refresh: string): void {
    this.#all.set(refresh, { token, refresh });
  }

  /** The family of a refresh token that nobody has used. What is used again ends it. */
  use(refresh: string, end: (token: string) => void): Family {
    const family = this.#all.get(refresh);
    if (family === undefined) {
      throw refusal(400);
    }
    end(family.token);
    if (family.refresh !== refresh) {
      family.refresh = '';
      throw refusal(400);
    }
    return family;
  }

  next(family: Family, token: string, refresh: string): void {
    Object.assign(family, { token, refresh });
    this.#all.set(refresh, family);
  }

  /** The refresh token that goes with a token; empty where that is over, undefined where there never was one. */
  refreshOf(token: string): string | undefined {
    return [...this.#all.values()].find((family) => family.token === token)?.refresh;
  }

  end(token: string): void {
    for (const family of this.#all.values()) {
      if (family.token === token) {
        family.refresh = '';
      }
    }
  }

  clear(): void {
    this.#all.clear();
  }
}

/** An API that a connection describes: its tokens slide or not, and are renewed by themselves, by refresh tokens or not at all. */
export class ModelRest implements Gateway {
  readonly #server: ModelServer;
  readonly #machine: Clock;
  readonly #description: Description;
  readonly renewsDead: boolean;
  readonly remainingLife?: NonNullable<Gateway['remainingLife']>;

  constructor(server: ModelServer, connection: Connection, machine: Clock) {
    this.#server = server;
    this.#machine = machine;
    this.#description = descriptionOf(connection);
    this.renewsDead = Object.hasOwn(this.#description.keep, 'refreshToken');
    if (this.#description.query !== undefined) {
      this.remainingLife = (tokens, options) => this.#ask(tokens, options);
    }
  }

  async signIn(login: Login, _service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      this.#server.checkLogin(login);
      const token = this.#server.open('');
      if (!this.renewsDead) {
        return { token };
      }
      const refreshToken = this.#server.name('refresh');
      this.#server.families.begin(token, refreshToken);
      return { token, more: { refreshToken } };
    };
    const giveBack = ({ token }: { readonly token: string }) => {
      if (this.#description.revoke !== undefined) {
        this.#end(token);
      }
    };
    const { sent, result } = await this.#server.exchange(
      this.#machine,
      'signIn',
      '',
      work,
      options,
      giveBack,
    );
    return { value: result.token, sent, ...this.#told, ...(result.more && { more: result.more }) };
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const name = call.tokens.user;
    const { sliding } = this.#description.life;
    const work = () => {
      const token = this.#server.useToken(name);
      if (sliding) {
        this.#server.touch(token);
      }
    };
    const { sent } = await this.#server.exchange(this.#machine, 'getData', name, work, call);
    return { sent, answer: nothing, totalRows: 0, ...(sliding ? {} : { isUnchanged: true }) };
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const work = () => (this.renewsDead ? this.#refresh(tokens) : this.#renew(tokens.user));
    const { sent, result } = await this.#server.exchange(
      this.#machine,
      'keepAlive',
      tokens.user,
      work,
      options,
    );
    return { ...result, sent, ...this.#told };
  }

  async close({ user }: Tokens, options: CallOptions = {}): Promise<void> {
    if (this.#description.revoke === undefined) {
      return;
    }
    const work = () => {
      this.#server.useToken(user);
      this.#end(user);
    };
    await this.#server.exchange(this.#machine, 'close', user, work, options).catch(passOver(401, 404, 410));
  }

  dispose(): void {
    // Holds nothing.
  }

  get #told(): { reportedMs?: number } {
    return toldIn(this.#description.life) ? { reportedMs: this.#server.lifeMs } : {};
  }

  #end(token: string): void {
    this.#server.sessions.delete(token);
    this.#server.families.end(token);
  }

  #renew(value: string): Pick<Grant, 'value'> {
    this.#server.touch(this.#server.useToken(value));
    return { value };
  }

  #refresh({ more = {} }: Tokens): Pick<Grant, 'value' | 'more'> {
    const { families, sessions } = this.#server;
    const family = families.use(more.refreshToken ?? '', (token) => sessions.delete(token));
    const value = this.#server.open('');
    const refreshToken = this.#server.name('refresh');
    families.next(family, value, refreshToken);
    return { value, more: { refreshToken } };
  }

  async #ask({ user }: Tokens, options: CallOptions = {}): Promise<Life> {
    const work = () => Math.max(Math.floor(this.#server.remaining(this.#server.useToken(user))), 0);
    const { sent, result } = await this.#server.exchange(this.#machine, 'query', user, work, options);
    return { sent, reportedMs: result };
  }
}
