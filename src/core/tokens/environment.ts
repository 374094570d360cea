import { randomUUID } from 'node:crypto';
import type { DisposableStore } from '../disposable.ts';
import { LearningClock } from './deadline.ts';
import { Gateways } from './gateways.ts';
import { Logins } from './logins.ts';
import type { KeeperDeps, Ports } from './ports.ts';
import { TokenSync } from './tokenSync.ts';
import { TokenTable } from './tokenTable.ts';

/** What all parts of the keeper share: the window's services, the table of tokens, gateways and logins. */
export type Environment = ReturnType<typeof environmentOf>;

/**
 * Makes the table of tokens, its synchronization, the gateways and the logins.
 * @param owned disposes of what is made here
 */
export function environmentOf(deps: KeeperDeps, owned: DisposableStore) {
  const ports: Ports = { ...deps, clock: new LearningClock(deps.clock), newId: deps.newId ?? randomUUID };
  const table = owned.add(new TokenTable(ports));
  const sync = owned.add(new TokenSync({ ...ports, table }));
  const gateways = owned.add(new Gateways(ports));
  const logins = owned.add(new Logins(ports));
  return { ...ports, table, sync, gateways, logins };
}
