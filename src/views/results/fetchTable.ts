import type { DataRequest } from '../../core/requests/request.ts';
import { readerMaker } from '../../core/results/readers.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import type { OperationOptions } from '../../core/tokens/signIn.ts';
import type { Services } from '../../services.ts';

type FetchServices = Pick<Services, 'keeper' | 'options'> & { readonly worker: WorkerClient };

/** `wantsRows`: a program waits for all rows of the answer (see `ReaderOptions`). */
export type FetchOptions = OperationOptions & { readonly wantsRows?: boolean };

/** Data in their table, which exists until the answer is disposed of. */
export interface FetchedTable {
  readonly fetched: Fetched;
  readonly table: TableHandle;
}

/**
 * Gets data into a table.
 * @param onRows is called with the table at each change, from the first rows on
 * @throws what {@link Keeper.getData} throws; then the table is disposed of
 */
export async function fetchTable(
  { keeper, options, worker }: FetchServices,
  request: DataRequest,
  { wantsRows = false, ...how }: FetchOptions,
  onRows?: (table: TableHandle) => void,
): Promise<FetchedTable> {
  let table: TableHandle | undefined;
  const makeReader = readerMaker(worker, {
    maxBytes: options.maxResponseBytes(),
    wantsRows,
    onTable: (made) => {
      // A request that is sent again gets a new table.
      table = made;
      made.onDidChange(({ rowCount }) => {
        if (rowCount > 0 && table === made) {
          onRows?.(made);
        }
      });
    },
  });
  const fetched = await keeper.getData(request, { ...how, makeReader });
  return { fetched, table: table as unknown as TableHandle };
}
