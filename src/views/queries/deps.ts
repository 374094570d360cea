import type * as vscode from 'vscode';
import type { DataRequest } from '../../core/request.ts';

/** The commands of saved queries. */
export const queryCommands = [
  'sessionTokens.queries.run',
  'sessionTokens.queries.save',
  'sessionTokens.queries.edit',
  'sessionTokens.queries.duplicate',
  'sessionTokens.queries.remove',
  'sessionTokens.queries.bindKey',
] as const;
export type QueryCommand = (typeof queryCommands)[number];

export interface QueriesDeps {
  /** Gets a request's data and shows them, as for a person. */
  readonly run: (request: DataRequest) => Promise<unknown>;
  /** The requests made last, latest first. */
  readonly recents: () => readonly DataRequest[];
  /** The request of the result that has the focus. */
  readonly active: () => Promise<DataRequest | undefined>;
  /** What is remembered for this workspace: which of its queries a person has agreed to. */
  readonly state: vscode.Memento;
  /** Whether there is a secret in a text: it is not saved. */
  readonly hasSecret: (text: string) => boolean;
  readonly report: (error: unknown) => void;
}
