import { besideOurs, exponent, type Figure, median, ms, pairedRatio } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { Big, GetDataTimes } from './inHost/getData.ts';

export async function getDataFigures(hosts: Hosts): Promise<Figure[]> {
  const ours = figuresOf(await hosts.run<GetDataTimes>('getData', 'ours'));
  return hosts.beside === undefined
    ? ours
    : [...ours, ...besideOurs(figuresOf(await hosts.run<GetDataTimes>('getData', 'beside')), hosts.beside)];
}

function figuresOf({ firstCallMs, small, smallReference, big }: GetDataTimes): Figure[] {
  const smallRatio = pairedRatio(small, smallReference);
  const figures: Figure[] = [
    {
      group: 'getData',
      what: `small answer (the first of all, loading included: ${ms(firstCallMs)})`,
      ours: ms(median(small)),
      reference: `${ms(median(smallReference))} fetch`,
      ratio: smallRatio,
      goal: '≤ 1.5 ×',
      reached: smallRatio <= 1.5,
      samples: { ours: small, reference: smallReference },
    },
  ];
  for (const one of big) {
    const reference = `${ms(median(one.referenceMs))} fetch + JSON.parse`;
    const isGoal = one.mb === 60;
    const ratios = {
      first: pairedRatio(one.firstMs, one.referenceMs),
      last: pairedRatio(one.lastMs, one.referenceMs),
      all: pairedRatio(one.allMs, one.referenceMs),
    };
    const size = megabytes(one.bytes);
    figures.push(
      {
        group: 'getData',
        what: `${size}: to the table's first rows`,
        ours: ms(median(one.firstMs)),
        reference,
        ratio: ratios.first,
        goal: isGoal ? '≤ 1.25 ×' : '',
        reached: isGoal ? ratios.first <= 1.25 : undefined,
        samples: { ours: one.firstMs, reference: one.referenceMs },
      },
      {
        group: 'getData',
        what: `${size}: to the table's last row`,
        ours: ms(median(one.lastMs)),
        reference,
        ratio: ratios.last,
        goal: '',
        reached: undefined,
        samples: { ours: one.lastMs },
      },
      {
        group: 'getData',
        what: `${size}: to all rows in a program's hand`,
        ours: ms(median(one.allMs)),
        reference,
        ratio: ratios.all,
        goal: isGoal ? '≤ 1.4 ×' : '',
        reached: isGoal ? ratios.all <= 1.4 : undefined,
        samples: { ours: one.allMs },
      },
      block(one, 'longest block of the event loop, to the last row', one.blockMs, one.blockCpuMs),
      block(
        one,
        "longest block from there to all rows in a program's hand",
        one.allBlockMs,
        one.allBlockCpuMs,
      ),
    );
  }
  const growth = (what: string, pick: (one: GetDataTimes['big'][number]) => readonly number[]): Figure => ({
    group: 'getData',
    what: `growth from 1 to 60 MB: ${what}`,
    ours: `bytes ^ ${exponent(big.map((one) => [one.bytes, median(pick(one))])).toFixed(2)}`,
    reference: `bytes ^ ${exponent(big.map((one) => [one.bytes, median(one.referenceMs)])).toFixed(2)}`,
    ratio: undefined,
    goal: '',
    reached: undefined,
  });
  figures.push(growth('first rows', ({ firstMs }) => firstMs));
  figures.push(growth('last row', ({ lastMs }) => lastMs));
  return figures;
}

/** A block is what anybody in the host has to wait; of it, what this thread worked tells our part from the machine's. */
function block(
  { mb, bytes, referenceBlockMs, droppedBlockMs }: Big,
  what: string,
  blockMs: readonly number[],
  cpuMs: readonly number[],
): Figure {
  const isGoal = mb === 60;
  return {
    group: 'getData',
    what: `${megabytes(bytes)}: ${what} (${ms(median(cpuMs))} of processor)`,
    ours: ms(median(blockMs)),
    reference: `${ms(median(referenceBlockMs))} fetch + JSON.parse, ${ms(median(droppedBlockMs))} fetch alone`,
    ratio: undefined,
    goal: isGoal ? '≤ 50 ms' : '',
    reached: isGoal ? median(blockMs) <= 50 : undefined,
    samples: { ours: blockMs, cpu: cpuMs, reference: referenceBlockMs, fetchAlone: droppedBlockMs },
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
