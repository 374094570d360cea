import { type Figure, kb, mb, median, ms, pairedRatio, percentile } from './figures.ts';
import type { Extension, Hosts } from './hosts.ts';
import type { Activation } from './inHost/activation.ts';

const rounds = 15;

/**
 * In each window ours is activated between empty extensions: the other windows, the machine and the page, which VS Code
 * asks for what an extension has stored, are the same for all. What counts is by how much ours takes longer.
 */
export async function activationFigures(hosts: Hosts): Promise<Figure[]> {
  await hosts.fill();
  const open = (extension: Extension): Promise<Activation> => hosts.run('activation', extension);
  // The first window of a server finds colder caches than all others.
  await open('ours');
  const ours: Activation[] = [];
  const beside: Activation[] = [];
  for (let round = 0; round < rounds; round++) {
    const both = [
      async () => ours.push(await open('ours')),
      async () => hosts.beside && beside.push(await open('beside')),
    ];
    for (const one of round % 2 === 0 ? both : both.reverse()) {
      await one();
    }
  }
  const heap = (what: string, pick: (one: Activation) => number, max: number): Figure => {
    const bytes = ours.map(pick);
    const bare = ours.map(({ empty }) => empty.heap);
    return {
      group: 'activation',
      what: `heap of the extension host, ${what}`,
      ours: mb(median(bytes)),
      reference: `${mb(median(bare))} empty extension`,
      ratio: undefined,
      goal: `≤ +${mb(max)}`,
      reached: median(bytes) - median(bare) <= max,
      samples: { ours: bytes, reference: bare },
    };
  };
  const loaded = ours[0]?.loaded ?? [];
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  return [
    ...['ms' as const, 'cpuMs' as const].flatMap((unit) => [
      timeFigure(undefined, ours, unit),
      ...(beside.length > 0 ? [timeFigure(hosts.beside, beside, unit)] : []),
    ]),
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
    heap('0 tokens', (one) => one.heap, 2_000_000),
    heap(
      `100 tokens (all parts without a token: ${mb(median(ours.map((one) => one.loadedHeap)))})`,
      ({ fullHeap }) => fullHeap,
      3_000_000,
    ),
  ];
}

/** How long activation takes by the clock, or by the processor, and by how much longer than that of empty ones. */
function timeFigure(beside: string | undefined, all: readonly Activation[], unit: 'ms' | 'cpuMs'): Figure {
  const times = all.map((one) => one[unit]);
  const reference = all.map(({ empty }) => empty[unit]);
  const more = all.map((one) => one[unit] - one.empty[unit]);
  const ratio = pairedRatio(times, reference);
  const of = (pick: (one: Activation) => number): string => ms(median(all.map(pick)));
  const clock = `of it require ${of((one) => one.requireMs)}, activate() ${of((one) => one.activateMs)}`;
  const later = `${of((one) => one.laterCpuMs)} beside ${of(({ empty }) => empty.laterCpuMs)}`;
  const [low, middle, high] = [percentile(more, 0.25), median(more), percentile(more, 0.75)].map(
    (one) => `${one < 0 ? '' : '+'}${one.toFixed(1)}`,
  );
  return {
    group: 'activation',
    what: `activation${beside ? ` of ${beside}` : ''} (${unit === 'ms' ? clock : `processor time; in the 100 ms after it ${later}`})`,
    ours: ms(median(times)),
    reference: `${ms(median(reference))} empty extension: ${middle} ms (${low} to ${high})`,
    ratio,
    goal: beside ? '' : unit === 'ms' ? '≤ +15 ms and ≤ 2 ×' : '≤ +15 ms',
    reached: beside ? undefined : median(more) <= 15 && (ratio <= 2 || unit === 'cpuMs'),
    samples: { ours: times, reference, more },
  };
}
