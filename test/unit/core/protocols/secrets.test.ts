import { ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Gateway, Tokens } from '../../../../src/core/protocols/protocol.ts';
import { connect } from '../../../connect.ts';
import { closeServers, connection, deps, type Got, json, readers, serve } from './rig.ts';

/** What a server may say back, each by itself because words are cut short. */
const echoes: readonly ((got: Got) => string)[] = [
  ({ url }) => url,
  ({ url }) => decodeURIComponent(url),
  ({ query }) => [...query.values()].reverse().join(' , '),
  ({ headers }) => String(headers.authorization),
  ({ headers }) => String(headers.authorization).replace(/^\w+ /, ''),
  ({ body }) => body,
  ({ form }) => [...form.values()].join(' , '),
];

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
        let echo = (_: Got): string => '';
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
        const tokens: Tokens = { user, session, gateway: { gatewayPassword } };
        const query = kind === 'sarus' ? { endpoint: 'Data' } : { product: 'P', view: 'V' };
        const data = { query, keepOpen: true, makeReader: readers().make };
        const seen: unknown[] = [];
        const attempts = [
          () => gateway.signIn(kind === 'sarus' ? { apiKey: secrets.apiKey } : secrets, 'S'),
          () => gateway.getData({ ...data, tokens: { user } }),
          () => gateway.getData({ ...data, tokens }),
          () => gateway.keepAlive(tokens),
          () => gateway.close(tokens),
          async () => gateway.remainingLife?.(tokens),
          async () => gateway.columns?.(tokens, { product: 'P', view: 'V' }),
        ];
        for (const each of echoes) {
          echo = each;
          for (const attempt of attempts) {
            await attempt().catch((error: unknown) => seen.push(error));
          }
        }
        ok(seen.length >= 4 * echoes.length - 7, `${seen.length} failures`);
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
