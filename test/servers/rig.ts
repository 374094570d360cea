import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../src/core/json.ts';
import { CannotBeHad } from './cache.ts';
import type { RealServer, RunningServer } from './server.ts';

/** How long tokens live at the servers of tests, in seconds: etcd can do with no less than a few. */
export const life = 4;

/** A first run may have to wait until the programs are there. */
const fetchTimeoutMs = 600_000;

/** Runs a server while the tests of a suite run; they are skipped, and it is said why, where it cannot be had. */
export function useServer(server: RealServer, lifeSeconds: number): () => RunningServer {
  let running: RunningServer | undefined;
  before(`start ${server.name}`, async function () {
    this.timeout(fetchTimeoutMs);
    try {
      await server.fetch();
    } catch (error) {
      if (error instanceof CannotBeHad) {
        console.log(`  skipped: ${server.name}, because ${error.message}`);
        this.skip();
      }
      throw error;
    }
    running = await server.start(lifeSeconds);
  });
  after(`stop ${server.name}`, () => running?.stop());
  return () => {
    if (running === undefined) {
      throw new Error('It is there only while a test runs.');
    }
    return running;
  };
}

export interface Request {
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
  readonly json?: JsonObject;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a body in JSON. */
  readonly body: unknown;
}

/**
 * Asks without any client of ours; `what` is a method and a path. Where a test of the client fails and none of what is
 * asked so, the client has changed; else the server has.
 */
export async function ask(
  url: string,
  what: string,
  { headers, form, json }: Request = {},
): Promise<Answered> {
  const [method = '', path = ''] = what.split(' ');
  const body = form ? new URLSearchParams(form) : json ? JSON.stringify(json) : undefined;
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { ...(json ? { 'Content-Type': 'application/json' } : {}), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** How much longer than it says a server may take a token, in seconds: etcd looks once a second. */
const slackSeconds = 1.5;

/** A life as a server counts it. */
export interface LifeAtServer {
  readonly seconds: number;
  /** Whether each use sets it back to full. */
  readonly isSliding: boolean;
  /** What is answered when it is over. */
  readonly over: number;
}

/**
 * Signs in, uses the token at these seconds from then, and once more when it must be over, and holds each answer to the
 * life. What is asked so close to its end that this computer was too slow to tell is held to nothing.
 * @param at without it three times, each shortly before a life that slides would be over
 */
export async function checkLife(
  { seconds, isSliding, over }: LifeAtServer,
  signIn: () => Promise<string>,
  use: (token: string) => Promise<Answered>,
  at: readonly number[] = [1, 2, 3].map((use) => use * (seconds - 1.5)),
): Promise<void> {
  const now = (): number => performance.now() / 1000;
  const started = now();
  const token = await signIn();
  let set = { earliest: started, latest: now() };
  const check = async (): Promise<void> => {
    const sent = now();
    const { status } = await use(token);
    const answered = now();
    const mustLive = answered < set.earliest + seconds;
    const mustBeOver = sent > set.latest + seconds + slackSeconds;
    assert.ok(status === 200 || status === over, `answered ${status}`);
    assert.ok(!(mustLive && status === over), `over after ${answered - set.earliest} s`);
    assert.ok(!(mustBeOver && status === 200), `lives after ${sent - set.latest} s`);
    if (isSliding && status === 200) {
      set = { earliest: sent, latest: answered };
    }
  };
  for (const second of at) {
    await delay(Math.max(0, started + second - now()) * 1000);
    await check();
  }
  await delay(Math.max(0, set.latest + seconds + slackSeconds + 0.1 - now()) * 1000);
  await check();
}
