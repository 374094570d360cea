import type { Row } from '../core/protocols/answer.ts';
import type { Fetched } from '../core/tokens/sessionCall.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { CommandServices } from './command.ts';

/** What a data call resolves to (docs/contract.md, Data). */
export interface DataResult {
  rows: Row[];
  /** In the order of the server; `hidden`: by the view's definition. */
  columns: { field: string; label: string; hidden?: true }[];
  /** The gateway's messages beside the rows, and what was mended in the answer. */
  warnings?: string[];
  totalRows: number;
  /** From the sending of the request to the last byte, in milliseconds. */
  elapsedMs: number;
  /** Of the body, inflated. */
  bytes: number;
  /** The session that it ran in, if that is still open. */
  session?: TokenInfo;
  /** Whether an open session served it. */
  reused: boolean;
}

/**
 * The whole result, for a program. The answer is disposed of in any case.
 * @param warnings in the person's language
 */
export async function resultOf(
  { keeper, log }: Pick<CommandServices, 'keeper' | 'log'>,
  fetched: Fetched,
  warnings: readonly string[] = [],
): Promise<DataResult> {
  const { answer, totalRows, elapsedMs, session, reused } = fetched;
  try {
    const columns = await keeper.columns(fetched).catch((error: unknown) => {
      log.warn(`${fetched.connection}: no labels, because the definition failed: ${String(error)}`);
      return []; // Without a definition a field's label is its name.
    });
    const defined = new Map(columns.map((column) => [column.field, column]));
    return {
      rows: await answer.rows(),
      columns: answer.fields.map((field) => {
        const { label = field, hidden } = defined.get(field) ?? {};
        return { field, label, ...(hidden ? { hidden } : {}) };
      }),
      totalRows,
      elapsedMs,
      bytes: answer.bytes,
      ...(session === undefined ? {} : { session }),
      ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
      reused,
    };
  } finally {
    answer.dispose();
  }
}
