import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Authority, type Identity } from './unit/core/http/identities.ts';

/** A gateway that wants a client certificate. Every answer of it is a sign-in's. */
export interface MutualGateway {
  /** Who knows it and its clients; makes more files of them. */
  readonly authority: Authority;
  /** Of a client that it lets in. */
  readonly mine: Identity;
  /** A connection to it, without a certificate. */
  readonly connection: { name: string; kind: string; url: string; caFile: string };
  /** Who has asked, and the headers, in their order. */
  readonly heard: { readonly peer: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

export async function startMutualGateway(): Promise<MutualGateway> {
  const authority = await Authority.make();
  const mine = await authority.issue('somebody');
  const { cert, key } = await authority.issue('gateway');
  const heard: MutualGateway['heard'] = [];
  const server = createServer({ cert, key, ca: authority.cert, requestCert: true }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    heard.push({ peer: String(subject.CN), headers: request.headers });
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
  return {
    authority,
    mine,
    connection: { name: 'mutual', kind: 'sarus', url, caFile: authority.caFile },
    heard,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await authority.remove();
    },
  };
}
