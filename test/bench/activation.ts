import { type Figure, kb, mb, median, ms, pairedRatio } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { Activation } from './inHost/activation.ts';

const rounds = 7;

export async function activationFigures(hosts: Hosts): Promise<Figure[]> {
  await hosts.fill();
  const empty: Activation[] = [];
  const ours: Activation[] = [];
  // The first window of a server finds colder caches than all others.
  await hosts.run('activation', 'empty');
  for (let round = 0; round < rounds; round++) {
    empty.push(await hosts.run('activation', 'empty'));
    ours.push(await hosts.run('activation', 'ours'));
  }
  const times = ours.map(({ totalMs }) => totalMs);
  const reference = empty.map(({ totalMs }) => totalMs);
  const requireMs = ours.map((one) => one.requireMs);
  const activateMs = ours.map((one) => one.activateMs);
  const heap = (what: string, pick: (one: Activation) => number, most: number): Figure => {
    const bytes = ours.map(pick);
    const bare = empty.map(pick);
    return {
      group: 'activation',
      what: `heap of the extension host, ${what}`,
      ours: mb(median(bytes)),
      reference: `${mb(median(bare))} empty extension`,
      ratio: undefined,
      goal: `≤ +${mb(most)}`,
      reached: median(bytes) - median(bare) <= most,
      samples: { ours: bytes, reference: bare },
    };
  };
  const loaded = ours[0]?.loaded ?? [];
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  return [
    {
      group: 'activation',
      what: `activation (of it require ${ms(median(requireMs))}, activate() ${ms(median(activateMs))})`,
      ours: ms(median(times)),
      reference: `${ms(median(reference))} empty extension`,
      ratio: pairedRatio(times, reference),
      goal: '≤ +15 ms and ≤ 2 ×',
      reached: median(times) <= median(reference) + 15 && pairedRatio(times, reference) <= 2,
      samples: { ours: times, reference, require: requireMs, activate: activateMs },
    },
    {
      group: 'activation',
      what: `what activation loads: ${loaded.map(({ file }) => file).join(', ')}`,
      ours: kb(bytes),
      reference: '',
      ratio: undefined,
      goal: '≤ 60.0 KB',
      reached: bytes <= 60_000,
      samples: { bytes: [bytes] },
    },
    heap('0 tokens', ({ heapBytes }) => heapBytes, 2_000_000),
    heap(
      `100 tokens (all parts without a token: ${mb(median(ours.map((one) => one.loadedHeapBytes)))})`,
      ({ fullHeapBytes }) => fullHeapBytes,
      3_000_000,
    ),
  ];
}
