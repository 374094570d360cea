import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyedHeap } from '../../../src/core/heap.ts';

describe('heap', () => {
  it('behaves as a sorted map whatever is set and deleted', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.option(fc.integer({ min: -50, max: 50 })));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new KeyedHeap<number>();
        const model = new Map<number, number>();
        for (const [key, priority] of steps) {
          if (priority === null) {
            assert.equal(heap.delete(key), model.delete(key));
          } else {
            heap.set(key, priority);
            model.set(key, priority);
          }
          assert.equal(heap.size, model.size);
          assert.equal(heap.peek()?.priority, model.size === 0 ? undefined : Math.min(...model.values()));
        }
        const drained: number[] = [];
        for (let next = heap.peek(); next !== undefined; next = heap.peek()) {
          assert.equal(model.get(next.key), next.priority);
          drained.push(next.priority);
          heap.delete(next.key);
        }
        assert.deepEqual(
          drained,
          [...model.values()].sort((a, b) => a - b),
        );
      }),
    );
  });

  it('can be cleared', () => {
    const heap = new KeyedHeap<string>();
    heap.set('a', 1);
    heap.clear();
    assert.equal(heap.size, 0);
    assert.equal(heap.peek(), undefined);
    assert.equal(heap.delete('a'), false);
  });
});
