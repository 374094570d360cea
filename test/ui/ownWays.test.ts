// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import assert from 'node:assert/strict';
import { startMutualGateway } from '../mutualGateway.ts';
import { useFixture } from './fixture.ts';
import { useWorkbench } from './workbench.ts';

/** A gateway that wants a client certificate, and the connection that has one whose key is locked. */
async function lockedOut() {
  const gateway = await startMutualGateway();
  const { authority, connection, mine } = gateway;
  return {
    ...gateway,
    connection: {
      ...connection,
      certFile: mine.certFile,
      keyFile: await authority.locked('locked.pem', mine, 'open sesame'),
      headers: { 'X-Key': 'v1 ${secret}' },
    },
  };
}

describe('a passphrase and the secret of a header, as a person is asked for them', () => {
  const gateway = useFixture(lockedOut);
  const vs = useWorkbench(() => ({ settings: { 'sessionTokens.connections': [gateway().connection] } }));

  it('once, masked, and a wrong passphrase again; until they sign out', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Sign In');
    const asked = [
      await quickInput.answer(/^Passphrase of the client certificate/, 'open barley'),
      await quickInput.answer(/does not open the client certificate/, 'open sesame'),
      await quickInput.answer(/Secret of the header X-Key/, 'key-of-the-ui-test'),
    ];
    assert.ok(asked.every(({ masked }) => masked));
    // What is asked next depends on the way.
    assert.equal((await quickInput.waitFor(/How do you sign in/)).title, 'Sign In to mutual');
    await quickInput.pick(/How do you sign in/, 'API key');
    const { title } = await quickInput.answer(/API key/, 'api-key-of-the-ui-test');
    assert.equal(title, 'Sign In to mutual (2/3)');
    await quickInput.pick(/Remember these/, "Don't Remember");
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'mutual') && rows.length > 1);
    const [first] = gateway().heard;
    assert.equal(`${first?.peer} with ${first?.headers['x-key']}`, 'somebody with v1 key-of-the-ui-test');

    await vs().palette('Session Tokens: Sign In');
    await quickInput.waitFor(/How do you sign in/);
    await quickInput.cancel();
    await quickInput.waitUntilClosed();
    await vs().palette('Session Tokens: Sign Out');
    await vs().waitForRows((rows) => rows.length === 1);
    await vs().palette('Session Tokens: Sign In');
    await quickInput.waitFor(/^Passphrase of the client certificate/);
  });
});
