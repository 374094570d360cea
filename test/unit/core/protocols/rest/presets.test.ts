import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SystemClock } from '../../../../../src/core/clock.ts';
import { protocolOf } from '../../../../../src/core/protocols/kinds.ts';
import type { Gateway, Grant, Life, Tokens } from '../../../../../src/core/protocols/protocol.ts';
import presets from '../../../../../src/core/protocols/rest/presets.json' with { type: 'json' };
import { readerMaker } from '../../../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../../../src/core/results/workerClient.ts';
import { connectionOf } from '../../../../connectionOf.ts';
import { deps } from '../rig.ts';

/** A request as it has to be sent, and what it is answered with. */
interface Exchange {
  readonly sent: string;
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** What a client is told to do, what it reads then, and the requests that this takes. */
interface Step {
  readonly verb: string;
  readonly reads: string;
  readonly exchanges: readonly Exchange[];
}

const workerFile = new URL('../../../../../src/core/results/worker.ts', import.meta.url);
const page = readFileSync(join(import.meta.dirname, 'exchanges.txt'), 'utf8');

/** The steps of each preset, by its name. */
function expected(): Map<string, Step[]> {
  const parts = page.split(/^# /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [name = '', ...steps] = part.split(/^## /m);
      return [name.trim(), steps.map(stepIn)];
    }),
  );
}

function stepIn(text: string): Step {
  const [head = '', ...lines] = text.trim().split('\n');
  const [, verb = '', reads = ''] = /^([a-z ]+)(?:: (.*))?$/.exec(head) ?? [];
  const exchanges = lines.join('\n').match(/(?:^>.*\n?)+(?:^<.*\n?)+/gm) ?? [];
  return { verb, reads, exchanges: exchanges.map(exchangeIn) };
}

function exchangeIn(text: string): Exchange {
  const side = (sign: string): string[] =>
    text.split('\n').flatMap((line) => (line.startsWith(sign) ? [line.slice(2)] : []));
  const [status = '', ...answer] = side('<');
  const end = answer.includes('') ? answer.indexOf('') : answer.length;
  return {
    sent: inOrder(side('>')),
    status: Number(status),
    headers: answer.slice(0, end),
    body: answer.slice(end + 1).join('\n'),
  };
}

/** A request as text; the order and the case of its headers mean nothing. */
function inOrder([line = '', ...rest]: readonly string[]): string {
  const end = rest.includes('') ? rest.indexOf('') : rest.length;
  const headers = rest
    .slice(0, end)
    .map((header) => header.replace(/^[^:]+: ?/, (name) => name.toLowerCase().trim()));
  return [line, ...headers.sort(), ...rest.slice(end)].join('\n');
}

const usual = ['host', 'connection', 'user-agent', 'accept-encoding', 'content-length'];

function textOf({ method, url, rawHeaders }: IncomingMessage, body: string): string {
  const headers = rawHeaders.flatMap((name, at) => {
    const line = `${name}: ${rawHeaders[at + 1]}`;
    const isUsual = usual.includes(name.toLowerCase()) || line === 'Accept: application/json, */*;q=0.5';
    return at % 2 === 1 || isUsual ? [] : [line];
  });
  return inOrder([`${method} ${url}`, ...headers, ...(body === '' ? [] : ['', body])]);
}

/** A server that answers as written, and keeps what it was sent. */
async function recorder(exchanges: readonly Exchange[]) {
  const sent: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) {
      parts.push(part);
    }
    const body = Buffer.concat(parts).toString();
    const answer = exchanges[sent.length];
    sent.push(textOf(request, body));
    response.sendDate = false;
    response.setHeader('Date', 'Fri, 15 Jan 2027 08:00:00 GMT');
    for (const header of answer?.headers ?? []) {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(header) ?? [];
      response.appendHeader(name, value);
    }
    response.writeHead(answer?.status ?? 500).end(answer?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent, close };
}

const login = { username: 'ann@lab+1', password: 's&cr=t +"\\%' };

/** Lives in words: as told, reckoned, full again, or going on as it did. */
function lifeText({ reportedMs, estimatedMs, isUnchanged }: Partial<Life>): string {
  const reckoned = estimatedMs === undefined ? '~' : `~${estimatedMs / 1_000}`;
  return reportedMs === undefined ? (isUnchanged ? '=' : reckoned) : String(reportedMs / 1_000);
}

/** A client that is led from step to step, with the token that it has by then. */
class Person {
  #tokens: Tokens = { user: '', login: async () => login };
  readonly #gateway: Gateway;
  readonly #request: string;
  readonly #worker: WorkerClient;

  constructor(gateway: Gateway, request: string, worker: WorkerClient) {
    this.#gateway = gateway;
    this.#request = request;
    this.#worker = worker;
  }

  /** Does a step; what was read. */
  async do(verb: string): Promise<string> {
    switch (verb) {
      case 'sign in':
        return this.#take(await this.#gateway.signIn(login, undefined));
      case 'renew':
        return this.#take(await this.#gateway.keepAlive(this.#tokens));
      case 'query':
        return lifeText((await this.#gateway.remainingLife?.(this.#tokens)) ?? {});
      case 'data':
        return this.#data();
      default:
        await this.#gateway.close(this.#tokens);
        return '';
    }
  }

  #take(grant: Grant): string {
    this.#tokens = { ...this.#tokens, user: grant.value, more: { ...this.#tokens.more, ...grant.more } };
    return `${grant.value} ${lifeText(grant)}`;
  }

  async #data(): Promise<string> {
    const { answer } = await this.#gateway.getData({
      tokens: this.#tokens,
      query: { request: this.#request },
      keepOpen: true,
      makeReader: readerMaker(this.#worker, { maxBytes: 1_000_000 }),
    });
    const rows = await answer.rows();
    answer.dispose();
    return JSON.stringify(rows);
  }
}

describe('presets', () => {
  const worker = new WorkerClient(workerFile, new SystemClock());
  const all = expected();
  after(() => worker.dispose());

  it('are all written down', () => {
    assert.deepEqual([...all.keys()], Object.keys(presets));
  });

  for (const [name, { description }] of Object.entries(presets)) {
    it(`${name}: send what its server wants, byte for byte, and read what it answers`, async () => {
      const steps = all.get(name) ?? [];
      const exchanges = steps.flatMap((step) => step.exchanges);
      const { url, sent, close } = await recorder(exchanges);
      const connection = connectionOf({ kind: 'rest', url, preset: name });
      const gateway = await protocolOf(connection).connect(connection, { ...deps(), memory: new Map() });
      const [request = ''] = Object.keys(description.requests);
      const person = new Person(gateway, request, worker);
      try {
        for (const { verb, reads, exchanges: those } of steps) {
          const before = sent.length;
          const read = await person.do(verb).catch(({ code }) => code);
          assert.deepEqual(
            sent.slice(before),
            those.map((one) => one.sent),
            verb,
          );
          assert.equal(read, reads, verb);
        }
        const verbs = steps.map(({ verb }) => verb);
        for (const verb of ['query', 'renew', 'revoke']) {
          assert.equal(verbs.includes(verb), verb in description, `there is a step for ${verb}`);
        }
      } finally {
        gateway.dispose();
        await close();
      }
    });
  }
});
