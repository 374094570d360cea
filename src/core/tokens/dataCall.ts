import { SingleFlight } from '../async.ts';
import type { Connection } from '../connection.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { Column, Gateway, Tokens } from '../protocols/protocol.ts';
import { type CheckedRequest, checkRequest } from '../requests/request.ts';
import { elapsed } from './deadline.ts';
import {
  type DataCallDeps,
  type DataOptions,
  type Fetched,
  fetchedOf,
  lifeAfter,
  type Opened,
  usedNow,
} from './fetched.ts';
import type { MainToken } from './record.ts';
import { refusesToken, serviceOf } from './refusal.ts';
import { SessionCall } from './sessionCall.ts';
import type { OperationOptions } from './signIn.ts';

/** Something that a gateway is asked about. */
export type About = Pick<Fetched, 'connection' | 'query'> & { readonly service?: string | undefined };
type AskAbout<T> = (gateway: Gateway, tokens: Tokens) => Promise<T | undefined>;

/** Gets data: in the open session of the same view where there is one, and mends what has expired on the way. */
export class DataCalls {
  readonly #deps: DataCallDeps;
  /** Sessions being opened, by view: who asks for the same view waits for it. */
  readonly #openings = new SingleFlight<string, Opened>();

  constructor(deps: DataCallDeps) {
    this.#deps = deps;
  }

  /** @throws `E_CONFIG` for a request that is not as it should be, else what the gateway said */
  async run(connection: Connection, input: unknown, options: DataOptions): Promise<Fetched> {
    const request = checkRequest(input, connection);
    const { sessions } = protocolOf(connection);
    if (sessions === undefined) {
      return this.#withToken(connection, request, options);
    }
    const service = serviceOf(connection, request.service ?? this.#deps.signIn.onlyService(connection));
    const query = { connection, service, view: sessions.key(request.query), request, options };
    return new SessionCall(this.#deps, this.#openings, query).run();
  }

  /** The columns of data, as its gateway defines them; none where it cannot be asked. */
  async columns(about: About, options: OperationOptions): Promise<Column[]> {
    const { signal } = options;
    const work: AskAbout<Column[]> = async (gateway, tokens) =>
      gateway.columns?.(tokens, about.query, { signal });
    return (await this.#ask(about, options, work)) ?? [];
  }

  /** What the gateway has to choose from for a member of a query; nothing where it cannot be asked. */
  async offers(about: About, member: string, options: OperationOptions): Promise<string[]> {
    const { signal } = options;
    const work: AskAbout<string[]> = async (gateway, tokens) =>
      gateway.offers?.(tokens, member, about.query, { signal });
    return (await this.#ask(about, options, work)) ?? [];
  }

  /** Asks the gateway as who is signed in; signs in for it only where a person can be asked. */
  async #ask<T>(
    { connection: name, service }: About,
    options: OperationOptions,
    work: AskAbout<T>,
  ): Promise<T | undefined> {
    const { calls, env, signIn } = this.#deps;
    const connection = env.gateways.connection(name);
    const gateway = await env.gateways.gateway(connection);
    const mayAsk = options.askLogin !== undefined;
    const user = mayAsk
      ? await signIn.current(connection, service, options)
      : signIn.find(connection, service);
    const ask = (token: MainToken) =>
      env.logins.withGatewayLogin(connection, options.askGatewayLogin, async () =>
        work(gateway, await calls.tokensOf(token)),
      );
    const asked = env.clock.now();
    try {
      return user === undefined ? undefined : await ask(user);
    } catch (error) {
      if (!mayAsk || user === undefined || !refusesToken(error)) {
        throw error;
      }
      await calls.markDead(user, asked);
      return ask(await signIn.again(connection, service, options, user));
    }
  }

  /** Where the token of the sign-in is the session. */
  async #withToken(connection: Connection, request: CheckedRequest, options: DataOptions): Promise<Fetched> {
    const { calls, env, signIn } = this.#deps;
    const gateway = await env.gateways.gateway(connection);
    const { query } = request;
    const call = async (token: MainToken, reused: boolean): Promise<Fetched> => {
      const { makeReader, signal } = options;
      const tokens = { user: token.value };
      const got = await gateway.getData({ tokens, query, keepOpen: true, makeReader, signal });
      const elapsedMs = elapsed(got.sent, env.clock.now());
      // A successful data call renews the token to its full life (docs/protocols.md 1).
      await env.sync.applyLife(token, lifeAfter(got, token), usedNow(env), 'soon');
      return fetchedOf(env, { connection, query }, { got, held: env.table.get(token.id), elapsedMs }, reused);
    };
    const before = signIn.find(connection, undefined);
    const token = await signIn.current(connection, undefined, options);
    const asked = env.clock.now();
    try {
      return await call(token, token.value === before?.value);
    } catch (error) {
      if (!refusesToken(error)) {
        throw error;
      }
      await calls.markDead(token, asked);
      return call(await signIn.again(connection, undefined, options, token), false);
    }
  }
}
