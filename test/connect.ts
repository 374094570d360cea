import type { Connection } from '../src/core/connection.ts';
import { CraClient } from '../src/core/protocols/cra/client.ts';
import type { CraConnection } from '../src/core/protocols/cra/settings.ts';
import type { Gateway, GatewayDeps } from '../src/core/protocols/protocol.ts';
import { RestClient } from '../src/core/protocols/rest/client.ts';
import { SarusClient } from '../src/core/protocols/sarus/client.ts';

/** The client of a connection, at once; nothing is remembered for it unless a test gives a memory. */
export function connect(
  connection: Connection,
  deps: Omit<GatewayDeps, 'memory'> & Partial<Pick<GatewayDeps, 'memory'>>,
): Gateway {
  const all = { memory: new Map<string, string>(), ...deps };
  switch (connection.kind) {
    case 'sarus':
      return new SarusClient({ ...all, connection });
    case 'rest':
      return new RestClient({ ...all, connection });
    case 'bmc-cra':
      return new CraClient({ ...all, connection: connection as CraConnection });
    default:
      throw new Error(`a client of the kind ${connection.kind} is not known here`);
  }
}
