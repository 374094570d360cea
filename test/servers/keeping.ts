import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '../../src/core/clock.ts';
import type { Row } from '../../src/core/protocols/answer.ts';
import { RestClient } from '../../src/core/protocols/rest/client.ts';
import { readerMaker } from '../../src/core/results/readers.ts';
import { WorkerClient } from '../../src/core/results/workerClient.ts';
import { connectionOf } from '../connectionOf.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../simulate/shared.ts';
import { TestWindow } from '../simulate/window.ts';
import { root } from '../workbench/paths.ts';
import { type Recorder, record } from './recorder.ts';
import type { Answered, LifeAtServer } from './rig.ts';
import type { RunningServer } from './server.ts';

/** What a server is described by, and what is to be seen at it. */
export interface Kept {
  readonly server: () => RunningServer;
  readonly life: LifeAtServer;
  /** The members of its connection that describe it. */
  readonly description: Readonly<Record<string, unknown>>;
  /** The request that signs in, as `POST /login`. */
  readonly signIn: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Rows that the data have to hold. */
  readonly rows: Row[];
  /** Uses the value of a token, without any client of ours. */
  use(value: string): Promise<Answered>;
  /** What renews a token; absent: only a sign-in gives another one. */
  readonly renewal?: string;
  /** What asks for the life left; absent: it is reckoned. */
  readonly query?: string;
  /** What ends a token, as a request and without any client of ours; absent: it dies by itself. */
  readonly revocation?: { readonly request: string; send(value: string): Promise<Answered> };
  /** Whether its life is told by the server, or known from the settings alone. */
  readonly source: 'reported' | 'estimated';
}

/** A window without VS Code, that holds tokens of the server in connections `c0`, `c1`, …, through a recorder. */
interface Holding {
  readonly window: TestWindow;
  readonly recorder: Recorder;
  /** The value of the token that a connection holds. */
  value(connection: string): string;
  rows(connection: string): Promise<Row[]>;
}

/** A token as it is stored: in `secret`, where more than its value is kept. */
interface Entry {
  readonly connection: string;
  readonly value?: string;
  readonly secret?: { readonly value: string };
}

