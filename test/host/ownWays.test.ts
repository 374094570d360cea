// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import assert from 'node:assert/strict';
import { type MutualGateway, startMutualGateway } from '../mutualGateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

describe('client certificates and headers: in VS Code', () => {
  let gateway: MutualGateway;

  before(async () => {
    gateway = await startMutualGateway();
  });

  beforeEach(() => {
    gateway.heard.length = 0;
  });

  after(async () => {
    await removeConnections();
    await gateway.close();
  });

  const signIn = async () => (await activated()).signIn('mutual', { apiKey: 'key-of-the-host-test' });

  it('a gateway that wants a certificate says so, and lets in whoever has one', async () => {
    const { connection, heard, mine } = gateway;
    await setConnections([connection]);
    await assert.rejects(signIn, { code: 'E_TLS', message: /wants a client certificate.*certFile/ });
    await setConnections([{ ...connection, certFile: mine.certFile, keyFile: mine.keyFile }]);
    assert.equal((await signIn()).state, 'live');
    assert.equal(heard.at(-1)?.peer, 'somebody');
  });

  it('a locked key is opened for no program that lacks its passphrase', async () => {
    const { authority, connection, heard, mine } = gateway;
    const keyFile = await authority.locked('locked.pem', mine, 'a passphrase');
    await setConnections([{ ...connection, certFile: mine.certFile, keyFile }]);
    const lacking = { code: 'E_CREDENTIALS', message: /passphrase/ };
    await assert.rejects(signIn, lacking);
    await assert.rejects(run('getData', { connection: 'mutual', endpoint: 'GetIt' }), lacking);
    assert.equal(heard.length, 0);
  });

  it('a file that is no certificate is E_CONFIG', async () => {
    const { connection, mine } = gateway;
    await setConnections([{ ...connection, pfxFile: mine.keyFile }]);
    await assert.rejects(signIn, { code: 'E_CONFIG', message: /PKCS#12/ });
  });

  it('headers are sent, and nothing where the secret of one is not known', async () => {
    const { connection, heard, mine } = gateway;
    const { certFile, keyFile } = mine;
    await setConnections([{ ...connection, certFile, keyFile, headers: { 'X-Team': 'blue' } }]);
    await signIn();
    assert.equal(heard.at(-1)?.headers['x-team'], 'blue');
    heard.length = 0;
    await setConnections([{ ...connection, certFile, keyFile, headers: { 'X-Key': '${secret}' } }]);
    await assert.rejects(signIn, { code: 'E_CREDENTIALS', message: /X-Key/ });
    assert.equal(heard.length, 0);
  });
});
