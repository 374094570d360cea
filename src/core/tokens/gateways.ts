import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import type { Event } from '../event.ts';
import type { Log } from '../log.ts';
import { identityOf, protocolOf } from '../protocols/kinds.ts';
import type { Gateway } from '../protocols/protocol.ts';
import type { TokenRecord } from './record.ts';
import type { CredentialStore, Credentials } from './store.ts';

/** How many requests are sent to a gateway at once, at most. */
export const maxAtOnce = 8;

export interface ConnectionSource {
  all(): readonly Connection[];
  find(name: unknown): Connection | undefined;
  /** @throws `E_CONFIG` where there is no connection of that name */
  get(name: unknown): Connection;
  readonly onDidChange: Event<void>;
}

interface GatewaysDeps {
  readonly connections: ConnectionSource;
  readonly connect: (connection: Connection) => Promise<Gateway>;
}

/** One gateway for each connection, made when it is first needed and again when its settings have changed. */
export class Gateways extends Part<GatewaysDeps> {
  readonly #open = new Map<string, { readonly settings: string; readonly gateway: Promise<Gateway> }>();

  constructor(deps: GatewaysDeps) {
    super(deps);
    this.add(
      deps.connections.onDidChange(() =>
        this.#closeSome((name, settings) => JSON.stringify(deps.connections.find(name)) !== settings),
      ),
    );
    this.add({ dispose: () => this.#closeSome(() => true) });
  }

  async gateway(connection: Connection): Promise<Gateway> {
    const settings = JSON.stringify(connection);
    const known = this.#open.get(connection.name);
    if (known?.settings === settings) {
      return known.gateway;
    }
    this.#close(connection.name);
    const gateway = this.deps.connect(connection);
    const entry = { settings, gateway };
    this.#open.set(connection.name, entry);
    gateway.catch(() => {
      if (this.#open.get(connection.name) === entry) {
        this.#open.delete(connection.name);
      }
    });
    return gateway;
  }

  /** @param which of those that are open, by the settings that they were made with */
  #closeSome(which: (name: string, settings: string) => boolean): void {
    for (const [name, { settings }] of [...this.#open]) {
      if (which(name, settings)) {
        this.#close(name);
      }
    }
  }

  #close(name: string): void {
    const known = this.#open.get(name);
    this.#open.delete(name);
    known?.gateway.then(
      (gateway) => gateway.dispose(),
      () => undefined, // It was never opened, and the caller got the error.
    );
  }
}

/** What a person gave for where a connection leads now. A storage that cannot be read counts as empty: it is logged. */
export async function credentialsOf(
  connection: Connection,
  store: CredentialStore,
  log: Log,
): Promise<Credentials | undefined> {
  try {
    const found = await store.read(connection.name);
    return found !== undefined && belongsTo(connection, found) ? found : undefined;
  } catch (error) {
    log.error(`Reading the credentials failed: ${String(error)}`);
    return undefined;
  }
}

/** Whether a token or a login may be sent to a connection: only to what it is bound to, and no token to another kind. */
export function belongsTo(
  connection: Connection,
  issued: { readonly origin: string; readonly level?: TokenRecord['level'] },
): boolean {
  const isSole = protocolOf(connection).sessions === undefined;
  const isOfKind = issued.level === undefined || (issued.level === 'sole') === isSole;
  return isOfKind && identityOf(connection) === issued.origin;
}
