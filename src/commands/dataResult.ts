import type { Fetched } from '../core/tokens/fetched.ts';
import type { CommandServices } from './command.ts';
import type { DataResult } from './getData.ts';

/** The whole result, for a program. The answer's table is let go, whatever happens. */
export async function resultOf(
  { keeper, log }: Pick<CommandServices, 'keeper' | 'log'>,
  fetched: Fetched,
): Promise<DataResult> {
  const { answer, totalRows, elapsedMs, session, reused } = fetched;
  try {
    const columns = await keeper.columns(fetched).catch((error: unknown) => {
      log.warn(`${fetched.connection}: no labels, because the definition failed: ${String(error)}`);
      return []; // Without a definition a field's label is its name.
    });
    const labels = new Map(columns.map(({ field, label }) => [field, label]));
    return {
      rows: await answer.rows(),
      columns: answer.fields.map((field) => ({ field, label: labels.get(field) ?? field })),
      totalRows,
      elapsedMs,
      bytes: answer.bytes,
      ...(session === undefined ? {} : { session }),
      reused,
    };
  } finally {
    answer.dispose();
  }
}