/** Tells the tests of a server's tokens as the keeper holds them: signed in to, used, renewed, ended, expired, replaced. */
export function keepsTokens(kept: Kept): void {
  const { server } = kept;
  const open: (() => Promise<void> | void)[] = [];
  const worker = new WorkerClient(join(root, 'src/core/results/worker.ts'), new SystemClock());
  const makeReader = readerMaker(worker, { maxBytes: 16 << 20 });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((close) => close()));
  });
  after(() => worker.dispose());

  async function hold(count = 1): Promise<Holding> {
    const recorder = await record(server().url);
    const clock = new SystemClock();
    const storage = new SharedStorage();
    const connections = Array.from({ length: count }, (_, index) =>
      connectionOf({ ...kept.description, name: `c${index}`, kind: 'rest', url: recorder.url }),
    );
    const window = new TestWindow({
      clock,
      store: storage.window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections,
      connect: (connection, { redactor, log }) =>
        new RestClient({ connection, clock, redactor, log, maxResponseBytes: () => 16 << 20 }),
      name: 'w',
    });
    open.push(
      () => window.dispose(),
      () => recorder.stop(),
    );
    const values = () => [...storage.entries.values()].map((entry) => JSON.parse(entry) as Entry);
    return {
      window,
      recorder,
      value: (name) => {
        const entry = values().find(({ connection }) => connection === name);
        return entry?.secret?.value ?? entry?.value ?? '';
      },
      rows: async (connection) => {
        const { answer } = await window.keeper.getData({ connection, ...kept.data }, { makeReader });
        const rows = await answer.rows();
        answer.dispose();
        return rows;
      },
    };
  }

  const signIn = ({ window }: Holding, connection = 'c0', password = server().login.password) =>
    window.keeper.signIn(connection, {
      login: { username: server().login.username, password },
      remember: true,
    });
  const times = ({ recorder }: Holding, request: string | undefined) =>
    recorder.asked.filter((one) => one === request).length;
  const until = (moment: number) => delay(Math.max(0, moment - Date.now()));

  it('a sign-in that is refused is tried once', async () => {
    const holding = await hold();
    await assert.rejects(signIn(holding, 'c0', 'wrong'), { code: 'E_CREDENTIALS' });
    assert.deepEqual(holding.recorder.asked, [kept.signIn]);
  });

  it('data become rows; no secret is in the log', async () => {
    const holding = await hold();
    const token = await signIn(holding);
    assert.equal(token.state, 'live');
    assert.equal(token.source, kept.source);
    assert.partialDeepStrictEqual(await holding.rows('c0'), kept.rows);
    assert.equal(times(holding, kept.signIn), 1);
    const log = holding.window.lines.join('\n');
    assert.ok(!log.includes(holding.value('c0')) && !log.includes(server().login.password));
  });

  it('the life that is left is asked for, or reckoned', async () => {
    const holding = await hold();
    const { id, expiresAt } = await signIn(holding);
    const before = holding.recorder.asked.length;
    const { keeper } = holding.window;
    assert.equal(await keeper.canAsk(id), kept.query !== undefined);
    const told = await keeper.remainingLife(id);
    assert.deepEqual(holding.recorder.asked.slice(before), kept.query === undefined ? [] : [kept.query]);
    assert.ok(Math.abs(told.expiresAt - expiresAt) < 2_000, `${told.expiresAt - expiresAt} ms apart`);
  });

  it('a renewal sets the life back, and the server knows it', async () => {
    const holding = await hold();
    const { id, expiresAt } = await signIn(holding);
    await delay(1_500);
    const renewed = await holding.window.keeper.keepAlive(id);
    assert.ok(renewed.expiresAt > expiresAt + 1_000, `${renewed.expiresAt - expiresAt} ms later`);
    assert.equal(times(holding, kept.renewal ?? kept.signIn), kept.renewal === undefined ? 2 : 1);
    await until(expiresAt + 300);
    assert.equal((await kept.use(holding.value('c0'))).status, 200);
  });

  it('a token that was closed is dead at the server, where it has a word for that', async () => {
    const holding = await hold();
    const { id } = await signIn(holding);
    const value = holding.value('c0');
    await holding.window.keeper.close(id);
    assert.deepEqual(holding.window.keeper.tokens(), []);
    const { status } = await kept.use(value);
    const isEnded = kept.revocation !== undefined;
    assert.equal(status, isEnded ? kept.life.over : 200);
    assert.equal(times(holding, kept.revocation?.request), isEnded ? 1 : 0);
  });

  it('a token that was not used in its life is replaced by a sign-in, once, for ten who want data', async () => {
    const holding = await hold();
    const { expiresAt } = await signIn(holding);
    const value = holding.value('c0');
    await until(expiresAt + 2_500);
    assert.equal((await kept.use(value)).status, kept.life.over);
    const all = await Promise.all(Array.from({ length: 10 }, () => holding.rows('c0')));
    for (const rows of all) {
      assert.partialDeepStrictEqual(rows, kept.rows);
    }
    assert.equal(times(holding, kept.signIn), 2);
    assert.notEqual(holding.value('c0'), value);
  });

  const { revocation } = kept;
  if (revocation !== undefined) {
    it('a token that somebody else has ended is replaced as well', async () => {
      const holding = await hold();
      await signIn(holding);
      await revocation.send(holding.value('c0'));
      assert.partialDeepStrictEqual(await holding.rows('c0'), kept.rows);
      assert.equal(times(holding, kept.signIn), 2);
    });
  }

  it('no deadline is later than the server has it', async () => {
    const moments = [-900, -300, -50, 400, 800, 1_300, 2_000, 3_200];
    const holding = await hold(moments.length);
    const granted: Awaited<ReturnType<typeof signIn>>[] = [];
    for (const index of moments.keys()) {
      granted.push(await signIn(holding, `c${index}`)); // Node-RED answers 500 where it stores two tokens at once.
    }
    const probes = granted.map(async ({ expiresAt }, index) => {
      const moment = moments[index] ?? 0;
      await until(expiresAt + moment);
      const sent = Date.now() - expiresAt;
      const { status } = await kept.use(holding.value(`c${index}`));
      return { sent, answered: Date.now() - expiresAt, isOver: status === kept.life.over };
    });
    const seen = await Promise.all(probes);
    const over = seen.filter(({ isOver }) => isOver);
    const alive = seen.filter(({ isOver }) => !isOver);
    const [latest, first] = [
      Math.max(...alive.map(({ sent }) => sent)),
      over.map(({ answered }) => answered),
    ];
    const most = first.length === 0 ? '' : ` and at most ${Math.min(...first)} ms`;
    console.log(`      ${server().name}: a deadline is at least ${latest} ms${most} before the server's`);
    for (const { answered } of over) {
      assert.ok(answered > 0, `over at the server ${-answered} ms before the deadline`);
    }
    assert.ok(alive.length > 0);
  });
}
