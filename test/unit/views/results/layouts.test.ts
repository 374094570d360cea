import assert from 'node:assert/strict';
import type { Memento } from 'vscode';
import type { DataRequest } from '../../../../src/core/requests/request.ts';
import { asSent, seenFields } from '../../../../src/views/results/layout.ts';
import { Layouts } from '../../../../src/views/results/layouts.ts';

/** What VS Code remembers, as it does: only what JSON can hold. */
function memento(stored = new Map<string, string>()): Memento {
  return {
    keys: () => [...stored.keys()],
    get: <T>(key: string, otherwise?: T) => {
      const text = stored.get(key);
      return text === undefined ? otherwise : (JSON.parse(text) as T);
    },
    update: async (key, value) => void stored.set(key, JSON.stringify(value)),
  };
}

const view = { connection: 'SYSA', product: 'MVMVS', view: 'JCPU' };
const arranged = { ...asSent, sort: [{ field: 'CPU', descending: true }], filter: 'CPU>10' };

/** A result of a request, not grouped. */
const of = (request: DataRequest) => ({ request, groupings: [] });

describe('results: how views are arranged', () => {
  it('is remembered for each view of a connection, whatever else is asked for', async () => {
    const state = memento();
    await new Layouts({ state, hasSecret: () => false }).keep(
      of({ ...view, context: 'PLEX1', session: 'new' }),
      arranged,
    );
    const later = new Layouts({ state, hasSecret: () => false });
    assert.deepEqual(later.of(of({ ...view, context: 'PLEX2' })), arranged);
    assert.deepEqual(later.of(of({ ...view, view: 'JESPOOL' })), asSent);
    assert.deepEqual(later.of(of({ ...view, connection: 'SYSB' })), asSent);
    await later.keep(of(view), { ...arranged, filter: '' });
    assert.equal(later.of(of(view)).filter, '');
  });

  it('is remembered of the views that were arranged last, and what is none of ours is left', async () => {
    const state = memento();
    const layouts = new Layouts({ state, hasSecret: () => false });
    for (let at = 0; at < 201; at++) {
      await layouts.keep(of({ ...view, view: `V${at}` }), arranged);
    }
    assert.deepEqual(layouts.of(of({ ...view, view: 'V0' })), asSent);
    assert.deepEqual(layouts.of(of({ ...view, view: 'V1' })), arranged);
    const known = state.get<unknown[]>('layouts', []);
    await state.update('layouts', [['V', { sort: 'by name' }], 'V', ...known]);
    assert.deepEqual(layouts.of(of({ ...view, view: 'V1' })), arranged);
    await layouts.keep(of({ ...view, view: 'V2' }), { ...arranged, alert: 'x'.repeat(20_001) });
    assert.deepEqual(layouts.of(of({ ...view, view: 'V2' })), asSent);
    assert.deepEqual(layouts.of(of({ ...view, view: 'V3' })), arranged);
  });

  it('is remembered without a filter in which there is a secret', async () => {
    const layouts = new Layouts({ state: memento(), hasSecret: (text) => text.includes('secret') });
    await layouts.keep(of(view), { ...arranged, filter: 'user=secret' });
    assert.deepEqual(layouts.of(of(view)), { ...arranged, filter: '' });
  });

  it('says which columns are seen, and in which order', () => {
    const fields = ['A', 'B', 'C', 'D'];
    assert.deepEqual(seenFields(asSent, fields, ['B']), ['A', 'C', 'D']);
    const layout = {
      order: ['D', 'gone', 'A'],
      columns: [
        { field: 'A', hidden: true },
        { field: 'B', hidden: false },
        { field: 'C', pinned: true },
      ],
    };
    assert.deepEqual(seenFields(layout, fields, ['B']), ['C', 'D', 'B']);
  });
});
