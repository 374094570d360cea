import { SingleFlight } from '../async.ts';
import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { CallOptions, Column, Gateway, Tokens } from '../protocols/protocol.ts';
import { notRelayed, type Script, type ScriptRequest } from '../protocols/relayed.ts';
import { checkRequest } from '../requests/request.ts';
import type { MainToken } from './record.ts';
import { serviceOf } from './refusal.ts';
import type { DataCallDeps, DataOptions, Fetched, Opened } from './sessionCall.ts';
import { SessionCall } from './sessionCall.ts';
import type { OperationOptions } from './signIn.ts';

/** Something that a gateway is asked about. */
export type About = Pick<Fetched, 'connection' | 'query'> & { readonly service?: string | undefined };

export type RelayOptions = Omit<DataOptions, 'relayed'> & { readonly script: Script };

/** Gets data: in the open session of the same view where there is one, and mends what has expired on the way. */
export class DataCalls extends Part<DataCallDeps> {
  /** Sessions being opened, by view: who asks for the same view waits for it. */
  readonly #openings = new SingleFlight<string, Opened>();

  /** @throws `E_CONFIG` for a request that is not as it should be, else what the gateway said */
  async run(connection: Connection, input: unknown, options: DataOptions): Promise<Fetched> {
    const request = checkRequest(input, connection);
    const { sessions } = protocolOf(connection);
    const service = serviceOf(connection, request.service ?? this.deps.signIn.onlyService(connection));
    const view = sessions?.key(request.query) ?? '';
    const call = new SessionCall(this.deps, this.#openings, { connection, service, view, request, options });
    return sessions === undefined ? call.withToken() : call.run();
  }

  /**
   * Sends a script's request on.
   * @throws `E_CONFIG` for one about tokens, else what the gateway said
   */
  async relay(connection: Connection, script: ScriptRequest, options: RelayOptions): Promise<Fetched> {
    const { relay, sessions } = protocolOf(connection);
    const asked = relay(script, connection);
    if (asked === undefined) {
      throw notRelayed();
    }
    const { request, query = {}, keepOpen = true } = asked;
    const named = asked.service ?? connection.service ?? this.deps.signIn.onlyService(connection);
    const service = serviceOf(connection, named);
    const view = (asked.query && sessions?.key(asked.query)) ?? '';
    const call = new SessionCall(this.deps, this.#openings, {
      ...{ connection, service, view },
      request: { query, service, session: 'reuse', keepOpen },
      options: { ...options, relayed: { request, script: options.script } },
    });
    return view === '' ? call.withToken() : call.run();
  }

  /** The columns of data, as its gateway defines them; none where it cannot be asked. */
  async columns(about: About, options: OperationOptions): Promise<Column[]> {
    return this.#ask(about, options, async (gateway, tokens, call) =>
      gateway.columns?.(tokens, about.query, call),
    );
  }

  /** What the gateway has to choose from for a member of a query; nothing where it cannot be asked. */
  async offers(about: About, member: string, options: OperationOptions): Promise<string[]> {
    return this.#ask(about, options, async (gateway, tokens, call) =>
      gateway.offers?.(tokens, member, about.query, call),
    );
  }

  /** Asks the gateway as who is signed in; signs in for it only where a person can be asked. */
  async #ask<T>(
    { connection: name, service }: About,
    options: OperationOptions,
    work: (gateway: Gateway, tokens: Tokens, call: CallOptions) => Promise<T[] | undefined>,
  ): Promise<T[]> {
    const { calls, connections, signIn } = this.deps;
    const connection = connections.get(name);
    const { askLogin, signal } = options;
    const ask = async (token: MainToken) =>
      (await calls.call(token, options, (gateway, tokens) => work(gateway, tokens, { signal }))) ?? [];
    if (askLogin !== undefined) {
      return signIn.withToken({ connection, service }, options, ask);
    }
    const token = signIn.find({ connection, service });
    return token === undefined ? [] : ask(token);
  }
}
