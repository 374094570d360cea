import type { Answer, MakeReader } from '../protocols/answer.ts';
import type { DataAnswer, Query } from '../protocols/protocol.ts';
import type { Relayed } from '../protocols/relayed.ts';
import type { CheckedRequest } from '../requests/request.ts';
import type { Closing } from './closing.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import type { TokenRecord } from './record.ts';
import type { SessionLimit } from './sessionLimit.ts';
import type { Audience, OperationOptions, SignIn } from './signIn.ts';
import type { Takeover } from './takeover.ts';
import type { TokenInfo } from './token.ts';

/** Data, and how it was come by. */
export interface Fetched extends Pick<DataAnswer, 'totalRows' | 'warnings' | 'apiCalls'> {
  readonly connection: string;
  readonly service?: string;
  readonly query: Query;
  readonly answer: Answer;
  /** From the sending of the request that was answered to the last byte, in milliseconds. */
  readonly elapsedMs: number;
  /** The session it ran in, if that is still open. */
  readonly session?: TokenInfo;
  /** Whether an open session served it. */
  readonly reused: boolean;
}

export type DataOptions = OperationOptions & {
  readonly makeReader: MakeReader;
  /** The script that it is for. */
  readonly relayed?: Relayed;
  /** Hears the ids of sessions that are opened on the way. */
  readonly onOpened?: (id: string) => void;
};

/** What a data call is made with. */
export interface DataCallDeps {
  readonly env: Environment;
  readonly calls: GatewayCalls;
  readonly signIn: SignIn;
  readonly closing: Closing;
  readonly takeover: Takeover;
  readonly limit: SessionLimit;
}

/** What a gateway has answered to a data call. */
export interface Opened {
  readonly got: DataAnswer;
  /** The session that is still open. */
  readonly held: TokenRecord | undefined;
  /** As in {@link Fetched}. */
  readonly elapsedMs: number;
}

/** What is asked for, and of whom. */
export interface SessionQuery extends Audience {
  /** What makes a view the same view. */
  readonly view: string;
  readonly request: CheckedRequest;
  readonly options: DataOptions;
}
