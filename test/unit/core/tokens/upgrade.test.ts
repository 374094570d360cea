import assert from 'node:assert/strict';
import { SystemClock } from '../../../../src/core/clock.ts';
import { connect } from '../../../connect.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/gateway.ts';
import type { Profile } from '../../../sandbox/releases.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../../simulate/window.ts';
import { connection, deps } from '../protocols/rig.ts';

describe('a gateway that is upgraded', () => {
  const clock = new SystemClock();
  let sandbox: Sandbox;
  let window: TestWindow;

  afterEach(async () => {
    window.dispose();
    await sandbox.close();
  });

  it('is found anew without a person, and logged off from as it is now', async () => {
    const memory = new Map<string, string>();
    sandbox = await startSandbox({ profile: 'classic' });
    const { url, port } = sandbox;
    window = new TestWindow({
      clock,
      store: new SharedStorage().window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections: [connection(url, { name: 'cra', service: 'BBI3SYSA' })],
      connect: (to) => connect(to, { ...deps(), memory }),
      name: 'w',
      maxIdleMs: () => 1e9,
    });
    const { keeper } = window;
    await keeper.load();
    await keeper.signIn('cra', { login: { username: 'demo', password: 'demo' }, remember: true });
    const get = () =>
      keeper.getData({ connection: 'cra', product: 'MVMVS', view: 'JCPU' }, { makeReader: plainReader });
    const seen = [];
    for (const profile of [undefined, 'cmi', 'newest', 'classic'] satisfies (Profile | undefined)[]) {
      if (profile !== undefined) {
        await sandbox.close();
        sandbox = await startSandbox({ profile, port });
      }
      assert.equal((await get()).totalRows, 48, profile);
      seen.push(...memory.values());
      assert.equal(sandbox.stats().sessions, 1);
    }
    assert.deepEqual(seen, ['getData', 'cmi', 'views', 'getData']);
    await keeper.signOut('cra');
    assert.deepEqual([sandbox.stats().userTokens, sandbox.stats().sessions], [0, 0]);
  });
});
