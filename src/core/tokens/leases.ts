import type { KeeperDeps } from './ports.ts';
import { syncDelayMs } from './store.ts';

/** How often a window checks whether another one has given a lease back, in milliseconds. */
export const pollMs = 200;

type LeaseDeps = Pick<KeeperDeps, 'claims' | 'log' | 'scheduler'>;

/** As `lease` of the claims, but true where windows cannot agree: done twice is better than not at all. */
export async function lease(
  { claims, log, scheduler }: LeaseDeps,
  key: string,
  staleMs: number,
): Promise<boolean> {
  scheduler.cancel(key); // What is to be done now would lose the lease when the work before has been heard of.
  try {
    return await claims.lease(key, staleMs);
  } catch (error) {
    log.warn(`Windows cannot agree on ${key}: ${String(error)}`);
    return true;
  }
}

/** Lets another window have a lease or a claim. */
export async function release({ claims }: Pick<LeaseDeps, 'claims'>, key: string): Promise<void> {
  await claims.release(key).catch(() => undefined); // It goes stale, or the next start deletes it.
}

/** The same when all windows have heard of what was done with it. */
export function releaseWhenHeard(deps: LeaseDeps, key: string): void {
  deps.scheduler.after(key, syncDelayMs, () => void release(deps, key));
}
