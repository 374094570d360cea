import { Cra, type CraDeps } from './cra.ts';
import type { Gateway } from './gateway.ts';
import type { HttpDeps } from './http.ts';
import { Sarus } from './sarus.ts';

/** What a gateway's client needs besides its connection. */
export type GatewayDeps = Omit<HttpDeps, 'connection'> & Pick<CraDeps, 'remembered' | 'onDialect'>;

/** The client of a connection; the entry of the bundle that is loaded when the first of them is needed. */
export function connect(connection: HttpDeps['connection'], deps: GatewayDeps): Gateway {
  return connection.kind === 'sarus' ? new Sarus({ ...deps, connection }) : new Cra({ ...deps, connection });
}
