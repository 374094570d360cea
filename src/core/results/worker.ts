import { parentPort } from 'node:worker_threads';
import { TokensError } from '../errors.ts';
import { jsonOf } from '../json.ts';
import { free } from '../memory.ts';
import { TableEngine } from './engine.ts';
import { RowSplitter } from './rowSplitter.ts';
import type { FromWorker, News, Opening, Scalar, SentError, ToWorker } from './workerMessages.ts';

/** How often the host hears of rows that arrive; the first ones are told at once. */
const progressMs = 60;

/** One table, from its first byte on. */
class OpenTable extends TableEngine {
  readonly #splitter: RowSplitter;
  #tellAt = 0;
  /** Rows that were sent to the program that wants them. */
  #sentRows: number | undefined;

  constructor({ rowsAt, wantsRows }: Opening, onScalar: (...scalar: Scalar) => void) {
    super();
    this.#splitter = new RowSplitter(rowsAt, this.table, onScalar);
    this.#sentRows = wantsRows ? 0 : undefined;
  }

  /** Reads a piece of the body, or its end, and answers what this has brought. */
  read(piece: Uint8Array | null): News {
    let head: string | undefined;
    if (piece === null) {
      head = jsonOf(this.#splitter.end());
      this.isWhole = true;
    } else {
      this.#splitter.write(piece);
      free(piece);
    }
    const now = performance.now();
    const isDue = head !== undefined || (this.table.rowCount > 0 && now >= this.#tellAt);
    this.#tellAt = isDue ? now + progressMs : this.#tellAt;
    return { rows: this.#newRows(), ...(isDue && { summary: this.summary() }), head };
  }

  #newRows(): Uint8Array<ArrayBuffer>[] {
    const rows: Uint8Array<ArrayBuffer>[] = [];
    while (this.#sentRows !== undefined && this.#sentRows < this.table.rowCount) {
      const { bytes, to } = this.rows(this.#sentRows);
      this.#sentRows = to;
      rows.push(bytes);
    }
    return rows;
  }
}

const tables = new Map<number, OpenTable>();

function tableOf(number: number): OpenTable {
  const table = tables.get(number);
  if (table === undefined) {
    throw new TokensError('E_CANCELLED', 'This result is not kept any more.');
  }
  return table;
}

/**
 * Does what the host asks.
 * @param given takes memory of the result that goes to the other side
 */
function answer({ table, method, args }: ToWorker, given: ArrayBuffer[]): unknown {
  switch (method) {
    case 'open':
      tables.set(table, new OpenTable(args as Opening, (...scalar) => tell({ table, scalar })));
      return undefined;
    case 'drop':
      return tables.delete(table);
    case 'read': {
      const news = tableOf(table).read(args as Uint8Array | null);
      given.push(...news.rows.map(({ buffer }) => buffer));
      return news;
    }
    default: {
      const asked = tableOf(table);
      // The host's side is typed by the method; here only the pair of both is known to fit.
      const { other, ...rest } = args as { readonly other?: number | null };
      const own = typeof other === 'number' ? { ...rest, other: tableOf(other) } : args;
      return (asked[method] as (args: unknown) => unknown).call(asked, own);
    }
  }
}

function sendable(error: unknown): SentError {
  if (error instanceof TokensError) {
    return { code: error.code, template: error.template, args: error.args };
  }
  return { code: 'E_PROTOCOL', template: 'The answer of the gateway could not be read.', args: [] };
}

function tell(told: FromWorker, given: ArrayBuffer[] = []): void {
  parentPort?.postMessage(told, given);
}

parentPort?.on('message', (message: ToWorker) => {
  const { call } = message;
  try {
    const given: ArrayBuffer[] = [];
    tell({ call, result: answer(message, given) }, given);
  } catch (error) {
    tell({ call, error: sendable(error) });
  }
});
