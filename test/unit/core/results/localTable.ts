import { type JsonObject, readJson, type SentObject } from '../../../../src/core/json.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import type { ResultTable } from '../../../../src/core/results/table.ts';
import { TableHandle, type TableSource } from '../../../../src/core/results/tableHandle.ts';
import type { Args, Method, Result } from '../../../../src/core/results/workerMessages.ts';

/** Appends rows as if they had been sent. */
export function append(table: ResultTable, rows: readonly JsonObject[]): void {
  for (const row of rows) {
    table.append(readJson(JSON.stringify(row)).value as SentObject);
  }
}

/** Asks an engine that is here, as the worker does one of its own. */
export function callOf(engine: TableEngine): TableSource['call'] {
  return async <M extends Method>(_: number, method: M, args: Args<M>): Promise<Result<M>> =>
    (engine[method] as unknown as (args: Args<M>) => Result<M>).call(engine, args);
}

/** A table that is kept here, without a worker. */
export function localTable(engine = new TableEngine()): TableHandle {
  return new TableHandle(1, { call: callOf(engine), drop: () => undefined });
}

/** The same with rows that have all come. */
export function localTableOf(rows: JsonObject[], bytes = 0): TableHandle {
  const engine = new TableEngine();
  append(engine.table, rows);
  engine.isWhole = true;
  const table = localTable(engine);
  table.update({ ...engine.summary(), bytes, phase: 'done' });
  return table;
}
