import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canaries, SecretSearch } from '../security/canaries.ts';
import { Disguise } from '../security/disguise.ts';
import { startBlade } from './blade.ts';
import { temporaryFolder, useFixture } from './fixture.ts';
import { allFiles, allShown, allStored, noteShown } from './shown.ts';
import { until } from './until.ts';
import { useWorkbench, type Workbench } from './workbench.ts';

/** Asks the relay as scripts do, and writes down what they can see. Arguments: where to, a path. */
const once = `
cd "$1"; export NO_PROXY=127.0.0.1
curl -sS -o curl -w '%{http_code}' "$SESSION_TOKENS_URL$2" > curl.status
python3 ../ask.py "$2" > python 2>&1
env > env
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> errors | tr '\\0' '\\n' > processes
cat curl python; touch done
`;

/** Asks again and again, and writes the statuses down, until there is a file `stop`. */
const onAndOn = `
cd "$1"
until [ -e stop ]; do
  curl -sS --retry 60 --retry-delay 1 --retry-all-errors -o /dev/null -w '%{http_code}\\n' "$SESSION_TOKENS_URL$2" >> statuses 2> errors
  sleep 0.2
done
touch done
`;

const ask = `
import os, sys
try:
    import requests
except ImportError:
    print("no requests")
    sys.exit()
answer = requests.get(os.environ["SESSION_TOKENS_URL"] + sys.argv[1])
print(answer.status_code, answer.text)
`;

const jobs = '/cra/serviceGateway/services/BBI3SYSA/products/MVMVS/views/JCPU/data';

const { username, password, gatewayPassword, apiKey } = canaries;

/** What a person is asked who opens the first terminal of a connection, and answers. */
const logins: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  bank: [
    [/User/, username],
    [/Password/, password],
    [/gateway's own user/, gatewayPassword],
  ],
  market: [
    [/How do you sign in/, 'API key'],
    [/API key/, apiKey],
  ],
  blade: [
    [/User/, 'ann'],
    [/Password/, 's3cret-word'],
  ],
};

