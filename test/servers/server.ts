import type { Running } from './process.ts';

/** Software that nobody here wrote, against which the kind `rest` is tested. */
export interface RealServer {
  readonly name: string;
  /** Has its programs in the cache. @throws CannotBeHad where this computer cannot have them */
  fetch(): Promise<unknown>;
  /** Starts one whose tokens live for so many seconds. */
  start(lifeSeconds: number): Promise<RunningServer>;
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface RunningServer extends Running {
  readonly name: string;
  readonly login: Login;
}
