import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/gateway.ts';
import { outDir, root } from '../workbench/paths.ts';
import { runOrThrow } from '../workbench/processes.ts';
import { installExtension, serverCommand } from '../workbench/server.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, signIn } from './sessions.ts';
import { useWorkbench } from './workbench.ts';

/** Another extension (test/sample-extension) gets a token by VS Code's own sign-in, if its person agrees. */
describe('security: a token for another extension', () => {
  const { UI_DATA_DIR: dataDir = '' } = process.env;
  before('install the other extension', async function () {
    this.timeout(60_000);
    const vsix = join(outDir, 'sample.vsix');
    const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
    const options = ['--allow-missing-repository', '--skip-license', '--no-dependencies', '--out', vsix];
    await runOrThrow(process.execPath, [vsce, 'package', ...options], {
      cwd: join(root, 'test/sample-extension'),
    });
    await installExtension({ dataDir }, vsix);
  });
  after('take it away', async function () {
    this.timeout(60_000);
    await serverCommand({ dataDir }, ['--uninstall-extension', 'session-tokens.session-tokens-sample']);
  });
  const sandbox = useFixture(startSandbox);
  const vs = useWorkbench(() => ({ settings: connectionTo(sandbox().url) }));

  it('comes after its person has agreed, and is gone when they have it forgotten', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await signIn(vs());
    await vs().waitForRows((rows) => rows.length === 2);

    // Declining gives no token.
    await vs().palette('Sample: Own Request');
    await quickInput.answer(/Connection/, 'host');
    await vs().answerDialog(/Sample neighbour.*BMC AMI Common REST API/, 'Cancel');
    await vs().answerDialog(/did not consent/, 'OK');
    const told = async () => (await vs().notifications()).map(({ message }) => message);
    assert.ok((await told()).every((message) => !/a token of/.test(message)));

    await vs().palette('Sample: Own Request');
    await quickInput.answer(/Connection/, 'host');
    await vs().answerDialog(/Sample neighbour/, 'Allow');
    // Where there is a session that others hold, VS Code asks which one is meant.
    await quickInput.pick(/account/i, 'BBI3SYSA (host)');
    await vs().notification(/Sample: a token of BBI3SYSA \(host\)/);
    assert.equal(sandbox().stats().userTokens, 1, 'the token is the one that was there');

    await vs().rowMenu('BBI3SYSA', 'Forget User Token');
    await vs().notification(/Sample: no token of host any more/);
    await vs().waitForRows((rows) => rows.length === 1);
  });
});
