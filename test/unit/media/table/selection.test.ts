import { deepEqual, equal } from 'node:assert/strict';
import { Selection } from '../../../../media/table/selection.ts';

describe('table: selection', () => {
  it('is one cell, and grows from there while it is extended', () => {
    const selection = new Selection();
    selection.go({ row: 5, column: 2 }, false);
    deepEqual([selection.from, selection.to], [selection.focus, selection.focus]);
    selection.go({ row: 3, column: 4 }, true);
    deepEqual(
      [selection.from, selection.to],
      [
        { row: 3, column: 2 },
        { row: 5, column: 4 },
      ],
    );
    deepEqual([selection.has(4, 3), selection.has(2, 3), selection.has(4, 5)], [true, false, false]);
    selection.go({ row: 0, column: 0 }, false);
    equal(selection.has(3, 2), false);
  });

  it('is whole rows from the number of a row', () => {
    const selection = new Selection();
    selection.go({ row: 2, column: -1 }, false);
    selection.go({ row: 1, column: 3 }, true);
    deepEqual([selection.has(1, 0), selection.has(2, 999), selection.has(3, 0)], [true, true, false]);
  });

  it('begins anew below the header, which cannot be selected', () => {
    const selection = new Selection();
    selection.go({ row: -1, column: 1 }, false);
    selection.go({ row: 4, column: 1 }, true);
    deepEqual(
      [selection.from, selection.to],
      [
        { row: 4, column: 1 },
        { row: 4, column: 1 },
      ],
    );
  });

  it('stays inside of a table that has become smaller, or empty', () => {
    const selection = new Selection();
    selection.all(100, 10);
    deepEqual(selection.focus, { row: 99, column: 9 });
    selection.clamp(10, 3);
    deepEqual(
      [selection.from, selection.to],
      [
        { row: 0, column: 0 },
        { row: 9, column: 2 },
      ],
    );
    selection.clamp(0, 0);
    deepEqual(selection.focus, { row: 0, column: 0 });
  });
});
