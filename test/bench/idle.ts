import type { Page } from 'playwright-core';
import { type Figure, ms } from './figures.ts';
import type { Hosts } from './hosts.ts';
import type { Idle } from './inHost/idle.ts';

/** One minute of two windows at once: what is counted is each host's own, so neither disturbs the other. */
export async function idleFigures(hosts: Hosts): Promise<Figure[]> {
  await hosts.fill();
  const [watched, unwatched] = await Promise.all([
    hosts.run<Idle>('idle', 'ours', { drive: stayActive }),
    hosts.run<Idle>('idle', 'ours', { focused: false }),
  ]);
  if (!watched.focused || unwatched.focused || watched.tokens !== 100 || unwatched.tokens !== 100) {
    throw new Error(`The windows were not as they should be: ${JSON.stringify({ watched, unwatched })}`);
  }
  const figure = (
    what: string,
    { wakeUps, waits, cpuMs }: Idle,
    mostWakeUps: number,
    mostMs: number,
  ): Figure => ({
    group: 'idle',
    what: `60 s, 100 live tokens, ${what}`,
    ours: `${wakeUps} wake-ups, ${ms(cpuMs)}`,
    reference: '',
    ratio: undefined,
    goal: `≤ ${mostWakeUps} and ≤ ${mostMs} ms`,
    reached: wakeUps <= mostWakeUps && cpuMs <= mostMs,
    samples: { wakeUps: [wakeUps], cpuMs: [cpuMs], waits },
  });
  return [figure('focused', watched, 61, 30), figure('not focused', unwatched, 5, 5)];
}

/** A window counts as looked at while somebody moves something in it. */
async function stayActive(page: Page): Promise<void> {
  for (let place = 0; !page.isClosed() && !page.url().startsWith('about:'); place++) {
    await page.mouse.move(400 + (place % 2) * 50, 400).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}
