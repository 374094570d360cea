import { equal, ok } from 'node:assert/strict';
import { lease, releaseWhenHeard } from '../../../../src/core/tokens/leases.ts';
import { Scheduler } from '../../../../src/core/tokens/scheduler.ts';
import { syncDelayMs } from '../../../../src/core/tokens/store.ts';
import { SharedClaims } from '../../../simulate/shared.ts';
import { FakeClock } from '../../fakeClock.ts';
import { MemoryLog } from '../protocols/rig.ts';

describe('tokens: leases', () => {
  it('are kept by a second work until windows have heard of that, too', async () => {
    const clock = new FakeClock();
    const claims = new SharedClaims(() => clock.now().up);
    const [mine, other] = ['a', 'b'].map((name) => claims.window(name));
    ok(mine && other);
    await mine.enter();
    await other.enter();
    const deps = { claims: mine, scheduler: new Scheduler(clock), log: new MemoryLog() };
    const isFree = async (): Promise<boolean> => other.lease('k', 60_000);

    ok(await lease(deps, 'k', 60_000));
    releaseWhenHeard(deps, 'k');
    await clock.advance(syncDelayMs / 2);
    ok(await lease(deps, 'k', 60_000));
    await clock.advance(syncDelayMs);
    equal(await isFree(), false);
    releaseWhenHeard(deps, 'k');
    await clock.advance(syncDelayMs + 1000);
    ok(await isFree());
  });
});
