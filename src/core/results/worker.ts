import { type MessagePort, parentPort } from 'node:worker_threads';
import { TokensError } from '../errors.ts';
import { TableEngine } from './engine.ts';
import { RowSplitter } from './rowSplitter.ts';
import type { FromWorker, Scalar, SentError, ToWorker } from './workerMessages.ts';

/** How often the host hears of rows that arrive; the first ones are told at once. */
const progressMs = 60;

/** One table, from its first byte on. */
interface OpenTable {
  readonly engine: TableEngine;
  splitter: RowSplitter | undefined;
  /** Those that were not told of. */
  readonly scalars: Scalar[];
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
        this.#read(message.table, message.bytes);
        break;
      case 'end':
        this.#read(message.table, undefined);
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
    const scalars: Scalar[] = [];
    const splitter = new RowSplitter(rowsAt, engine.table, (name, value) => scalars.push([name, value]));
    const sentRows = wantsRows ? 0 : undefined;
    this.#tables.set(table, { engine, splitter, scalars, toldAt: 0, toldRows: 0, sentRows });
  }

  /** Reads a piece of a body, or its end, and tells at once all that this has brought. */
  #read(table: number, bytes: Uint8Array<ArrayBuffer> | undefined): void {
    const open = this.#tables.get(table);
    if (open?.splitter === undefined) {
      return; // Dropped, or failed already: the rest of its body is of no use.
    }
    const { engine, splitter } = open;
    try {
      if (bytes === undefined) {
        const head = splitter.end();
        open.splitter = undefined;
        engine.isWhole = true;
        const rows = newRows(open);
        this.#tell(
          { op: 'ended', table, scalars: open.scalars, rows, head, summary: engine.summary() },
          rows,
        );
      } else {
        splitter.write(bytes);
        const rows = newRows(open);
        const summary = isDue(open) ? { summary: engine.summary() } : {};
        const scalars = open.scalars.splice(0);
        this.#tell({ op: 'read', table, scalars, rows, ...summary, bytes }, [...rows, bytes]);
      }
    } catch (error) {
      this.#tables.delete(table);
      this.#tell({ op: 'failed', table, scalars: open.scalars, error: sendable(error) });
    }
  }

  #call({ table, call, method, args }: ToWorker & { readonly op: 'call' }): void {
    try {
      const { engine } = this.#tableOf(table);
      // The host's side is typed by the method; here only the pair of both is known to fit.
      const given = method === 'compare' && args !== null ? this.#tableOf(args as number).engine : args;
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

  /** @param given bytes of the message whose memory goes to the other side */
  #tell(message: FromWorker, given: readonly Uint8Array<ArrayBuffer>[] = []): void {
    this.#port.postMessage(
      message,
      given.map(({ buffer }) => buffer),
    );
  }
}

/** Rows that have not been sent to the program that wants them. */
function newRows(open: OpenTable): Uint8Array<ArrayBuffer>[] {
  const rows: Uint8Array<ArrayBuffer>[] = [];
  while (open.sentRows !== undefined && open.sentRows < open.engine.table.rowCount) {
    const { bytes, to } = open.engine.rows(open.sentRows);
    open.sentRows = to;
    rows.push(bytes);
  }
  return rows;
}

/** Whether it is to be told how far a table has come. */
function isDue(open: OpenTable): boolean {
  const now = performance.now();
  const { rowCount } = open.engine.table;
  const due = rowCount > open.toldRows && (open.toldRows === 0 || now - open.toldAt >= progressMs);
  if (due) {
    open.toldAt = now;
    open.toldRows = rowCount;
  }
  return due;
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
