import type * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import type { Connection, Dialect } from '../../core/connection.ts';
import type { Log } from '../../core/log.ts';
import type { Column } from '../../core/protocols/gateway.ts';
import type { DataRequest } from '../../core/request.ts';
import type { MakeReader } from '../../core/results/answer.ts';
import type { TableWorker } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/dataCalls.ts';
import type { OperationOptions } from '../../core/tokens/signIns.ts';

/** The type of a result's tab. */
export const viewType = 'sessionTokens.result';

/** The scheme of results as JSON files. */
export const jsonScheme = 'session-tokens-result';

/** How data are got: as {@link ResultsDeps.run} takes it, and whether a tab opens. */
export type GetOptions = OperationOptions & { readonly show: boolean };

/** What the views of results need of the rest; they fetch nothing themselves. */
export interface ResultsDeps {
  readonly extensionUri: vscode.Uri;
  readonly clock: Clock;
  /** The script of the thread that keeps large tables. */
  readonly workerFile: string;
  /** The bound of a body, inflated. */
  readonly maxBytes: () => number;
  /** Runs a request: with the session that is open, if there is one. */
  readonly run: (
    request: DataRequest,
    options: OperationOptions & { readonly makeReader: MakeReader },
  ) => Promise<Fetched>;
  /** The columns by the view's definition; empty where there is none. */
  readonly columns: (fetched: Fetched) => Promise<readonly Column[]>;
  /** A connection and the dialect it is known to speak, for the text of a request. */
  readonly connection?: (name: string) => { readonly connection: Connection; readonly dialect?: Dialect };
  /** How a person wants results opened (`sessionTokens.results.open`); a table unless told otherwise. */
  readonly openAs?: () => 'table' | 'json';
  /** Whether there is a secret in a text: then it is neither kept nor copied. */
  readonly hasSecret: (text: string) => boolean;
  /** Takes secrets out of data that are to be shown. */
  readonly hide: (text: string) => string;
  /** Takes out of a text that is to be kept whatever is, names or looks like a secret. */
  readonly redact: (text: string) => string;
  readonly log: Log;
  /** Shows a failure to the person, with what helps. */
  readonly report: (error: unknown) => void;
}

/** The same for one result. */
export interface PanelDeps extends ResultsDeps {
  readonly worker: TableWorker;
}
