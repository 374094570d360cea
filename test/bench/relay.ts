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

/** A script's requests through a relay beside the same ones without it. */
export async function relayFigures(hosts: Hosts): Promise<Figure[]> {
  const file = (name: string) => join(outDir, 'bench', `relay.${name}`);
  await Promise.all(['json', 'warm', 'done'].map((name) => rm(file(name), { force: true })));
  const samples = {
    big: [] as number[],
    bigDirect: [] as number[],
    small: [] as number[],
    smallDirect: [] as number[],
  };
  const { blockMs, blockCpuMs } = await hosts.run<RelayBlocks>('relay', 'ours', {
    drive: async () => {
      const address = await told(file('json'));
      const direct = await directly(`${hosts.url}/cra/ServiceGateway/Services/${service}`);
      const relayed = (query: Record<string, string>) =>
        ask(`${address}/cra/ServiceGateway/Services/${service}/getData`, query);
      for (let round = 0; round <= rounds; round++) {
        const big = {
          relayed: await relayed({ view: 'BIG', rows: bigRows }),
          direct: await direct({ view: 'BIG', rows: bigRows }),
        };
        const small = [relayed, direct].map((work) => async () => {
          const begun = performance.now();
          const one = async () => {
            for (let call = 0; call < callsInRound / atOnce; call++) {
              await work({ view: 'JCPU' });
            }
          };
          await Promise.all(Array.from({ length: atOnce }, one));
          return performance.now() - begun;
        });
        const [smallRelayed = 0, smallDirect = 0] = [await small[0]?.(), await small[1]?.()];
        if (round === 0) {
          await writeFile(file('warm'), ''); // The first of each is for warming up.
          continue;
        }
        samples.big.push(big.relayed.ms);
        samples.bigDirect.push(big.direct.ms);
        samples.small.push(smallRelayed);
        samples.smallDirect.push(smallDirect);
      }
      await writeFile(file('done'), '');
    },
  });
  const figure = (what: string, ours: number[], reference: number[]): Figure => {
    const ratio = pairedRatio(ours, reference);
    return {
      ...{
        group: 'relay',
        what,
        ours: ms(median(ours)),
        reference: `${ms(median(reference))} direct`,
        ratio,
      },
      ...{ goal: '≤ 1.3 ×', reached: ratio <= 1.3, samples: { ours, reference } },
    };
  };
  return [
    figure('60 MB through a relay', samples.big, samples.bigDirect),
    figure(`${callsInRound} small answers through a relay`, samples.small, samples.smallDirect),
    {
      group: 'relay',
      what: `longest block of the event loop meanwhile (${ms(blockCpuMs)} of processor)`,
      ...{ ours: ms(blockMs), reference: '', ratio: undefined, goal: '≤ 50 ms', reached: blockMs <= 50 },
    },
  ];
}

async function told(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') {
      return JSON.parse(text) as string;
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
    const sent = request(`${url}?${search}`, { method: 'POST', headers, agent }, (answer) => {
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
    });
    sent.on('error', reject);
    sent.end(form);
  });
}
