import { cancelled, notLookedAt, TokensError } from '../errors.ts';
import type { Grant } from '../protocols/protocol.ts';
import { titleOf } from '../requests/request.ts';
import { type DataCallDeps, type Opened, type SessionQuery, send } from './fetched.ts';
import { begun, issued, type MainToken, type Session } from './record.ts';
import { mayHaveOpened } from './refusal.ts';

/** One data call that opens a session; whatever becomes of it, that session is not lost. */
export class Opening {
  readonly #deps: DataCallDeps;
  readonly #query: SessionQuery;
  readonly #user: MainToken;
  readonly #id: string;
  /** The call has failed; its session may still turn up. */
  #isOver = false;

  /** @param id of the record that the session will have */
  constructor(deps: DataCallDeps, query: SessionQuery, user: MainToken, id: string) {
    this.#deps = deps;
    this.#query = query;
    this.#user = user;
    this.#id = id;
  }

  async run(): Promise<Opened> {
    const { connection, request, options } = this.#query;
    const { closing, env, limit } = this.#deps;
    const { clock, log, sync, table } = env;
    if (options.signal?.aborted) {
      throw cancelled();
    }
    const id = this.#id;
    const life = { sent: clock.now(), leftMs: this.#user.lifeMs };
    const onSession = (granted: Grant) => this.#onSession(granted);
    try {
      const { got, elapsedMs } = await send(this.#deps, this.#query, this.#user, id, onSession);
      if (got.session === undefined && table.get(id) !== undefined) {
        await sync.remove(id);
      } else if (got.session === undefined && request.keepOpen) {
        limit.mayBeOpen(connection.name, id, life);
        log.info(`${connection.name}: the answer for ${titleOf(request.query)} named no session.`);
      }
      return { got, held: table.get(id), elapsedMs };
    } catch (error) {
      this.#isOver = true;
      const opened = table.get(id);
      if (opened?.level === 'session') {
        // With the rest of the answer lost it is still good for the next call, if somebody wants one.
        const isCancelled = error instanceof TokensError && error.code === 'E_CANCELLED';
        if (!request.keepOpen || (isCancelled && options.signal?.reason !== notLookedAt)) {
          await closing.tryEnd(opened);
        }
      } else if (mayHaveOpened(error)) {
        limit.mayBeOpen(connection.name, id, life);
        log.warn(
          `${connection.name}: a session of ${titleOf(request.query)} may have been opened whose id did not come.`,
        );
      }
      throw error;
    }
  }

  /** Takes in a session as soon as its id is known, and for whom it is then. */
  async #onSession(granted: Grant): Promise<void> {
    const { connection } = this.#query;
    const { closing, env, takeover } = this.#deps;
    const record = this.#recordOf(granted);
    // Whether somebody has signed in anew since; the session is then under a token that nobody knows any more.
    const isOrphan = () => env.table.owner(record)?.value !== this.#user.value;
    const kept = isOrphan() ? await takeover.keep(this.#user) : undefined;
    await env.sync.add(record);
    if (isOrphan()) {
      await takeover.finish(connection, kept ?? (await takeover.keep(this.#user)), [record]);
    }
    if (record.closing && env.table.get(this.#id) !== undefined) {
      await closing.tryEnd(record);
    }
  }

  #recordOf(granted: Grant): Session {
    const { connection, request, view } = this.#query;
    const { clock, window } = this.#deps.env;
    const { id, lifeMs, service, signInId } = this.#user;
    return {
      ...begun(connection, service),
      ...issued(connection, granted, lifeMs, clock.now(), window),
      id: this.#id,
      level: 'session',
      target: titleOf(request.query),
      view,
      under: id,
      signInId,
      // The asker may have turned away before the gateway said which session it had opened: nobody will use it.
      closing: this.#isOver,
    };
  }
}
