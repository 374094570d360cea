// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Authority, type Identity } from '../unit/core/http/identities.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

describe('client certificates and headers: in VS Code', () => {
  let authority: Authority;
  let mine: Identity;
  let server: Server;
  let gateway: { name: string; kind: string; url: string; caFile: string };
  let heard: { peer: string; headers: IncomingHttpHeaders }[];

  before(async () => {
    authority = await Authority.make();
    mine = await authority.issue('somebody');
    const { cert, key } = await authority.issue('gateway');
    server = createServer({ cert, key, ca: authority.cert, requestCert: true }, (request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
      heard.push({ peer: String(peer), headers: request.headers });
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({
          StatusCode: 200,
          Result: { SessionToken: 'a-token-of-the-gateway', Remaining: '0:30:00' },
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    gateway = { name: 'mutual', kind: 'sarus', url, caFile: authority.caFile };
  });

  beforeEach(() => {
    heard = [];
  });

  after(async () => {
    await removeConnections();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await authority.remove();
  });

  const signIn = async () => (await activated()).signIn('mutual', { apiKey: 'key-of-the-host-test' });

  it('D1: a gateway that wants a certificate says so, and lets in whoever has one', async () => {
    await setConnections([gateway]);
    await assert.rejects(signIn, { code: 'E_TLS', message: /wants a client certificate.*certFile/ });
    await setConnections([{ ...gateway, certFile: mine.certFile, keyFile: mine.keyFile }]);
    assert.equal((await signIn()).state, 'live');
    assert.equal(heard.at(-1)?.peer, 'somebody');
  });

  it('D1: a locked key is opened for no program that lacks its passphrase', async () => {
    const keyFile = await authority.locked('locked.pem', mine, 'a passphrase');
    await setConnections([{ ...gateway, certFile: mine.certFile, keyFile }]);
    const lacking = { code: 'E_CREDENTIALS', message: /passphrase/ };
    await assert.rejects(signIn, lacking);
    await assert.rejects(run('getData', { connection: 'mutual', endpoint: 'GetIt' }), lacking);
    assert.equal(heard.length, 0);
  });

  it('D1: a file that is no certificate is E_CONFIG', async () => {
    await setConnections([{ ...gateway, pfxFile: mine.keyFile }]);
    await assert.rejects(signIn, { code: 'E_CONFIG', message: /PKCS#12/ });
  });

  it('D2: headers are sent, and nothing where the secret of one is not known', async () => {
    const { certFile, keyFile } = mine;
    await setConnections([{ ...gateway, certFile, keyFile, headers: { 'X-Team': 'blue' } }]);
    await signIn();
    assert.equal(heard.at(-1)?.headers['x-team'], 'blue');
    heard = [];
    await setConnections([{ ...gateway, certFile, keyFile, headers: { 'X-Key': '${secret}' } }]);
    await assert.rejects(signIn, { code: 'E_CREDENTIALS', message: /X-Key/ });
    assert.equal(heard.length, 0);
  });
});
