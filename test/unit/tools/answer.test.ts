import assert from 'node:assert/strict';
import type { TokenInfo } from '../../../src/core/tokens/token.ts';
import { dataForModel, tokenForModel } from '../../../src/tools/answer.ts';

interface Answer {
  totalRows: number;
  note: string;
  columns: { field: string }[];
  rows: Record<string, unknown>[];
  unknownColumns?: string[];
}

function result(count: number) {
  return {
    rows: Array.from({ length: count }, (_, index) => ({
      NAME: `JOB${index}`,
      CPU: String(index),
      NOTE: '"',
    })),
    columns: ['NAME', 'CPU', 'NOTE'].map((field) => ({ field, label: field.toLowerCase() })),
    totalRows: count,
  };
}

describe('answers to language models', () => {
  it('give all rows where there is room, and say so', () => {
    const answer = JSON.parse(dataForModel(result(3), undefined, { rows: 50, characters: 9_000 })) as Answer;
    assert.deepEqual(answer.rows, result(3).rows);
    assert.equal(answer.note, 'All rows are here.');
  });

  it('give no more rows than asked for, and say what was cut', () => {
    const answer = JSON.parse(dataForModel(result(90), ['CPU'], { rows: 7, characters: 9_000 })) as Answer;
    assert.deepEqual(answer.rows.at(-1), { CPU: '6' });
    assert.deepEqual(
      answer.columns.map(({ field }) => field),
      ['CPU'],
    );
    assert.match(answer.note, /Only 7 of 90 rows/);
  });

  it('are never longer than their room', () => {
    for (const characters of [600, 1_000, 5_000]) {
      const text = dataForModel(result(10_000), undefined, { rows: 500, characters });
      const { rows } = JSON.parse(text) as Answer;
      assert.ok(text.length <= characters, `${text.length} > ${characters}`);
      assert.ok(rows.length > 0 && rows.length < 500);
    }
  });

  it('are no longer where there are many columns: the first ones are there, with their rows', () => {
    const columns = Array.from({ length: 3_000 }, (_, at) => ({ field: `C${at}`, label: `Column ${at}` }));
    const rows = [Object.fromEntries(columns.map(({ field, label }) => [field, label]))];
    for (const wanted of [undefined, ['C2999', 'none'], ['none']]) {
      const text = dataForModel({ rows, columns, totalRows: 1 }, wanted, { rows: 9, characters: 24_000 });
      const answer = JSON.parse(text) as Answer;
      assert.ok(text.length <= 24_000, `${text.length} characters`);
      assert.equal(answer.rows.length, 1);
      assert.deepEqual(
        Object.keys(answer.rows[0] ?? {}),
        answer.columns.map(({ field }) => field),
      );
      const isCut = /first (\d+) of 3000 columns/.exec(answer.note);
      assert.equal(isCut?.[1], wanted?.includes('C2999') ? undefined : String(answer.columns.length));
    }
  });

  it('name columns that are not there', () => {
    const answer = JSON.parse(
      dataForModel(result(1), ['CPU', 'GPU'], { rows: 9, characters: 9_000 }),
    ) as Answer;
    assert.deepEqual(answer.unknownColumns, ['GPU']);
  });

  it('hold nothing of a token’s value, not even its last characters', () => {
    const token: TokenInfo = {
      id: 'a1',
      connection: 'mainframe',
      kind: 'session',
      target: 'MVMVS/JCPU',
      state: 'live',
      expiresAt: 70_500,
      lifeMs: 900_000,
      openedAt: 0,
      lastUsedAt: 0,
      source: 'estimated',
      keepAlive: 'manual',
      masked: '••••WXYZ',
      renewable: true,
      closable: true,
    };
    const told = tokenForModel(token, 10_000);
    assert.equal(told.secondsLeft, 60);
    assert.ok(!JSON.stringify(told).includes('WXYZ'));
    assert.equal(tokenForModel(token, 100_000).secondsLeft, 0);
  });
});
