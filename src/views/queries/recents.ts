import * as v from 'valibot';
import type * as vscode from 'vscode';
import { Emitter } from '../../core/event.ts';
import { lasting, sameRequest } from '../../core/requests/queries.ts';
import type { DataRequest } from '../../core/requests/request.ts';
import { withoutSecrets } from '../../core/requests/secretless.ts';

const key = 'recentRequests';
const maxRecents = 20;

const schema = v.array(v.looseObject({ connection: v.string() }));

/** The requests made last, latest first. They hold no secret. */
export class Recents {
  readonly #state: vscode.Memento;
  readonly #changes = new Emitter<void>();
  readonly onDidChange = this.#changes.event;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  all(): DataRequest[] {
    const parsed = v.safeParse(schema, this.#state.get(key, []));
    return parsed.success ? (parsed.output as unknown as DataRequest[]) : [];
  }

  /** @param finds whether there is a secret in a text; parts of a request with one are not remembered */
  async add(request: DataRequest, finds: (text: string) => boolean): Promise<void> {
    const kept = lasting(withoutSecrets(request, finds));
    const all = this.all();
    if (all[0] !== undefined && sameRequest(all[0], kept)) {
      return; // It is the latest one already, as in a watch.
    }
    const others = all.filter((other) => !sameRequest(other, kept));
    await this.#state.update(key, [kept, ...others].slice(0, maxRecents));
    this.#changes.fire();
  }
}
