import type { Disposable } from '../disposable.ts';
import { isOwn, remaining, stateOf } from './deadline.ts';
import type { Environment } from './environment.ts';

/** Announces that a token has changed when time alone has changed its state, for the views. */
export function watchStates({ clock, scheduler, sync, table, warnMs }: Environment): Disposable {
  return table.onDidChange(({ id }) => {
    const record = table.get(id);
    const left = record === undefined ? 0 : remaining(record, clock.now());
    const state = stateOf(left, warnMs());
    if (state !== 'expired') {
      // Timers fire a little early: with a shorter wait this would loop.
      const wait = Math.max(state === 'live' ? left - warnMs() + 1 : left, 2);
      scheduler.after(`state/${id}`, wait, () => table.announce(id));
      return;
    }
    scheduler.cancel(`state/${id}`);
    if (record !== undefined && record.leftMs > 0 && isOwn(record.sent, clock.now())) {
      // It stays expired, whatever happens to the clocks from now on.
      void sync.update(id, { leftMs: 0 }, 'soon');
    }
  });
}
