import { exponent, type Figure, median, ms, pairedRatio } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { GetDataTimes } from './inHost/getData.ts';

export async function getDataFigures(hosts: Hosts): Promise<Figure[]> {
  const { firstCallMs, small, smallReference, big } = await hosts.run<GetDataTimes>('getData', 'ours');
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
    const size = `${(one.bytes / 1_000_000).toFixed(1)} MB`;
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
        goal: '',
        reached: undefined,
        samples: { ours: one.allMs },
      },
      {
        group: 'getData',
        what: `${size}: longest block of the host's event loop`,
        ours: ms(median(one.blockMs)),
        reference: `${ms(median(one.referenceBlockMs))} fetch + JSON.parse`,
        ratio: undefined,
        goal: isGoal ? '≤ 100 ms' : '',
        reached: isGoal ? median(one.blockMs) <= 100 : undefined,
        samples: { ours: one.blockMs, reference: one.referenceBlockMs },
      },
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
