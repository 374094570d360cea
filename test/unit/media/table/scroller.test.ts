import assert from 'node:assert/strict';
import fc from 'fast-check';
import { elementHeight, Scroller } from '../../../../media/table/scroller.ts';

const rowHeight = 22;
const view = 600;

/** What scrolls in a browser: no further than its content, and in steps of its own. */
class Element {
  height = 0;
  #at = 0;
  get scrollTop(): number {
    return this.#at;
  }
  set scrollTop(at: number) {
    this.#at = Math.fround(Math.max(0, Math.min(at, this.height - view)));
  }
}

function scrollerOf(rows: number): {
  element: Element;
  scroller: Scroller;
  drag: (share: number) => void;
  wheel: (by: number) => void;
} {
  const element = new Element();
  const scroller = new Scroller(element);
  element.height = elementHeight(rows * rowHeight);
  scroller.resize(rows * rowHeight, view);
  return {
    element,
    scroller,
    drag: (share) => {
      element.scrollTop = share * (element.height - view);
      scroller.follow();
    },
    wheel: (by) => {
      element.scrollTop += by;
      scroller.follow();
    },
  };
}

describe('table: scrolling', () => {
  it('the last of a million and more rows is reached by bar, wheel and keyboard, and no element is too high', () => {
    for (const rows of [10, 200_000, 230_000, 1_000_000, 3_000_000]) {
      const last = Math.max(0, rows * rowHeight - view);
      const { element, scroller, drag, wheel } = scrollerOf(rows);
      assert.ok(element.height <= 5_000_000);
      drag(1);
      assert.equal(scroller.top, last);
      for (let turn = 0; turn < 200; turn++) {
        wheel(-100);
      }
      assert.equal(scroller.top, Math.max(0, last - 20_000));
      drag(0);
      assert.equal(scroller.top, 0);
      scroller.moveTo(Number.MAX_SAFE_INTEGER);
      assert.deepEqual([scroller.top, element.scrollTop + scroller.shift], [last, last]);
      scroller.moveTo(last / 2);
      assert.ok(Math.abs(element.scrollTop - Math.max(0, element.height - view) / 2) < 2);
    }
  });

  it('the wheel passes every row once, in each direction', () => {
    const { element, scroller, wheel } = scrollerOf(1_000_000);
    const last = 1_000_000 * rowHeight - view;
    for (const by of [500, -500]) {
      let turns = 0;
      for (let before = Number.NaN; before !== scroller.top; turns++) {
        before = scroller.top;
        wheel(by);
        assert.ok(!(Math.abs(scroller.top - before) > 501), `${before} ${scroller.top}`);
        assert.ok(Math.abs(element.scrollTop + scroller.shift - scroller.top) <= 1);
      }
      assert.ok(Math.abs(turns - last / 500) < 5, `${turns} turns`);
      assert.equal(scroller.top, by > 0 ? last : 0);
    }
  });

  it('whatever is done, the rows are where the bar says, and inside of their bounds', () => {
    const act = fc.oneof(
      fc.record({ is: fc.constant('wheel' as const), by: fc.integer({ min: -2000, max: 2000 }) }),
      fc.record({ is: fc.constant('drag' as const), by: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ is: fc.constant('move' as const), by: fc.integer({ min: 0, max: 40_000_000 }) }),
      fc.record({ is: fc.constant('rows' as const), by: fc.integer({ min: 0, max: 2_000_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const { element, scroller, drag, wheel } = scrollerOf(1_000_000);
        let height = 1_000_000 * rowHeight;
        for (const { is, by } of acts) {
          if (is === 'wheel') {
            wheel(by);
          } else if (is === 'drag') {
            drag(by);
          } else if (is === 'move') {
            scroller.moveTo(by);
          } else {
            height = by * rowHeight;
            element.height = elementHeight(height);
            element.scrollTop += 0; // A browser does so when the content is lower than before.
            scroller.resize(height, view);
            scroller.follow();
          }
          const last = Math.max(0, height - view);
          assert.ok(scroller.top >= 0 && scroller.top <= last);
          const share = last === 0 ? 0 : scroller.top / last;
          const bar = element.height <= view ? 0 : element.scrollTop / (element.height - view);
          assert.ok(Math.abs(share - bar) < 0.03, `${share} of the rows, ${bar} of the bar`);
        }
      }),
    );
  });
});
