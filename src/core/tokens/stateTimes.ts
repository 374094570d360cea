import type { Disposable } from '../disposable.ts';
import { isOwn, remaining, stateOf } from './deadline.ts';
import type { Environment } from './environment.ts';

/** Says that a token has changed when time alone has changed its state: whoever shows it must hear of that. */
export function watchStates({ clock, scheduler, sync, table, warnMs }: Environment): Disposable {
  return table.onDidChange(({ id }) => {
    const record = table.get(id);
    const left = record === undefined ? 0 : remaining(record, clock.now());
    const state = stateOf(left, warnMs());
    if (state !== 'expired') {
      // Timers ring a little early: what is too little to wait for would be looked at for ever.
      const wait = Math.max(state === 'live' ? left - warnMs() + 1 : left, 2);
      scheduler.after(`state/${id}`, wait, () => table.announce(id));
      return;
    }
    scheduler.cancel(`state/${id}`);
    if (record !== undefined && record.leftMs > 0 && isOwn(record.sent, clock.now())) {
      // Whatever happens to the clocks from now on, it does not come back to life.
      void sync.update(id, { leftMs: 0 }, 'soon');
    }
  });
}
