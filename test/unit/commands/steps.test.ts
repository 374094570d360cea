import { deepEqual, rejects } from 'node:assert/strict';
import { Back, fork, inSteps, into, type Question, type Step, under } from '../../../src/commands/steps.ts';

describe('questions one after the other', () => {
  /** What each question was told: its name, its place, and whether it leads back. */
  let heard: string[] = [];
  beforeEach(() => {
    heard = [];
  });

  /** A question that gives these answers in turn; an error is thrown. */
  function question(name: string, ...answers: readonly unknown[]): Question {
    const left = [...answers];
    return async ({ title, step, totalSteps, canGoBack }: Step) => {
      heard.push(`${title}: ${name} ${step ?? '?'}/${totalSteps ?? '?'}${canGoBack ? ' <' : ''}`);
      const answer = left.shift();
      if (answer instanceof Error) {
        throw answer;
      }
    };
  }

  it('are counted, unless there is only one', async () => {
    const questions = [question('a'), question('b'), question('c')];
    await inSteps('T', () => questions);
    await inSteps('T', () => [question('alone')]);
    deepEqual(heard, ['T: a 1/3', 'T: b 2/3 <', 'T: c 3/3 <', 'T: alone ?/?']);
  });

  it('are not counted before the last answer that decides which ones come', async () => {
    const said = { way: 0 };
    const way = fork(into(said, 'way', async (step) => question('way')(step).then(() => 2)));
    const fields = [question('x'), question('y')];
    const who = question('who');
    await inSteps('T', () => [who, way, ...fields.slice(0, said.way)]);
    deepEqual(heard, ['T: who ?/?', 'T: way ?/? <', 'T: x 3/4 <', 'T: y 4/4 <']);
  });

  it('are not counted either where a person has gone back to such an answer', async () => {
    const all = [fork(question('way')), question('x', new Back()), question('y')];
    await inSteps('T', () => all);
    deepEqual(heard, ['T: way ?/?', 'T: x 2/3 <', 'T: way ?/?', 'T: x 2/3 <', 'T: y 3/3 <']);
  });

  it('can lead back by several, and no further than to the first', async () => {
    const all = [question('a'), question('b'), question('c', new Back(2), new Back(3))];
    await rejects(
      inSteps('T', () => all),
      Back,
    );
    deepEqual(
      heard.map((one) => one.slice(3, 4)),
      ['a', 'b', 'c', 'a', 'b', 'c'],
    );
  });

  it('may have a title of their own, and decide as they did', async () => {
    await inSteps('T', () => [question('a'), ...under('U', [fork(question('b')), question('c')])]);
    deepEqual(heard, ['T: a ?/?', 'U: b ?/? <', 'U: c 3/3 <']);
  });
});
