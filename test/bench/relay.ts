import { readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { outDir } from '../workbench/paths.ts';
import { type Figure, median, ms, pairedRatio } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { RelayBlocks } from './inHost/relay.ts';
import { service } from './sandboxProcess.ts';

const rounds = 7;
const callsInRound = 152;
/** As many as a script with a pool of threads asks at a time. */
const atOnce = Number(process.env.AT_ONCE ?? 8);
/** Rows of the sandbox's big view: 60 MB. */
const bigRows = '200000';

type Work = (query: { view: string; rows?: string }) => Promise<unknown>;

/** What the same work took by each way, in milliseconds, and what it took of the host's processor. */
class Samples {
  readonly ways = ['relay', 'bare', 'direct'] as const;
  readonly ms = { relay: [] as number[], bare: [] as number[], direct: [] as number[] };
  readonly cpu = { relay: [] as number[], bare: [] as number[], direct: [] as number[] };

  figure(what: string, requests: number): Figure {
    const { relay, bare, direct } = this.ms;
    const ratio = pairedRatio(relay, direct);
    const [cpu, least] = [this.cpu.relay, this.cpu.bare].map((all) => ms(median(all) / requests));
    return {
      ...{ group: 'relay', what, ours: `${ms(median(relay))} (${cpu} of processor each)`, ratio },
      reference: `${ms(median(direct))} direct; bare proxy ${pairedRatio(bare, direct).toFixed(2)} × (${least})`,
      ...{ goal: '≤ 1.3 ×', reached: ratio <= 1.3, samples: { ours: relay, bare, reference: direct } },
    };
  }
}

/** A script's requests through a relay beside the same ones without it, and through a proxy that does nothing. */
export async function relayFigures(hosts: Hosts): Promise<Figure[]> {
  const file = (name: string) => join(outDir, 'bench', `relay.${name}`);
  await Promise.all(['json', 'warm', 'done'].map((name) => rm(file(name), { force: true })));
  const [big, small] = [new Samples(), new Samples()];
  const { blockMs, blockCpuMs } = await hosts.run<RelayBlocks>('relay', 'ours', {
    drive: async () => {
      const address = await told(file('json'));
      const path = `/cra/ServiceGateway/Services/${service}`;
      const works: Record<Samples['ways'][number], Work> = {
        relay: (query) => ask(`${address.relay}${path}/getData`, query),
        bare: await directly(`${address.bare}${path}`),
        direct: await directly(`${hosts.url}${path}`),
      };
      const many = (work: Work) => async () => {
        const one = async () => {
          for (let call = 0; call < callsInRound / atOnce; call++) {
            await work({ view: 'JCPU' });
          }
        };
        await Promise.all(Array.from({ length: atOnce }, one));
      };
      for (let round = 0; round <= rounds; round++) {
        for (const way of big.ways) {
          const work = works[way];
          for (const [to, job] of [
            [big, () => work({ view: 'BIG', rows: bigRows })],
            [small, many(work)],
          ] as const) {
            const cpu = async () => Number((await ask(`${address.bare}/cpu`, {})).text);
            const [used, begun] = [await cpu(), performance.now()];
            await job();
            const took = performance.now() - begun;
            if (round > 0) {
              to.ms[way].push(took);
              to.cpu[way].push((await cpu()) - used);
            }
          }
        }
        await writeFile(file('warm'), ''); // The first of each is for warming up.
      }
      await writeFile(file('done'), '');
    },
  });
  return [
    big.figure('60 MB through a relay', 1),
    small.figure(`${callsInRound} small answers through a relay`, callsInRound),
    {
      group: 'relay',
      what: `longest block of the event loop meanwhile (${ms(blockCpuMs)} of processor)`,
      ...{ ours: ms(blockMs), reference: '', ratio: undefined, goal: '≤ 50 ms', reached: blockMs <= 50 },
    },
  ];
}

async function told(file: string): Promise<{ relay: string; bare: string }> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') {
      return JSON.parse(text) as { relay: string; bare: string };
    }
    await delay(50);
  }
}

const agent = new Agent({ keepAlive: true });

/** Asks without us, in a session for each view. */
async function directly(url: string) {
  const post = (path: string, form: Record<string, string>, query: Record<string, string> = {}) =>
    ask(`${url}/${path}`, query, new URLSearchParams(form).toString());
  const { text } = await post('Logon', { username: 'demo', password: 'demo' });
  const { userToken } = JSON.parse(text) as { userToken: string };
  const sessions = new Map<string, string>();
  return async ({ view, ...query }: { view: string; rows?: string }) => {
    const session = sessions.get(view);
    const got = await post(
      'getData',
      { userToken },
      { view, ...query, ...(session === undefined ? {} : { session }) },
    );
    const [, found] = /"session\w*"\s*:\s*"([^"]+)"/i.exec(got.text) ?? [];
    sessions.set(view, session ?? found ?? '');
    return got;
  };
}

/** Sends a request as scripts do, over sockets that stay open; only the beginning of its body is kept. */
function ask(url: string, query: Record<string, string>, form = ''): Promise<{ ms: number; text: string }> {
  const begun = performance.now();
  const search = new URLSearchParams({ product: 'MVMVS', ...query });
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': form.length };
  return new Promise((resolve, reject) => {
    const sent = request(
      url.endsWith('/cpu') ? url : `${url}?${search}`,
      { method: 'POST', headers, agent },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text = text === '' ? chunk.toString() : text;
        });
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode } = answer;
          statusCode === 200
            ? resolve({ ms: performance.now() - begun, text })
            : reject(new Error(`${statusCode} ${text}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(form);
  });
}
