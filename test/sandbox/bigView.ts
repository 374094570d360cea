import type { Answer } from '../../src/sandbox/answer.ts';
import type { Call } from '../../src/sandbox/call.ts';
import {
  type Column,
  column,
  decimal,
  hash,
  list,
  localTime,
  type Row,
  systems,
  type View,
} from '../../src/sandbox/views.ts';
import type { SentAnswer } from './send.ts';

/** Rows of the big view: with its 20 columns, about 60 MB of JSON. */
const total = 200_000;
/** So many different rows, but for the number in front; prime, so that they fall out of step with paging. */
const variety = 997;
const rowsInChunk = 1_000;

/** MVMVS/BIG as the gateway knows it: a view without rows, which {@link withBigRows} puts into its answers. */
export function bigView(): View {
  return {
    product: 'MVMVS',
    name: 'BIG',
    title: 'Many Rows, for Measuring',
    columns,
    total: 0,
  };
}

/**
 * Puts the rows into an answer with data of MVMVS/BIG. It is made for measuring clients, so making it must cost next to
 * nothing: all of a row but its number is serialized once for each variant; a chunk is then a matter of joining strings.
 */
export function withBigRows({ path, query }: Call, answer: Answer): SentAnswer {
  const isData = ['data', 'getData'].includes(path.at(-1) ?? '') && answer.body.includes('"viewName":"BIG"');
  if (!isData) {
    return answer;
  }
  const from = Math.min(Number(query.get('startRow') ?? 1) - 1, total);
  const count = Math.min(Number(query.get('rows') ?? 5_000), total - from);
  const { Rows: _, ...head } = JSON.parse(answer.body) as Record<string, unknown>;
  const envelope = JSON.stringify({ ...head, totalRows: total, numRows: count }).slice(0, -1);
  return { ...answer, body: withRows(`${envelope},"Rows":[`, from, from + count) };
}

function* withRows(head: string, from: number, end: number): Generator<Buffer> {
  const now = Date.now();
  const tails = Array.from({ length: variety }, (_, index) => JSON.stringify(variant(index, now)).slice(1));
  yield Buffer.from(head);
  for (let start = from; start < end; start += rowsInChunk) {
    let text = '';
    const stop = Math.min(start + rowsInChunk, end);
    for (let index = start; index < stop; index += 1) {
      text += `${index === from ? '' : ','}{"BNUM":"${rowNumber(index)}",${tails[index % variety]}`;
    }
    yield Buffer.from(text, 'latin1');
  }
  yield Buffer.from(']}');
}

function rowNumber(index: number): string {
  return String(index + 1).padStart(6, '0');
}

/** Text, plain numbers, numbers in lists, sizes and times, as the real views mix them. */
function variant(index: number, at: number): Row {
  const number = (salt: number, most: number): number => hash(index, salt, 99) % most;
  return {
    BJOB: `JOB${String(number(1, 10_000)).padStart(4, '0')}`,
    BSYS: systems[number(2, systems.length)] ?? '',
    BCLS: ['STCHI', 'TSO', 'BATCH'][number(3, 3)] ?? '',
    B04: String(number(4, 100)),
    B05: (number(5, 10_000) / 100).toFixed(2),
    B06: list(decimal(number(6, 1_000_000) / 10_000)),
    B07: `${number(7, 4_000)}Ki`,
    B08: String(number(8, 65_536)),
    B09: String(number(9, 1_000)),
    B10: `${number(10, 500)}Mi`,
    B11: String(number(11, 100)),
    B12: list(localTime(at - number(12, 86_400_000))),
    B13: String(number(13, 1_000)),
    B14: ['Y', 'N'][number(14, 2)] ?? '',
    B15: (number(15, 1_000) / 10).toFixed(1),
    B16: String(number(16, 1_000_000)),
    B17: list(String(number(17, 50))),
    B18: `192.0.2.${number(18, 255)}`,
    B19: String(number(19, 10)),
  };
}

const labels: Readonly<Record<string, string>> = {
  BNUM: 'Row',
  BJOB: 'Jobname',
  BSYS: 'System',
  BCLS: 'SrvClass',
  B07: 'Private',
  B10: 'Working Set',
  B12: 'Started',
  B14: 'Swapped',
  B18: 'Address',
};

// Cells come from the variants; the columns are only read for their names.
const columns: readonly Column[] = ['BNUM', ...Object.keys(variant(0, 0))].map((field) =>
  column(field, labels[field] ?? `Metric ${field.slice(1)}`, () => undefined),
);
