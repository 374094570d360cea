import { type MessagePort, parentPort } from 'node:worker_threads';
import { TokensError } from '../errors.ts';
import { TableEngine } from './engine.ts';
import { type RowSplitter, splitInto } from './rowSplitter.ts';
import type { FromWorker, SentError, ToWorker } from './workerMessages.ts';

/** How often the host hears of rows that arrive; the first ones are told at once. */
const progressMs = 60;

/** One table, from its first byte on. */
interface OpenTable {
  readonly engine: TableEngine;
  splitter: RowSplitter | undefined;
  toldAt: number;
  toldRows: number;
  /** Rows that were sent to the program that wants them. */
  sentRows: number | undefined;
}

/** The thread's side: keeps the tables, reads bodies into them, runs calls in the order they come. */
class TableWorker {
  readonly #tables = new Map<number, OpenTable>();
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: ToWorker) => this.#take(message));
  }

  #take(message: ToWorker): void {
    switch (message.op) {
      case 'open':
        this.#open(message);
        break;
      case 'chunk':
        this.#reading(message.table, (splitter, open) => {
          splitter.write(message.bytes);
          this.#sendRows(message.table, open);
          this.#progress(message.table, open);
        });
        this.#tell({ op: 'taken', table: message.table, bytes: message.bytes }, [message.bytes.buffer]);
        break;
      case 'end':
        this.#reading(message.table, (splitter, open) => {
          const head = splitter.end();
          this.#sendRows(message.table, open);
          open.splitter = undefined;
          open.engine.isWhole = true;
          this.#tell({ op: 'ended', table: message.table, head, summary: open.engine.summary() });
        });
        break;
      case 'drop':
        this.#tables.delete(message.table);
        break;
      case 'call':
        this.#call(message);
    }
  }

  #open({ table, rowsAt, wantsRows }: ToWorker & { readonly op: 'open' }): void {
    const engine = new TableEngine();
    const splitter = splitInto(engine.table, rowsAt, (name, value) =>
      this.#tell({ op: 'scalar', table, name, value }),
    );
    this.#tables.set(table, {
      engine,
      splitter,
      toldAt: 0,
      toldRows: 0,
      sentRows: wantsRows ? 0 : undefined,
    });
  }

  #reading(table: number, read: (splitter: RowSplitter, open: OpenTable) => void): void {
    const open = this.#tables.get(table);
    if (open?.splitter === undefined) {
      return; // Dropped, or failed already: the rest of its body is of no use.
    }
    try {
      read(open.splitter, open);
    } catch (error) {
      this.#tables.delete(table);
      this.#tell({ op: 'failed', table, error: sendable(error) });
    }
  }

  #sendRows(table: number, open: OpenTable): void {
    while (open.sentRows !== undefined && open.sentRows < open.engine.table.rowCount) {
      const { bytes, to } = open.engine.rows(open.sentRows);
      open.sentRows = to;
      this.#tell({ op: 'rows', table, bytes }, [bytes.buffer]);
    }
  }

  #progress(table: number, open: OpenTable): void {
    const now = performance.now();
    const { rowCount } = open.engine.table;
    if (rowCount > open.toldRows && (open.toldRows === 0 || now - open.toldAt >= progressMs)) {
      open.toldAt = now;
      open.toldRows = rowCount;
      this.#tell({ op: 'progress', table, summary: open.engine.summary() });
    }
  }

  #call({ table, call, method, args }: ToWorker & { readonly op: 'call' }): void {
    try {
      const { engine } = this.#tableOf(table);
      // The host's side is typed by the method; here only the pair of both is known to fit.
      const given = method === 'compare' ? this.#tableOf(args as number).engine : args;
      const result = (engine[method] as (args: unknown) => unknown).call(engine, given);
      this.#tell({ op: 'result', call, result });
    } catch (error) {
      this.#tell({ op: 'refused', call, error: sendable(error) });
    }
  }

  #tableOf(table: number): OpenTable {
    const open = this.#tables.get(table);
    if (open === undefined) {
      throw new TokensError('E_CANCELLED', 'This result is not kept any more.');
    }
    return open;
  }

  #tell(message: FromWorker, given: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, given);
  }
}

function sendable(error: unknown): SentError {
  if (error instanceof TokensError) {
    return { code: error.code, template: error.template, args: error.args };
  }
  return { code: 'E_PROTOCOL', template: 'The answer of the gateway could not be read.', args: [] };
}

if (parentPort !== null) {
  new TableWorker(parentPort);
}
