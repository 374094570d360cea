// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Authority } from '../unit/core/http/identities.ts';
import { useFixture } from './fixture.ts';
import { useWorkbench } from './workbench.ts';

/** A gateway that wants a client certificate, and the connection that has one whose key is locked. */
async function mutualGateway() {
  const authority = await Authority.make();
  const mine = await authority.issue('somebody');
  const { cert, key } = await authority.issue('gateway');
  const heard: string[] = [];
  const server = createServer({ cert, key, ca: authority.cert, requestCert: true }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    heard.push(`${subject.CN} with ${request.headers['x-key']}`);
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({
        StatusCode: 200,
        Result: { SessionToken: 'a-token-of-the-gateway', Remaining: '0:30:00' },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    heard,
    connection: {
      name: 'mutual',
      kind: 'sarus',
      url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      caFile: authority.caFile,
      certFile: mine.certFile,
      keyFile: await authority.locked('locked.pem', mine, 'open sesame'),
      headers: { 'X-Key': 'v1 ${secret}' },
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await authority.remove();
    },
  };
}

describe('a passphrase and the secret of a header, as a person is asked for them', () => {
  const gateway = useFixture(mutualGateway);
  const vs = useWorkbench(() => ({ settings: { 'sessionTokens.connections': [gateway().connection] } }));

  it('D1: D2: once, masked, and a wrong passphrase again; until they sign out', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await vs().palette('Session Tokens: Sign In');
    const asked = [
      await quickInput.answer(/^Passphrase of the client certificate/, 'open barley'),
      await quickInput.answer(/does not open the client certificate/, 'open sesame'),
      await quickInput.answer(/Secret of the header X-Key/, 'key-of-the-ui-test'),
    ];
    assert.ok(asked.every(({ masked }) => masked));
    await quickInput.pick(/How do you sign in/, 'API key');
    await quickInput.answer(/API key/, 'api-key-of-the-ui-test');
    await quickInput.pick(/Remember these/, 'Only Now');
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'mutual') && rows.length > 1);
    assert.equal(gateway().heard[0], 'somebody with v1 key-of-the-ui-test');

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
