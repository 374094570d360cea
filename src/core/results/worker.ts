import { type MessagePort, parentPort } from 'node:worker_threads';
import { TokensError } from '../errors.ts';
import type { RowPath } from '../protocols/answer.ts';
import { deskOf, TableDesk } from './desk.ts';
import { type RowSplitter, splitInto } from './rowSplitter.ts';
import type { FromWorker, SentError, ToWorker } from './workerMessages.ts';

/** How often the window hears of rows that arrive; the first ones are told at once. */
const progressMs = 60;

/** One table, from its first byte on. */
interface Place {
  readonly desk: TableDesk;
  splitter: RowSplitter | undefined;
  toldAt: number;
  toldRows: number;
}

/** The thread's side: keeps the tables, reads bodies into them, answers questions in the order they come. */
class TableThread {
  readonly #places = new Map<number, Place>();
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: ToWorker) => this.#take(message));
  }

  #take(message: ToWorker): void {
    switch (message.op) {
      case 'open':
        this.#open(message.table, message.rowsAt);
        break;
      case 'chunk':
        this.#reading(message.table, (splitter, place) => {
          splitter.write(message.bytes);
          this.#progress(message.table, place);
        });
        this.#tell({ op: 'taken', table: message.table, bytes: message.bytes }, [message.bytes.buffer]);
        break;
      case 'end':
        this.#reading(message.table, (splitter, place) => {
          const head = splitter.end();
          place.splitter = undefined;
          this.#tell({ op: 'ended', table: message.table, head, summary: place.desk.summary() });
        });
        break;
      case 'drop':
        this.#places.delete(message.table);
        break;
      case 'compare':
        this.#answer(message.ask, () => {
          const place = this.#place(message.table);
          if (typeof message.earlier === 'number') {
            place.desk.compare(this.#place(message.earlier).desk);
          } else {
            place.desk.compare(deskOf(message.earlier));
          }
        });
        break;
      case 'ask':
        this.#answer(message.ask, () =>
          // The window's side is typed by the question; here only the pair of both is known to fit.
          (this.#place(message.table).desk[message.question] as (given: unknown) => unknown).call(
            this.#place(message.table).desk,
            message.given,
          ),
        );
    }
  }

  #open(table: number, rowsAt: RowPath): void {
    const desk = new TableDesk();
    const splitter = splitInto(desk.table, rowsAt, (name, value) =>
      this.#tell({ op: 'scalar', table, name, value }),
    );
    this.#places.set(table, { desk, splitter, toldAt: 0, toldRows: 0 });
  }

  #reading(table: number, read: (splitter: RowSplitter, place: Place) => void): void {
    const place = this.#places.get(table);
    if (place?.splitter === undefined) {
      return; // Dropped, or failed already: the rest of its body is of no use.
    }
    try {
      read(place.splitter, place);
    } catch (error) {
      this.#places.delete(table);
      this.#tell({ op: 'failed', table, error: sendable(error) });
    }
  }

  #progress(table: number, place: Place): void {
    const now = performance.now();
    const { rowCount } = place.desk.table;
    if (rowCount > place.toldRows && (place.toldRows === 0 || now - place.toldAt >= progressMs)) {
      place.toldAt = now;
      place.toldRows = rowCount;
      this.#tell({ op: 'progress', table, summary: place.desk.summary() });
    }
  }

  #answer(ask: number, work: () => unknown): void {
    try {
      this.#tell({ op: 'told', ask, told: work() });
    } catch (error) {
      this.#tell({ op: 'refused', ask, error: sendable(error) });
    }
  }

  #place(table: number): Place {
    const place = this.#places.get(table);
    if (place === undefined) {
      throw new TokensError('E_CANCELLED', 'This result is not kept any more.');
    }
    return place;
  }

  #tell(message: FromWorker, given: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, given);
  }
}

function sendable(error: unknown): SentError {
  if (TokensError.is(error)) {
    return { code: error.code, template: error.template, args: error.args };
  }
  return { code: 'E_PROTOCOL', template: 'The answer of the gateway could not be read.', args: [] };
}

if (parentPort !== null) {
  new TableThread(parentPort);
}
