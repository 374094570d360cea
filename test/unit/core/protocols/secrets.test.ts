import { ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import { connect } from '../../../../src/core/protocols/connect.ts';
import type { Gateway, Tokens } from '../../../../src/core/protocols/gateway.ts';
import { closeServers, connection, deps, type Got, json, readers, serve } from './rig.ts';

/** A server that says back everything it was told, in the words that people are shown. */
const echo = ({ url, headers, body, form }: Got): string =>
  `${decodeURIComponent(url)} ${url} ${headers.authorization} ${[...form.values()]} ${body}`;

describe('protocols: secrets', () => {
  const secrets = {
    username: 'Canary-User-1a',
    password: 'Canary/Pass+2b %&',
    apiKey: 'Canary=Key-3c',
    user: 'Canary-Token-4d',
    session: 'Canary-Session-5e',
    gatewayPassword: 'Canary:Tomcat-6f',
  };

  afterEach(closeServers);

  for (const kind of ['views', 'getData', 'sarus']) {
    for (const status of [200, 400, 401, 500]) {
      it(`${kind}: said back under ${status}, they reach neither errors nor log`, async () => {
        const server = await serve((got, response) =>
          kind === 'sarus'
            ? json(response, { Errors: { Status: status === 200 ? 400 : status, Detail: echo(got) } }, status)
            : json(response, { error: echo(got) }, status),
        );
        const parts = deps();
        const gateway: Gateway = connect(
          connection(server.url, {
            ...(kind === 'sarus' ? { kind } : { dialect: kind }),
            gatewayUser: 'tomcat',
          }),
          parts,
        );
        const { user, session, gatewayPassword } = secrets;
        const tokens: Tokens = { user, session, gatewayPassword };
        const query = kind === 'sarus' ? { endpoint: 'Data' } : { product: 'P', view: 'V' };
        const data = { query, keepOpen: true, makeReader: readers().make };
        const seen: unknown[] = [];
        for (const attempt of [
          () => gateway.signIn(kind === 'sarus' ? { apiKey: secrets.apiKey } : secrets, 'S'),
          () => gateway.getData({ ...data, tokens: { user } }),
          () => gateway.getData({ ...data, tokens }),
          () => gateway.keepAlive(tokens),
          () => gateway.close(tokens),
          async () => gateway.query?.(tokens),
          async () => gateway.columns?.(tokens, { product: 'P', view: 'V' }),
        ]) {
          seen.push(await attempt().catch((error: unknown) => error));
        }
        ok(seen.filter((one) => one instanceof Error).length >= 4);
        const text = `${inspect(seen, { depth: Number.POSITIVE_INFINITY, showHidden: true })}\n${parts.log.lines.join('\n')}`;
        for (const secret of Object.values(secrets)) {
          for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
            ok(!text.includes(form), `${form} is in ${text}`);
          }
        }
        ok(!text.includes('Canary'), text);
        gateway.dispose();
      });
    }
  }
});
