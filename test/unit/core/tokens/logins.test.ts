import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { AskLogin } from '../../../../src/core/tokens/signIn.ts';
import { connect } from '../../../connect.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { revoked } from '../../../simulate/modelAnswers.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../../simulate/window.ts';
import { closeServers, json, serve, tomcat } from '../protocols/rig.ts';
import { demo, key, Rig } from './rig.ts';

const refused = { code: 'E_CREDENTIALS', message: /revoked/ };
const fresh = { username: 'demo', password: 'fresh' };

describe('remembered logins', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig({ keepAlive: 'auto' });
  });

  afterEach(() => rig.end());

  /** A window that is signed in, and has a session open. */
  async function signedIn(name = 'w') {
    const window = await rig.open(name);
    const token = await window.keeper.signIn('cra', { login: demo, remember: true });
    await rig.getData(window);
    return { window, keeper: window.keeper, token };
  }

  /** The same with a password that the gateway refuses by now, as its tokens are. */
  async function changed(name = 'w') {
    const { window, token } = await signedIn(name);
    rig.cra.wrong.add('demo');
    rig.cra.restart();
    return { window, token };
  }

  it('a refused password is sent once, whatever asks for a token', async () => {
    const { window, token } = await changed();
    const { keeper } = window;
    for (let call = 0; call < 5; call++) {
      await rejects(rig.getData(window), refused);
    }
    for (let prompt = 0; prompt < 3; prompt++) {
      await rejects(rig.getData(window, {}, { askLogin: async () => undefined }), { code: 'E_CANCELLED' });
    }
    await rejects(keeper.signIn('cra', {}), refused);
    await rejects(keeper.keepAlive(token.id), refused);
    await rejects(rig.getData(window, { service: 'S2' }), refused);
    await Promise.allSettled(keeper.tokens().map(({ id }) => keeper.close(id)));
    await rig.pass(300_000, 1_000);
    equal(rig.cra.refusedLogOns.length, 1);
    equal(await keeper.isRemembered('cra'), false);
  });

  it('closing a session counts as done where its user token is gone and the password is refused', async () => {
    const { window } = await changed();
    deepEqual(await window.keeper.closeAll('cra'), { closed: 1, failed: 0 });
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('a refusal holds over a sign-in with the same password that is still taking sessions over', async () => {
    const delays: number[] = [];
    rig = new Rig({}, { latency: () => delays.shift() ?? 0 });
    const { keeper } = await signedIn();
    delays.push(0, 0, 30_000); // To the sign-in and back, and to the renewal of the session under the new token.
    const signIn = keeper.signIn('cra', { login: demo, remember: true });
    await rig.settle();
    rig.cra.wrong.add('demo');
    rig.cra.restart();
    await rejects(keeper.signIn('cra', {}), refused);
    await rig.during(signIn);
    await rejects(keeper.signIn('cra', {}), refused);
    equal(rig.cra.refusedLogOns.length, 1);
    equal(await keeper.isRemembered('cra'), false);
  });

  it('calls of several services at one moment send a refused password once', async () => {
    const { window } = await changed();
    const services = ['S1', 'S2', 'S3', 'S4'];
    const calls = services.flatMap((service) =>
      [1, 2].map((n) => rig.getData(window, { service, view: `V${n}` })),
    );
    const results = await Promise.allSettled(calls);
    ok(results.every(({ status }) => status === 'rejected'));
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('two windows at one moment send a refused password once', async () => {
    rig = new Rig({}, { latency: () => 100 });
    const first = rig.open('first');
    const { keeper } = await first;
    await rig.during(keeper.signIn('cra', { login: demo, remember: true }));
    const windows = [await first, await rig.open('second'), await rig.open('third')];
    rig.cra.wrong.add('demo');
    rig.cra.restart();
    await rig.during(
      Promise.all(
        windows.map(async (window) => {
          await rejects(rig.getData(window), refused);
          ok(window.keeper.refusal('cra'));
        }),
      ),
    );
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('of windows at one moment one signs in with a good password, and the others have its token', async () => {
    rig = new Rig({}, { latency: () => 100 });
    const windows = [await rig.open('first'), await rig.open('second')];
    await rig.credentials.write('cra', { login: demo, origin: 'http://127.0.0.1:1' });
    const tokens = await rig.during(Promise.all(windows.map(({ keeper }) => keeper.signIn('cra', {}))));
    equal(rig.cra.count('signIn'), 1);
    equal(tokens[0]?.id, tokens[1]?.id);
  });

  it('a window that died while it signed in holds nobody up', async () => {
    rig = new Rig({}, { latency: () => 100 });
    const first = await rig.open('first');
    await rig.credentials.write('cra', { login: demo, origin: 'http://127.0.0.1:1' });
    void first.keeper.signIn('cra', {});
    await rig.settle();
    rig.crash(first);
    const second = await rig.open('second');
    await rig.during(second.keeper.signIn('cra', {}));
  });

  it('the mark outlives a restart, is told of, and ends with a new sign-in', async () => {
    const { window } = await changed();
    await rejects(rig.getData(window), refused);
    rig.crash(window);
    const next = await rig.open('next');
    const told: string[] = [];
    next.keeper.onDidChangeLogin((name) => told.push(name));
    await rig.settle();
    match(next.keeper.refusal('cra')?.message ?? '', /revoked/);
    await rejects(rig.getData(next), refused);
    equal(rig.cra.refusedLogOns.length, 1);
    const asked: unknown[] = [];
    const askLogin: AskLogin = async (_connection, _service, why, refusal) => {
      asked.push([why, refusal?.details.detail]);
      return { login: fresh, remember: true };
    };
    await rig.getData(next, {}, { askLogin });
    deepEqual(asked, [['refused', revoked]]);
    await rig.settle();
    equal(next.keeper.refusal('cra'), undefined);
    equal(await next.keeper.isRemembered('cra'), true);
    deepEqual(told, ['cra']);
    rig.cra.restart();
    await rig.getData(next);
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('another window sees the mark, and that it has gone', async () => {
    const { window } = await changed();
    const other = await rig.open('other');
    await rejects(rig.getData(window), refused);
    await rig.settle();
    ok(other.keeper.refusal('cra'));
    await other.keeper.signIn('cra', { login: fresh, remember: true });
    await rig.settle();
    equal(window.keeper.refusal('cra'), undefined);
  });

  it('a sign-in that is told its login marks what is remembered only if that is the same', async () => {
    const window = await rig.open('w');
    const { keeper } = window;
    await keeper.signIn('cra', { login: demo, remember: true });
    await rejects(keeper.signIn('cra', { login: { ...demo, password: 'wrong' } }), refused);
    equal(keeper.refusal('cra'), undefined);
    rig.cra.wrong.add('demo');
    await rejects(keeper.signIn('cra', { login: demo }), refused);
    ok(keeper.refusal('cra'));
    // An operator has resumed the user: the same password is good again.
    rig.cra.wrong.delete('demo');
    await keeper.signIn('cra', { login: demo });
    equal(keeper.refusal('cra'), undefined);
    equal(await keeper.isRemembered('cra'), true);
  });

  for (const remember of [undefined, true]) {
    it(`a log-on from before the refusal ends nothing, with remember ${remember}`, async () => {
      let latencyMs = 100;
      rig = new Rig({}, { latency: () => latencyMs });
      const { keeper } = await rig.open('w');
      await rig.during(keeper.signIn('cra', { login: demo, remember: true }));
      const granted = keeper.signIn('cra', { login: demo, remember });
      await rig.pass(50, 50);
      latencyMs = 5_000;
      await rig.pass(100, 50); // It has been granted, and the answer takes its time.
      latencyMs = 100;
      rig.cra.wrong.add('demo');
      await rejects(rig.during(keeper.signIn('cra', { login: demo })), refused);
      await rig.during(granted);
      ok(keeper.refusal('cra'));
      rig.cra.restart();
      await rejects(rig.during(keeper.signIn('cra', {})), refused);
      equal(rig.cra.refusedLogOns.length, 1);
    });
  }

  it('a sign-in with another login ends what was refused', async () => {
    const { window } = await changed();
    await rejects(rig.getData(window), refused);
    await window.keeper.signIn('cra', { login: fresh });
    equal(window.keeper.refusal('cra'), undefined);
    rig.cra.restart();
    await rejects(rig.getData(window), { code: 'E_EXPIRED' });
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('what a person types and has refused is not sent again', async () => {
    const window = await rig.open('w');
    const askLogin: AskLogin = async () => ({ login: { ...demo, password: 'wrong' }, remember: true });
    await rejects(rig.getData(window, {}, { askLogin }), refused);
    await rejects(rig.getData(window), { code: 'E_CREDENTIALS' });
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('an API key of SARUS as well', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('sarus', { login: key, remember: true });
    rig.sarus.wrong.add('demo');
    rig.sarus.restart();
    await rejects(rig.getSarus(window), refused);
    await rejects(rig.getSarus(window), refused);
    await rig.pass(300_000, 1_000);
    equal(rig.sarus.refusedLogOns.length, 1);
  });

  it('what says nothing about the password marks nothing', async () => {
    const window = await rig.open('w');
    await window.keeper.signIn('cra', { login: demo, remember: true });
    for (const fault of [
      { kind: 'network', done: false },
      { kind: 'timeout', done: false },
      { kind: 'page', done: false },
      { kind: 'refused' },
      { kind: 'status', status: 503, done: false },
      { kind: 'status', status: 429, done: false },
    ] as const) {
      rig.cra.restart();
      rig.faults.push({ operation: 'signIn', fault });
      await rejects(rig.getData(window));
      equal(window.keeper.refusal('cra'), undefined, fault.kind);
      await rig.getData(window);
    }
  });

  it('holds in this window even where the mark cannot be stored', async () => {
    const { window } = await changed();
    rig.credentials.write = async () => {
      throw new Error('the keyring is locked');
    };
    await rejects(rig.getData(window), refused);
    await rejects(rig.getData(window), refused);
    equal(rig.cra.refusedLogOns.length, 1);
  });

  it('windows that cannot agree go on all the same', async () => {
    const { window } = await changed();
    rig.claims.broken = true;
    await rejects(rig.getData(window), refused);
    await rejects(rig.getData(window), refused);
    equal(rig.cra.refusedLogOns.length, 1);
  });
});

describe('refusals of a log-on over HTTP', () => {
  afterEach(closeServers);

  /** Signs in with what is remembered at a gateway that answers so, twice; what was sent and shown of it. */
  async function tried(settings: object, answer: Parameters<typeof serve>[0]) {
    const server = await serve((got, response, index) =>
      got.path.endsWith('/services') ? json(response, []) : answer(got, response, index),
    );
    const connection = connectionOf({ name: 'c', url: server.url, service: 'S', ...settings });
    const credentials = new MemoryCredentials();
    const login =
      connection.kind === 'sarus' ? { apiKey: 'secret-key' } : { username: 'ANNA', password: 'secret-pass' };
    await credentials.write('c', { login, origin: server.url });
    const clock = new SystemClock();
    const window = new TestWindow({
      clock,
      store: new SharedStorage().window(),
      credentials,
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections: [connection],
      connect: (to, { redactor, log }) =>
        connect(to, { clock, redactor, log, maxResponseBytes: () => 1_048_576, random: () => 0 }),
      name: 'w',
    });
    const messages: string[] = [];
    for (let call = 0; call < 2; call++) {
      const request = connection.kind === 'sarus' ? { endpoint: 'GetIt' } : { product: 'P', view: 'V' };
      await window.keeper
        .getData({ connection: 'c', ...request }, { makeReader: plainReader })
        .catch((error: Error) => messages.push(error.message));
    }
    window.dispose();
    return { sent: server.got.filter(({ path }) => !path.endsWith('/services')).length, messages };
  }

  const cra = { dialect: 'views' };
  const sarus = { kind: 'sarus' };

  for (const [title, settings, words, answer] of [
    [
      '401 in JSON',
      cra,
      'PASSWORD EXPIRED',
      (_, response) => json(response, { error: 'PASSWORD EXPIRED' }, 401),
    ],
    [
      'the message of an error with a status',
      cra,
      'PASSWORD EXPIRED',
      (_, response) =>
        json(response, { status: 401, error: 'Unauthorized', message: 'PASSWORD EXPIRED' }, 401),
    ],
    ['plain text', cra, 'PASSWORD EXPIRED', (_, response) => response.writeHead(401).end('PASSWORD EXPIRED')],
    [
      "Tomcat's page",
      cra,
      'user is revoked',
      (_, response) => tomcat(response, 403, 'Forbidden', 'user is revoked'),
    ],
    [
      'the classic dialect',
      { dialect: 'getData' },
      'user is revoked',
      (_, response) => tomcat(response, 403, 'Forbidden', 'user is revoked'),
    ],
    [
      '200 with an error',
      cra,
      'the password is not valid',
      (_, response) => json(response, { rc: 8, error: 'the password is not valid' }),
    ],
    [
      'SARUS',
      sarus,
      'account closed',
      (_, response) => json(response, { Errors: { Status: 403, Detail: 'account closed' } }, 403),
    ],
    [
      'SARUS under 200',
      sarus,
      'account closed',
      (_, response) => json(response, { Errors: { Status: 401, Detail: 'account closed' } }),
    ],
  ] as [string, object, string, Parameters<typeof serve>[0]][]) {
    it(`${title}: its words reach the person, and it is sent once`, async () => {
      const { sent, messages } = await tried(settings, answer);
      equal(messages.length, 2);
      for (const message of messages) {
        ok(message.includes(words), message);
        ok(!/[<>]|secret-|ANNA/.test(message), message);
      }
      equal(sent, 1);
    });
  }

  it('words are short, and without what was sent', async () => {
    const { messages } = await tried(cra, (_, response) =>
      json(response, { error: `ANNA may not use secret-pass ${'x'.repeat(5_000)}` }, 401),
    );
    for (const message of messages) {
      ok(message.length < 400 && !/ANNA|secret-/.test(message), message);
    }
  });

  for (const [title, answer] of [
    ['503', (_, response) => tomcat(response, 503, 'Unavailable', 'password service is down')],
    ['429', (_, response) => json(response, { error: 'too many' }, 429, { 'Retry-After': '0' })],
    [
      'a page under 200',
      (_, response) => response.end('<html>Sign in to the proxy with your password</html>'),
    ],
    ['the page of a proxy under 403', (_, response) => response.writeHead(403).end('<html>blocked</html>')],
    [
      'a challenge for the Tomcat user',
      (_, response) => response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end(),
    ],
    ['a connection that breaks', (got) => got.socket.destroy()],
  ] as [string, Parameters<typeof serve>[0]][]) {
    it(`${title} is no refusal of the password`, async () => {
      ok((await tried(cra, answer)).sent > 1);
    });
  }
});
