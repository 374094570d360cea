import assert from 'node:assert/strict';
import { eachOf } from '../../src/core/async.ts';
import type { FaultName } from '../sandbox/faultRules.ts';
import { type Outcome, operations, protocols, runCell } from './cell.ts';
import { faults } from './faultList.ts';
import { type Cell, mustOf, wordOf } from './must.ts';

/** How many cells run at once: most of them wait for a time-out. */
const maxAtOnce = 32;

const is = (fault: FaultName, ...names: FaultName[]): boolean => names.includes(fault);

/**
 * Where the gateway may count more sessions than are held, and nobody could know better: it opened one and its
 * answer was lost or a lie, or it said of one that lives that it does not know it.
 */
function mayBeLost({ protocol, operation, fault: { fault, done } }: Cell): boolean {
  const opens =
    protocol === 'sarus'
      ? operation === 'sign in'
      : operation === 'getData new' || operation === 'getData reuse';
  if (opens && done) {
    // In CRA's answers the session's id comes early, so that half an answer is enough.
    return protocol === 'sarus' || !is(fault, 'reset-in-body', 'truncated', 'wrong-length');
  }
  const disowned =
    protocol === 'sarus'
      ? is(fault, '401', '410')
      : is(fault, '410', 'empty') || (fault === '404' && protocol === 'getData');
  return disowned && (operation === 'query' || !done);
}

/** Where more may be held than the gateway counts until the next request shows it. */
function mayBeGone({ operation, fault: { fault, done } }: Cell): boolean {
  const closes = operation === 'close' || operation === 'closeAll';
  return done && (closes || is(fault, 'evict', 'evict-all', 'restart'));
}

describe('every operation under every fault', function () {
  this.timeout(480_000);
  const cells: Cell[] = protocols.flatMap((protocol) =>
    operations.flatMap((operation) => faults.map((fault) => ({ protocol, operation, fault }))),
  );
  const outcomes = new Map<Cell, Outcome | Error>();
  const unhandled: unknown[] = [];

  before(async () => {
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    await eachOf(cells, maxAtOnce, async (cell) => {
      const outcome = await runCell(cell.protocol, cell.operation, cell.fault.rule).catch(
        (error: Error) => error,
      );
      outcomes.set(cell, outcome);
    });
    process.off('unhandledRejection', note);
  });

  after('count', () => {
    const counts = new Map<string, number>();
    for (const cell of cells) {
      const word = wordOf(mustOf(cell));
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const told = [...counts].sort(([, a], [, b]) => b - a).map(([word, count]) => `${count} ${word}`);
    console.log(`\n  ${cells.length} cells, which must: ${told.join(', ')}`);
  });

  it('leaves no rejection unhandled', () => assert.deepEqual(unhandled, []));

  for (const protocol of protocols) {
    for (const operation of operations) {
      describe(`${protocol}, ${operation}`, () => {
        for (const cell of cells.filter((one) => one.protocol === protocol && one.operation === operation)) {
          it(`${cell.fault.name}: ${wordOf(mustOf(cell))}`, () => check(cell, outcomes.get(cell)));
        }
      });
    }
  }
});

function check(cell: Cell, outcome: Outcome | Error | undefined): void {
  assert.ok(outcome !== undefined && !(outcome instanceof Error), String(outcome));
  const { result, message, held, counted, heldAtEnd, countedAtEnd, timers, timersAtEnd } = outcome;
  const told = JSON.stringify(outcome);

  const must = mustOf(cell);
  const code = typeof must === 'string' ? must : must.either;
  if (typeof must === 'string' || !isDone(result)) {
    const failed = cell.operation === 'closeAll' ? '0 closed, 1 failed' : code;
    assert.ok(code === 'work' ? isDone(result) : result === failed, `must ${wordOf(must)}: ${told}`);
  }
  if (message !== '') {
    assert.match(message, /^[^\n<>]{10,300}[.:!?”)\p{L}\p{N}]$/u, told);
  }

  // The window holds what the gateway counts, except where it cannot know.
  assert.ok(held >= counted || mayBeLost(cell), told);
  assert.ok(held <= counted || mayBeGone(cell), told);
  // When everything held is closed, both sides have nothing but sessions that were lost.
  assert.equal(heldAtEnd, 0, told);
  assert.ok(countedAtEnd === 0 || mayBeLost(cell), told);
  assert.equal(timers, 0, told);
  assert.equal(timersAtEnd, 0, told);
}

function isDone(result: string): boolean {
  return result === 'ok' || result === '1 closed, 0 failed';
}
