import assert from 'node:assert/strict';
import { safeParse } from 'valibot';
import { Columns, type Direction } from '../../../../media/table/columns.ts';
import { asSent } from '../../../../src/views/results/layout.ts';
import { type ColumnData, type Layout, layout } from '../../../../src/views/results/messages.ts';

const text = (field: string, more: Partial<ColumnData> = {}): ColumnData => ({
  field,
  label: field,
  kind: 'text',
  hidden: false,
  ...more,
});

const data = [text('A'), text('B', { hidden: true }), text('C')];

describe('columns of a table', () => {
  const columns = (layout: Partial<Layout> = {}) => {
    const made = new Columns((text) => text.length * 10);
    made.arrange({ ...asSent, ...layout });
    return made;
  };
  const arrange = (of: Columns, change: Partial<Layout>) => {
    of.arrange({ ...of.layout, ...change });
  };
  const named = (of: Columns, field: string) => of.all.find((one) => one.field === field) ?? assert.fail();
  const seen = (of: Columns) => of.seen.map(({ field }) => field);

  it('that the definition hides are hidden at first, and counted', () => {
    const some = columns();
    some.update(data.map((one) => ({ ...one, hidden: false })));
    assert.deepEqual(seen(some), ['A', 'B', 'C'], 'the definition comes after the rows');
    some.update(data);
    assert.deepEqual([seen(some), some.hiddenCount], [['A', 'C'], 1]);
  });

  it('are meant by their field, by the place of the focus, or at all: also where every one is hidden', () => {
    const some = columns();
    some.update(data);
    assert.deepEqual(
      [some.meant('B', 1), some.meant(undefined, 1), some.meant('none', 9)].map((one) => one?.field),
      ['B', 'C', 'A'],
    );
    some.update(data.map((one) => ({ ...one, hidden: true })));
    assert.equal(some.meant(undefined, 0)?.field, 'A');
  });

  it('are sorted by up, down and not, and only by as many as may be', () => {
    const some = columns();
    some.update(data);
    const sort = (field: string, add = false, direction?: Direction) => {
      arrange(some, { sort: some.sortBy(field, add, direction) });
      return some.layout.sort.map((by) => `${by.descending ? '-' : ''}${by.field}`).join(' ');
    };
    assert.deepEqual([sort('A'), sort('A'), sort('A'), sort('A')], ['A', '-A', '', 'A']);
    assert.deepEqual([sort('B', true), sort('A', true), sort('A', true)], ['A B', '-A B', 'B']);
    assert.deepEqual([sort('C', false, 'descending'), sort('C', true, 'none')], ['-C', '']);
    for (const field of 'ABCDEFGHIJ') {
      sort(field, true);
    }
    assert.equal(sort('A', true), '-A B C D E F G H');
    assert.ok(safeParse(layout, some.layout).success);
  });

  it('stay as a person wants them, also with new data and after a reload', () => {
    const some = columns();
    some.update(data);
    arrange(some, some.hide('A'));
    assert.deepEqual(seen(some), ['C']);
    arrange(some, some.showAll());
    some.update(data);
    assert.deepEqual(seen(some), ['A', 'B', 'C']);
    const again = columns(some.layout);
    again.update(data);
    assert.deepEqual(seen(again), ['A', 'B', 'C']);
  });

  const four = [text('A', { label: 'Name' }), text('B', { kind: 'number' }), text('C'), text('D')];
  const ofFour = (layout: Partial<Layout> = {}) => {
    const made = columns(layout);
    made.update(four);
    return made;
  };

  it('stand as the server has them, until a person moves one', () => {
    const some = ofFour();
    arrange(some, some.move('D', named(some, 'B'), false));
    assert.deepEqual(seen(some), ['A', 'D', 'B', 'C']);
    arrange(some, some.move('A', named(some, 'C'), true));
    assert.deepEqual(seen(some), ['D', 'B', 'C', 'A']);
    arrange(some, some.move('A', named(some, 'A'), true));
    assert.deepEqual(seen(some), ['D', 'B', 'C', 'A']);
  });

  it('that are pinned stand first, and one that is moved beside them is pinned', () => {
    const some = ofFour();
    arrange(some, some.togglePin(named(some, 'C')));
    assert.deepEqual([seen(some), some.pinnedCount], [['C', 'A', 'B', 'D'], 1]);
    arrange(some, some.move('B', named(some, 'C'), false));
    assert.deepEqual([seen(some), some.pinnedCount], [['B', 'C', 'A', 'D'], 2]);
  });

  it('are never all hidden', () => {
    const some = ofFour();
    for (const { field } of four) {
      arrange(some, some.hide(field));
    }
    assert.deepEqual([seen(some), some.hiddenCount], [['D'], 3]);
  });

  it('keep place and width with new data, where a new field stands after the one it follows', () => {
    const some = ofFour();
    arrange(some, some.move('D', named(some, 'A'), false));
    arrange(some, some.fit(named(some, 'D'), ['x'.repeat(60)]));
    some.update([...four.slice(0, 1), text('N'), ...four.filter(({ field }) => 'BD'.includes(field))]);
    assert.deepEqual(seen(some), ['D', 'A', 'N', 'B']);
    const again = ofFour(some.layout);
    assert.deepEqual([seen(again)[0], some.seen[0]?.width, again.seen[0]?.width], ['D', 620, 620]);
  });

  it('keep their places while an answer lacks them, whatever is moved meanwhile', () => {
    const some = ofFour();
    arrange(some, some.move('D', named(some, 'A'), false));
    some.update(four.slice(0, 3));
    arrange(some, some.move('C', named(some, 'B'), false));
    some.update(four);
    assert.deepEqual(seen(some), ['D', 'A', 'C', 'B']);
  });

  it('are as wide as what stands in them, within bounds, unless a person has said how wide', () => {
    const some = ofFour({ columns: [{ field: 'B', width: 77 }] });
    some.fitAll(({ field }) => (field === 'C' ? ['x'.repeat(90)] : ['x']));
    assert.deepEqual(
      some.seen.map(({ width }) => width),
      [78, 77, 360, 48],
    );
    arrange(some, some.resize('A', 1));
    assert.equal(some.seen[0]?.width, 48);
  });
});
