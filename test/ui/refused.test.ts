import assert from 'node:assert/strict';
import { startSandbox } from '../sandbox/gateway.ts';
import { json, serve, tomcat } from '../unit/core/protocols/rig.ts';
import { type Fixture, useFixture } from './fixture.ts';
import { getData, signIn } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

interface Gateway extends Fixture {
  readonly url: string;
  refused: number;
  /** From now on another password is good, and the old tokens are not. */
  change(password: string): void;
}

/** A gateway whose password changes. */
async function startGateway(): Promise<Gateway> {
  let good = 'first-pass';
  let token = 'user-token-first-pass';
  const { url, server } = await serve((got, response) => {
    if (got.path.endsWith('/services')) {
      json(response, []);
    } else if (!got.path.endsWith('/login')) {
      got.headers.authorization === `Bearer ${token}`
        ? json(response, { rc: 0, columns: [], totalRows: 0, Rows: [] })
        : tomcat(response, 401, 'Unauthorized', 'The user token has expired');
    } else if (JSON.parse(got.body).password === good) {
      json(response, { userToken: token });
    } else {
      gateway.refused++;
      tomcat(response, 403, 'Forbidden', 'PASSWORD EXPIRED');
    }
  });
  const gateway: Gateway = {
    url,
    refused: 0,
    change: (password) => {
      good = password;
      token = `user-token-${password}`;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gateway;
}

describe('a person who is asked again', () => {
  const gateway = useFixture(startGateway, { together: true });
  const sandbox = useFixture(() => startSandbox({ basic: true }), { together: true });
  const common = { kind: 'bmc-cra', service: 'BBI3SYSA' };
  const vs = useWorkbench(
    () => ({
      settings: {
        'sessionTokens.connections': [
          { ...common, name: 'strict', url: gateway().url, dialect: 'views' },
          { ...common, name: 'double', url: sandbox().url },
          { kind: 'bmc-cra', name: 'down', url: 'http://127.0.0.1:1' },
        ],
      },
    }),
    { together: true },
  );

  it('is not asked for the service of a gateway that does not answer, but told so', async () => {
    await vs().showTokens();
    await vs().row('down').click();
    const { actions } = await vs().notification(/Nothing answers at 127\.0\.0\.1:1/);
    assert.deepEqual(actions, ['Open Settings', 'Show Log']);
    await vs().quickInput.waitUntilClosed();
  });

  it('signs in again after a wrong password without choosing the connection again', async () => {
    await vs().palette('Session Tokens: Sign In');
    await vs().quickInput.pick(/Choose a connection/, 'strict');
    await vs().quickInput.answer(/User/, 'demo');
    await vs().quickInput.answer(/Password for demo/, 'wrong');
    await vs().quickInput.pick(/Remember these/, "Don't Remember");
    await vs().answerNotification(/PASSWORD EXPIRED/, 'Sign In Again');
    await vs().quickInput.waitFor(/Sign In to strict/);
    await vs().quickInput.cancel();
    gateway().refused = 0;
  });

  it('because a password was refused: reads why, is shown it in the tree, and signs in anew there; it was sent once', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await signIn(vs(), { connection: 'strict', password: 'first-pass', keep: 'Remember' });
    gateway().change('second-pass');
    for (let attempt = 0; attempt < 3; attempt++) {
      await getData(vs(), 'MVMVS/JCPU', 'strict');
      await quickInput.waitFor(/were refused, enter them again: .*PASSWORD EXPIRED/);
      await quickInput.cancel();
      await quickInput.waitUntilClosed();
    }
    assert.equal(gateway().refused, 1);
    const isRefused = (description: string) => /credentials refused/.test(description);
    const rows = await vs().waitForRows((all) => all.some(({ description }) => isRefused(description)));
    assert.match(rows.find(({ label }) => label === 'strict')?.spoken ?? '', /credentials refused/);

    await vs().row('strict').click();
    await quickInput.answer(/enter them again: .*PASSWORD EXPIRED/, 'demo');
    assert.equal((await quickInput.answer(/Password/, 'second-pass')).masked, true);
    await quickInput.pick(/Remember these/, 'Remember');
    await vs().waitForRows(
      (all) => all.length === 4 && !all.some(({ description }) => isRefused(description)),
    );
    assert.equal(gateway().refused, 1);
    await vs().palette('Session Tokens: Sign Out');
    await vs().waitForRows((all) => all.length === 3);
  });

  it('because a gateway wants its Tomcat user: once, for a name and, masked, for the password', async () => {
    const { quickInput } = vs();
    await vs().showTokens();
    await signIn(vs(), { connection: 'double' });
    await vs().palette('Session Tokens: Keep Alive');
    await quickInput.answer(/own user \(Tomcat\)/, 'tomcat');
    assert.equal(
      (await quickInput.answer(/Password of the gateway's own user tomcat/, 'tomcat')).masked,
      true,
    );
    await until('it to be kept alive', async () => sandbox().stats().keepAlives === 1);
    await vs().palette('Session Tokens: Keep Alive');
    await until('it to be kept alive again', async () => sandbox().stats().keepAlives === 2);
  });
});
