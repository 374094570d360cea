import { type FaultName, type FaultRule, faultNames, ofGateway, spoiling } from '../sandbox/faultRules.ts';

/** A column of the table: a fault, when it strikes, and how often. */
export interface TableFault {
  readonly name: string;
  readonly fault: FaultName;
  /** Whether the gateway carries out what it was asked for. */
  readonly done: boolean;
  /** Whether it strikes one request alone, so that a second one gets through. */
  readonly once: boolean;
  readonly rule: Omit<FaultRule, 'match'>;
}

/** Faults that can strike before and after an operation is carried out. */
const around = faultNames.filter((name) => !['refuse', 'redirect', ...spoiling].includes(name));

/** Some are too slow to strike twice in the time of a test, or end by themselves. */
const single: readonly FaultName[] = [...ofGateway, 'drip'];

function columns(fault: FaultName, when: 'before' | 'after', more: Partial<FaultRule> = {}): TableFault[] {
  const label = Object.keys(more).length === 0 ? '' : ` ${JSON.stringify(more).replace(/[{}"]/g, '')}`;
  return [true, false]
    .filter((once) => once || !single.includes(fault))
    .map((once) => ({
      name: `${fault} ${when}${once ? ' once' : ''}${label}`,
      fault,
      done: when === 'after',
      once,
      rule: { fault, when, ...more, ...(once ? { times: 1 } : {}) },
    }));
}

export const faults: readonly TableFault[] = [
  ...columns('refuse', 'before', { forMs: 30_000 }),
  ...columns('refuse', 'before', { forMs: 40 }),
  ...around.flatMap((fault) => [...columns(fault, 'before'), ...columns(fault, 'after')]),
  ...(['429', '503'] as const).flatMap((fault) => columns(fault, 'before', { retryAfterSeconds: 1 })),
  ...spoiling.filter((fault) => fault !== 'slow').flatMap((fault) => columns(fault, 'after')),
  // To the gateway itself, again and again.
  ...columns('redirect', 'before'),
];
