import assert from 'node:assert/strict';
import { SystemClock } from '../../../../src/core/clock.ts';
import { cra } from '../../../../src/core/protocols/cra/protocol.ts';
import { connect } from '../../../connect.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/gateway.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { TestWindow } from '../../../simulate/window.ts';
import { connection, deps } from '../protocols/rig.ts';

describe('what there is to choose from for a request', () => {
  const clock = new SystemClock();
  const about = { connection: 'cra', query: { product: 'MVMVS', view: 'JCPU' } };
  const askLogin = async () => ({ login: { username: 'demo', password: 'demo' }, remember: false });
  let sandbox: Sandbox;
  let window: TestWindow;

  beforeEach(async () => {
    sandbox = await startSandbox();
    window = new TestWindow({
      clock,
      store: new SharedStorage().window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections: [connection(sandbox.url, { name: 'cra', service: 'BBI3SYSA' })],
      connect: (to) => connect(to, deps()),
      name: 'w',
      maxIdleMs: () => 1e9,
    });
    await window.keeper.load();
  });

  afterEach(async () => {
    window.dispose();
    await sandbox.close();
  });

  it('is nothing while nobody is signed in, and no reason to sign in by itself', async () => {
    assert.deepEqual(await window.keeper.offers(about, 'system'), []);
    assert.deepEqual(await window.keeper.columns(about), []);
    assert.equal(sandbox.stats().userTokens, 0);
  });

  it('comes after a sign-in, and after another one where the token has died', async () => {
    for (let signIns = 1; signIns < 3; signIns++) {
      assert.deepEqual(await window.keeper.offers(about, 'system', { askLogin }), ['SYSA', 'SYSB']);
      assert.equal((await window.keeper.columns(about, { askLogin }))[0]?.label, 'Jobname');
      assert.equal(sandbox.stats().userTokens, 1);
      sandbox.setFaults({ fault: 'restart' });
    }
  });

  it('is written as the gateway reads it: sorts by ids, filters by fields', async () => {
    const [, , , , , , sort, filter] = cra.dialog.options ?? [];
    const columns = await window.keeper.columns(about, { askLogin });
    const named = (field: string) => columns.find((column) => column.field === field) ?? { field, label: '' };
    assert.deepEqual(
      [
        sort?.ofColumns?.term(named('ASGJBID'), 'D'),
        sort?.ofColumns?.term({ field: 'NOID', label: '' }, 'A'),
        filter?.ofColumns?.term(named('ASGNAME'), 'CICS*'),
      ],
      ['B.D', 'NOID.A', 'ASGNAME=CICS*'],
    );
  });
});
