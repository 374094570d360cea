import assert from 'node:assert/strict';
import { type ColumnLook, Columns } from '../../../../media/table/columns.ts';

const data = {
  fields: ['A', 'B', 'C'],
  labels: ['A', 'B', 'C'],
  kinds: ['text', 'text', 'text'],
  hidden: ['B'],
} as const;

describe('columns of a table', () => {
  const columns = (looks: readonly ColumnLook[] = []) => new Columns(looks, [], () => 10);
  const seen = (of: Columns) => of.seen.map(({ field }) => field);

  it('that the definition hides are hidden at first, and counted', () => {
    const some = columns();
    some.update({ ...data, hidden: [] });
    assert.deepEqual(seen(some), ['A', 'B', 'C'], 'the definition comes after the rows');
    some.update(data);
    assert.deepEqual([seen(some), some.hiddenCount], [['A', 'C'], 1]);
  });

  it('stay as a person wants them, also with new data and after a reload', () => {
    const some = columns();
    some.update(data);
    some.hide('A');
    assert.deepEqual(seen(some), ['C']);
    some.showAll();
    some.update(data);
    assert.deepEqual(seen(some), ['A', 'B', 'C']);
    const again = columns(some.looks);
    again.update(data);
    assert.deepEqual(seen(again), ['A', 'B', 'C']);
  });
});
