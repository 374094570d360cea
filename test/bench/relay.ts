import { readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { outDir } from '../workbench/paths.ts';
import { type Figure, median, ms, pairedRatio } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { HostUse } from './inHost/relay.ts';
import { service } from './sandboxProcess.ts';

const rounds = 7;
const callsInRound = 152;
/** As many as a script with a pool of threads asks at a time. */
const atOnce = Number(process.env.AT_ONCE ?? 8);
/** Rows of the sandbox's big view: 60 MB. */
const bigRows = '200000';

type Work = (query: { view: string; rows?: string }) => Promise<unknown>;

/** What the same work took each time, in milliseconds: by some way, and directly just after it. */
class Samples {
  readonly ours: number[] = [];
  readonly direct: number[] = [];
  /** Of the host's processor. */
  readonly cpu: number[] = [];

  get ratio(): number {
    return pairedRatio(this.ours, this.direct);
  }

  figure(what: string, requests: number, bare: Samples): Figure {
    const { ours, direct, ratio } = this;
    const [cpu, least] = [this.cpu, bare.cpu].map((all) => ms(median(all) / requests));
    return {
      ...{ group: 'relay', what, ours: `${ms(median(ours))} (${cpu} of processor each)`, ratio },
      reference: `${ms(median(direct))} direct; bare proxy ${bare.ratio.toFixed(2)} × (${least})`,
      ...{ goal: '≤ 1.3 ×', reached: ratio <= 1.3, samples: { ours, reference: direct, bare: bare.ours } },
    };
  }
}

/** A script's requests through a relay beside the same ones without it, and then through a proxy that does nothing. */
export async function relayFigures(hosts: Hosts): Promise<Figure[]> {
  const file = (name: string) => join(outDir, 'bench', `relay.${name}`);
  await Promise.all(['json', 'done'].map((name) => rm(file(name), { force: true })));
  const made = () => ({ big: new Samples(), small: new Samples() });
  const samples = { relay: made(), bare: made() };
  const blocks = { relay: { ms: 0, cpuMs: 0 }, bare: { ms: 0, cpuMs: 0 } };
  const drive = async () => {
    const address = await told(file('json'));
    const path = `/cra/ServiceGateway/Services/${service}`;
    const direct = await directly(`${hosts.url}${path}`);
    const works: Record<keyof typeof samples, Work> = {
      relay: (query) => ask(`${address.relay}${path}/getData`, query),
      bare: await directly(`${address.bare}${path}`),
    };
    const useNow = async () => JSON.parse((await ask(`${address.bare}/use`, {})).text) as HostUse;
    const took = async (job: Job, work: Work) => {
      const begun = performance.now();
      await jobs[job](work);
      return performance.now() - begun;
    };
    // One after the other: what the proxy leaves in memory would be cleared away while the relay works.
    for (const way of ['relay', 'bare'] as const) {
      for (let round = 0; round <= rounds; round++) {
        for (const job of ['big', 'small'] as const) {
          await useNow();
          const ours = await took(job, works[way]);
          const use = await useNow();
          const theirs = await took(job, direct);
          if (round === 0) {
            continue; // The first of each is for warming up.
          }
          samples[way][job].ours.push(ours);
          samples[way][job].direct.push(theirs);
          samples[way][job].cpu.push(use.cpuMs);
          blocks[way].ms = Math.max(blocks[way].ms, use.block.ms);
          blocks[way].cpuMs = Math.max(blocks[way].cpuMs, use.block.cpuMs);
        }
      }
    }
    await writeFile(file('done'), '');
  };
  await hosts.run('relay', 'ours', { drive });
  const { relay, bare } = samples;
  return [
    relay.big.figure('60 MB through a relay', 1, bare.big),
    relay.small.figure(`${callsInRound} small answers through a relay`, callsInRound, bare.small),
    {
      group: 'relay',
      what: 'longest block of the event loop meanwhile',
      ours: `${ms(blocks.relay.ms)} (${ms(blocks.relay.cpuMs)} of processor)`,
      reference: `bare proxy ${ms(blocks.bare.ms)} (${ms(blocks.bare.cpuMs)})`,
      ...{ ratio: undefined, goal: '≤ 50 ms', reached: blocks.relay.ms <= 50 },
    },
  ];
}

const jobs = {
  big: (work: Work) => work({ view: 'BIG', rows: bigRows }),
  small: async (work: Work) => {
    const one = async () => {
      for (let call = 0; call < callsInRound / atOnce; call++) {
        await work({ view: 'JCPU' });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  },
};
type Job = keyof typeof jobs;

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
      url.endsWith('/use') ? url : `${url}?${search}`,
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
