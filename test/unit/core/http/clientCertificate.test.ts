import { equal, match, ok } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ConnectionSecrets } from '../../../../src/core/connection.ts';
import { HttpClient } from '../../../../src/core/http/client.ts';
import {
  closeServers,
  connection,
  type Deps,
  deps,
  failure,
  json,
  serve,
  type TestServer,
} from '../protocols/rig.ts';
import { Authority, type Identity } from './identities.ts';

const get = { method: 'GET', path: '/a', idempotent: true } as const;
const passphrase = 'correct horse ünd battery';

describe('protocols: client certificates', () => {
  let authority: Authority;
  let mine: Identity;
  const clients: HttpClient[] = [];
  const servers: Server[] = [];

  before(async () => {
    authority = await Authority.make();
    mine = await authority.issue('somebody');
  });

  after(() => authority.remove());

  afterEach(async () => {
    for (const one of clients.splice(0)) {
      one.dispose();
    }
    await closeServers();
    for (const one of servers.splice(0)) {
      await new Promise((resolve) => one.close(resolve));
    }
  });

  function client(
    url: string,
    more: Record<string, unknown>,
    secrets: ConnectionSecrets | (() => Promise<ConnectionSecrets>) = {},
    parts: Partial<Deps> = {},
  ): HttpClient {
    const made = new HttpClient({
      ...deps(parts),
      connection: connection(url, { caFile: authority.caFile, ...more }),
      secrets: typeof secrets === 'function' ? secrets : async () => secrets,
    });
    clients.push(made);
    return made;
  }

  /** A gateway that lets in only whom the authority vouches for; its answer names them. */
  async function gateway(version: 'TLSv1.2' | 'TLSv1.3'): Promise<TestServer & { url: string }> {
    const { cert, key } = await authority.issue('gateway');
    const server = await serve(
      ({ socket }, response) =>
        json(response, { peer: (socket as TLSSocket).getPeerCertificate().subject.CN }),
      (listener) =>
        createTlsServer(
          { cert, key, ca: authority.cert, requestCert: true, minVersion: version, maxVersion: version },
          listener,
        ),
    );
    return { ...server, url: server.url.replace('http:', 'https:') };
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    describe(version, () => {
      let url: string;
      let served: TestServer;

      beforeEach(async () => {
        served = await gateway(version);
        url = served.url;
      });

      it('a certificate and its key let in', async () => {
        const http = client(url, { certFile: mine.certFile, keyFile: mine.keyFile });
        for (const idempotent of [true, false]) {
          match((await http.send({ ...get, idempotent })).text, /somebody/);
        }
      });

      it('one file may hold both, and be used without a file of authorities', async () => {
        const both = await authority.file('both.pem', `${mine.key}\n${mine.cert}`);
        const own = { certFile: both, caFile: undefined, rejectUnauthorized: false };
        match((await client(url, own).send(get)).text, /somebody/);
      });

      it('a locked key opens with its passphrase, which nobody sees', async () => {
        const parts = deps();
        for (const type of ['pkcs8', 'sec1'] as const) {
          const keyFile = await authority.locked('locked.pem', mine, passphrase, type);
          const own = { certFile: mine.certFile, keyFile };
          match((await client(url, own, { passphrase }, parts).send(get)).text, /somebody/);
          await failure(client(url, own, { passphrase: 'wrong one' }).send(get), 'E_CREDENTIALS');
          await failure(client(url, own).send(get), 'E_CREDENTIALS');
        }
        equal(parts.redactor.redact(`with ${passphrase}`), 'with ‹redacted›');
        ok(!parts.log.lines.join('\n').includes(passphrase));
      });

      it('a PKCS#12 file opens with its passphrase, and without one where it has none', async function () {
        const pfxFile = await authority.pfx('mine.pfx', mine, 'pass-4711');
        const open = await authority.pfx('open.pfx', mine, '');
        if (pfxFile === undefined || open === undefined) {
          this.skip();
        }
        match((await client(url, { pfxFile }, { passphrase: 'pass-4711' }).send(get)).text, /somebody/);
        match((await client(url, { pfxFile: open }).send(get)).text, /somebody/);
      });

      it('whoever sends none is told that one is wanted, and where to name it', async () => {
        const error = await failure(client(url, {}).send(get), 'E_TLS');
        match(error.message, /client certificate.*certFile and keyFile, or in pfxFile/);
        ok(!/is not trusted/.test(error.message), error.message);
        equal(served.got.length, 0);
      });
    });
  }

  it('what another file holds is used once the gateway has refused the first', async () => {
    const { url } = await gateway('TLSv1.3');
    const late = await authority.issue('renewed', new Date(Date.now() - 86_400_000));
    const http = client(url, { certFile: late.certFile, keyFile: late.keyFile });
    await failure(http.send(get), 'E_NETWORK'); // Node's servers break off without a word.
    await authority.issue('renewed');
    match((await http.send(get)).text, /renewed/);
  });

  it('without the passphrase, or with a wrong one, nothing is sent: E_CREDENTIALS', async () => {
    const served = await gateway('TLSv1.3');
    const keyFile = await authority.locked('locked.pem', mine, passphrase);
    let secrets: ConnectionSecrets = {};
    const http = client(served.url, { certFile: mine.certFile, keyFile }, async () => secrets);
    const lacking = await failure(http.send(get), 'E_CREDENTIALS');
    match(lacking.message, /needs a passphrase/);
    equal(lacking.details.sent, false);
    secrets = { passphrase: 'some wrong passphrase' };
    const wrong = await failure(http.send(get), 'E_CREDENTIALS');
    match(wrong.message, /passphrase does not open/);
    ok(!JSON.stringify([wrong.message, wrong.details]).includes('some wrong'));
    equal(served.got.length, 0);
    secrets = { passphrase };
    match((await http.send(get)).text, /somebody/);
    // Another window has signed out: it is not used any more.
    secrets = {};
    await failure(http.send(get), 'E_CREDENTIALS');
  });

  it('so is a PKCS#12 file', async function () {
    const { url } = await gateway('TLSv1.3');
    const pfxFile = await authority.pfx('mine.pfx', mine, 'pass-4711');
    if (pfxFile === undefined) {
      this.skip();
    }
    match((await failure(client(url, { pfxFile }).send(get), 'E_CREDENTIALS')).message, /needs a passphrase/);
    const wrong = client(url, { pfxFile }, { passphrase: 'pass-4712' });
    match((await failure(wrong.send(get), 'E_CREDENTIALS')).message, /passphrase does not open/);
  });

  it('each file that cannot be used is named in one sentence', async () => {
    const url = 'https://127.0.0.1:1';
    const other = await authority.issue('other');
    const junk = await authority.file('junk.pem', 'not a certificate');
    const torn = await authority.file(
      'torn.pem',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    );
    const { certFile, keyFile } = mine;
    const told: [Record<string, string>, RegExp][] = [
      [{ certFile: '/nowhere/at/all.pem', keyFile }, /certFile \/nowhere\/at\/all\.pem cannot be read/],
      [{ certFile, keyFile: '/nowhere/key.pem' }, /keyFile \/nowhere\/key\.pem cannot be read/],
      [{ pfxFile: '/nowhere/my.pfx' }, /pfxFile \/nowhere\/my\.pfx cannot be read/],
      [{ certFile: authority.folder, keyFile }, /cannot be read/],
      [{ certFile: junk, keyFile }, /no certificate in PEM.*junk\.pem/],
      [{ certFile: torn, keyFile }, /no certificate in PEM.*torn\.pem/],
      [{ certFile, keyFile: junk }, /no private key in PEM.*junk\.pem/],
      [{ certFile, keyFile: torn }, /no private key in PEM.*torn\.pem/],
      [{ certFile }, /no private key in PEM/],
      [{ certFile, keyFile: other.keyFile }, /does not belong to the certificate/],
      [{ pfxFile: junk }, /pfxFile .*junk\.pem is not a PKCS#12 file/],
    ];
    for (const [files, message] of told) {
      const error = await failure(client(url, files).send(get), 'E_CONFIG');
      match(error.message, message);
      equal(error.details.sent, false);
    }
  });

  it('a file that is put right works without a new window', async () => {
    const { url } = await gateway('TLSv1.3');
    const certFile = await authority.file('later.pem', '');
    const http = client(url, { certFile, keyFile: mine.keyFile });
    await failure(http.send(get), 'E_CONFIG');
    await writeFile(certFile, mine.cert);
    match((await http.send(get)).text, /somebody/);
  });

  /** A server that answers a greeting with an alert of TLS. */
  async function alerting(description: number): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, description])));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const alerts: [number, string][] = [
    [42, 'bad certificate'],
    [43, 'unsupported certificate'],
    [44, 'certificate revoked'],
    [45, 'certificate expired'],
    [46, 'certificate unknown'],
    [48, 'unknown ca'],
    [49, 'access denied'],
    [116, 'certificate required'],
  ];
  for (const [description, words] of alerts) {
    it(`the alert “${words}” is told as of the person’s certificate, not of the gateway’s`, async () => {
      const url = await alerting(description);
      const { certFile, keyFile } = mine;
      const refused = await failure(client(url, { certFile, keyFile }).send(get), 'E_TLS');
      match(
        refused.message,
        new RegExp(`^127\\.0\\.0\\.1:\\d+ refused the client certificate of this connection: ${words}\\.$`),
      );
      const wanted = await failure(client(url, {}).send(get), 'E_TLS');
      match(wanted.message, /^127\.0\.0\.1:\d+ wants a client certificate; name its files in/);
    });
  }

  it('a handshake that fails without a reason names the client certificate as a possible one', async () => {
    const error = await failure(client(await alerting(40), {}).send(get), 'E_TLS');
    match(error.message, /broke off the TLS handshake; if it wants a client certificate, name/);
  });

  it('an alert that is about nobody’s certificate is told as before', async () => {
    const error = await failure(client(await alerting(70), {}).send(get), 'E_TLS');
    ok(!/client certificate/.test(error.message), error.message);
  });
});