/** A person's scripts, in real terminals, with gateways that say back whatever they are told. */
describe('scripts in a terminal', () => {
  const bank = useFixture(() => Disguise.start('all'), { together: true });
  const market = useFixture(() => Disguise.start('all'), { together: true });
  const blade = useFixture(startBlade, { together: true });
  const folder = useFixture(temporaryFolder, { together: true });
  const vs = useWorkbench(
    () => ({
      initScript: noteShown,
      settings: {
        'terminal.integrated.gpuAcceleration': 'off',
        // It lies over what is typed into, and takes clicks.
        'terminal.integrated.stickyScroll.enabled': false,
        'sessionTokens.connections': [
          { name: 'bank', kind: 'bmc-cra', url: bank().url, gatewayUser: 'tomcat', service: 'BBI3SYSA' },
          { name: 'market', kind: 'sarus', url: market().url },
          { name: 'blade', kind: 'rest', preset: 'redfish', url: blade().url },
        ],
      },
    }),
    { together: true },
  );
  /** By the page: of which connections a person was asked there. */
  const asked = new WeakMap<Workbench, Set<string>>();
  let runs = 0;

  async function openTerminal(connection: string): Promise<void> {
    const { page, quickInput } = vs();
    const before = await page.locator('.terminal-wrapper').count();
    await vs().palette('Session Tokens: Open Terminal with Session…');
    await quickInput.pick(/Choose a connection/, connection);
    const known = asked.get(vs()) ?? new Set();
    if (!known.has(connection)) {
      asked.set(vs(), known.add(connection));
      await vs().answerDialog(new RegExp(`Let scripts use ${connection}`), 'Allow');
      for (const [question, answer] of logins[connection] ?? []) {
        await (answer === 'API key'
          ? quickInput.pick(question, answer)
          : quickInput.answer(question, answer));
      }
      await quickInput.pick(/Remember these/, 'Remember');
    }
    await until('the terminal', async () => (await page.locator('.terminal-wrapper').count()) > before);
    await screen().waitFor();
  }

  /** What is seen of the terminal that is in front. */
  const screen = () =>
    vs().page.locator('.terminal-wrapper.active .xterm-screen').filter({ visible: true }).last();

  /** Types into the terminal that is in front. */
  async function type(line: string): Promise<void> {
    await screen().click();
    await vs().page.locator('.terminal-wrapper.active .xterm-helper-textarea').last().focus();
    await vs().page.keyboard.type(`${line}\n`);
  }

  /** Runs a script there, and gives what it has written into a folder of its own. */
  async function start(script: string, path: string): Promise<(file: string) => Promise<string>> {
    const own = join(folder().path, String(++runs));
    await mkdir(own);
    await Promise.all([
      writeFile(join(folder().path, 'ask.py'), ask),
      writeFile(join(folder().path, 'run.sh'), `mkdir "$1/begun" || exit\n${script}`),
    ]);
    // A terminal that has just been opened may not hear all that is typed.
    await until('the script to begin', async () => {
      await type(`sh ${folder().path}/run.sh ${own} '${path}'`);
      return until('it', async () => (await stat(join(own, 'begun'))).isDirectory(), 2_500);
    });
    return (file) => readFile(join(own, file), 'utf8');
  }

  async function run(path: string): Promise<{ status: string; curl: string; python: string }> {
    const read = await start(once, path);
    await until(`the answer to ${path}`, async () => (await read('done')) === '');
    return { status: await read('curl.status'), curl: await read('curl'), python: await read('python') };
  }

  const hasRequests = () =>
    promisify(execFile)('python3', ['-c', 'import requests']).then(
      () => true,
      () => false,
    );

  it('get data of each kind, before and after its token has died, and never see one', async function () {
    this.timeout(240_000);
    const withPython = await hasRequests(); // Else only curl asks: this computer has no more.
    await vs().showTokens();
    const kinds = [
      ['bank', jobs, /"Rows":\[\{/, () => bank().sandbox.setFaults({ fault: 'evict-all' })],
      [
        'market',
        '/GetUserDatasources',
        /"Result":/,
        () => market().sandbox.setFaults({ fault: 'evict-all' }),
      ],
      ['blade', '/redfish/v1/Systems', /"Name":"web"/, () => blade().forget()],
    ] as const;
    for (const [name, path, rows, forget] of kinds) {
      await openTerminal(name);
      for (const when of ['before', 'after']) {
        const { status, curl, python } = await run(path);
        assert.equal(status, '200', `${name} ${when}: ${curl}`);
        assert.match(curl, rows, `${name} ${when}`);
        assert.match(python, withPython ? new RegExp(`^200 .*${rows.source}`, 's') : /no requests/);
        if (when === 'before') {
          forget();
        }
      }
    }
    await vs().waitForRows((all) =>
      all.some(({ label, description }) => label === 'bank' && /terminals 1, requests/.test(description)),
    );

    const tokens = [...bank().secrets, ...market().secrets];
    const [plain = ''] = blade().tokens; // Parts of it are ordinary words.
    assert.ok(tokens.length >= 5 && plain !== '', String(tokens.length));
    const search = new SecretSearch([...Object.values(canaries), ...tokens]);
    const places = new Map([
      ...(await allFiles(folder().path)),
      ...(await allFiles(process.env.UI_DATA_DIR ?? '')),
      ['scrollback', await allShown(vs().page)],
      ['what the browser keeps', await allStored(vs().page)],
    ]);
    assert.match([...places.values()].join('\n'), /HEARD64/);
    assert.match(places.get('1/processes') || 'SESSION_TOKENS_URL', /SESSION_TOKENS_URL/);
    for (const [place, text] of places) {
      assert.equal(search.find(text), undefined, place);
      assert.ok(!text.includes(plain), place);
    }
  });

  it('are told in one sentence that nobody is signed in, and that a relay was stopped', async () => {
    await vs().showTokens();
    await openTerminal('blade');
    // What its menu has depends on both.
    await vs().waitForRows((all) =>
      all.some(
        ({ label, description, expanded }) => label === 'blade' && expanded && /terminals/.test(description),
      ),
    );
    await vs().rowMenu('blade', 'Sign Out');
    await until('the end of the token', async () => blade().tokens.size === 0);
    const { status, curl, python } = await run('/redfish/v1/Systems');
    assert.equal(status, '503');
    assert.deepEqual(JSON.parse(curl), { error: 'Nobody is signed in to blade.', code: 'E_CREDENTIALS' });
    assert.match(python, /^503 |no requests/);
    await vs().answerNotification(/Nobody is signed in to blade/, 'Sign In');
    await vs().quickInput.cancel();
    await vs().rowMenu('blade', 'Stop Relay');
    await vs().waitForRows(
      (all) => !all.some(({ label, description }) => label === 'blade' && /terminals/.test(description)),
    );
    assert.equal((await run('/redfish/v1/Systems').catch(() => ({ status: '000' }))).status, '000');
  });

  it('get a terminal though their person does not sign in, and are told so', async () => {
    await vs().showTokens();
    const terminals = vs().page.locator('.terminal-wrapper');
    const before = await terminals.count();
    const told = async () => (await vs().notifications()).map(({ message }) => message);
    const known = await told();
    await vs().palette('Session Tokens: Open Terminal with Session…');
    await vs().quickInput.pick(/Choose a connection/, 'blade');
    await vs().answerDialog(/Let scripts use blade/, 'Allow');
    await vs().quickInput.waitFor(/User/);
    await vs().quickInput.cancel();
    await until('the terminal', async () => (await terminals.count()) > before);
    await screen().waitFor();
    const { status, curl } = await run('/redfish/v1/Systems');
    assert.deepEqual([status, JSON.parse(curl).code], ['503', 'E_CREDENTIALS']);
    const news = (await told()).filter((message) => !known.includes(message));
    assert.ok(
      news.every((message) => /Nobody is signed in to blade/.test(message)),
      news.join('\n'),
    );
    assert.equal(blade().tokens.size, 0);
  });

  for (const closes of [true, false]) {
    it(`go on while the window reloads, and end with their terminal (closeOnExit: ${closes})`, async () => {
      if (!closes) {
        await vs().setSettings({ 'sessionTokens.closeOnExit': closes });
      }
      await vs().showTokens();
      await vs().palette('Terminal: Kill All Terminals');
      await areAllClosed();
      await openTerminal('bank');
      const read = await start(onAndOn, jobs);
      const statuses = async () => (await read('statuses')).trim().split('\n');
      await until('the first answers', async () => (await statuses()).length > 2);
      await vs().page.reload();
      await vs().showTokens();
      const before = (await statuses()).length;
      await until('answers after the reload', async () => (await statuses()).length > before + 3, 60_000);
      await writeFile(join(folder().path, String(runs), 'stop'), '');
      await until('its end', async () => (await read('done')) === '');
      assert.deepEqual([...new Set(await statuses())], ['200']);
      await until('its session', async () => bank().sandbox.stats().sessions === 1);
      await vs().waitForRows((all) => all.some(({ description }) => /terminals 1/.test(description)));

      // A reload may forget that the panel was open.
      await vs().palette('Terminal: Focus Terminal');
      await type('exit');
      await areAllClosed();
    });
  }

  async function areAllClosed(): Promise<void> {
    await until('the session to be closed', async () => bank().sandbox.stats().sessions === 0);
    await vs().waitForRows((all) => !all.some(({ description }) => /terminals/.test(description)));
  }
});
