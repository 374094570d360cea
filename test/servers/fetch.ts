import { constants, setPriority } from 'node:os';
import { CannotBeHad } from './cache.ts';
import { servers } from './servers.ts';

/*
 * Has all servers in the cache. `npm test` begins it first of all, and goes on meanwhile: whoever needs one waits for
 * it, or fetches it, and says what could not be done.
 */
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
for (const { name, fetch } of Object.values(servers)) {
  try {
    await fetch();
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    console.log(`${name}: ${error instanceof CannotBeHad ? '' : 'could not be fetched: '}${why}`);
  }
}
