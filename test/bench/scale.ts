import { exponent, type Figure, median, ms } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { AtSize, Scale } from './inHost/scale.ts';

const rows = [
  { key: 'treeMs', what: "the tree's first children" },
  { key: 'tickMs', what: 'one tick' },
  { key: 'renewalMs', what: 'one renewal' },
  { key: 'closeMs', what: 'one close' },
] as const;

export async function scaleFigures(hosts: Hosts): Promise<Figure[]> {
  const { sizes, keepAlive, writes } = await hosts.run<Scale>('scale', 'empty');
  const at = (tokens: number): AtSize => {
    const found = sizes.find((one) => one.tokens === tokens);
    if (found === undefined) {
      throw new Error(`Nothing was measured at ${tokens} tokens.`);
    }
    return found;
  };
  const share = keepAlive.requests / keepAlive.least;
  return [
    {
      group: 'scale',
      what: 'keep alive of 1,000 tokens for 4 hours: requests',
      ours: String(keepAlive.requests),
      reference: `${keepAlive.least} at least`,
      ratio: share,
      goal: '≤ 1.3 ×',
      reached: share <= 1.3,
    },
    {
      group: 'scale',
      what: `SecretStorage writes of a token's hour, auto (${writes.idleWrites} without renewals)`,
      ours: `${writes.writes} writes`,
      reference: `${writes.renewals} renewals`,
      ratio: writes.writes / writes.renewals,
      goal: '≤ 1 each, else none',
      reached: writes.writes <= writes.renewals && writes.idleWrites === 0,
    },
    ...rows.map(({ key, what }): Figure => {
      const most = median(at(10_000)[key]);
      const few = median(at(100)[key]);
      const isTree = key === 'treeMs';
      return {
        group: 'scale',
        what: `10,000 tokens held: ${what}`,
        ours: ms(most),
        reference: `${ms(few)} with 100`,
        ratio: most / few,
        goal: isTree ? '≤ 100 ms' : '≤ 1.5 ×',
        reached: isTree ? most <= 100 : most <= few * 1.5,
        samples: Object.fromEntries(sizes.map((one) => [String(one.tokens), one[key]])),
      };
    }),
    ...rows.map(
      ({ key, what }): Figure => ({
        group: 'scale',
        what: `growth from 10 to 10,000 tokens: ${what}`,
        ours: `tokens ^ ${exponent(sizes.map((one) => [one.tokens, median(one[key])])).toFixed(2)}`,
        reference: sizes.map((one) => ms(median(one[key]))).join(', '),
        ratio: undefined,
        goal: '',
        reached: undefined,
      }),
    ),
  ];
}
