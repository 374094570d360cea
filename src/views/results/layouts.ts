import * as v from 'valibot';
import type * as vscode from 'vscode';
import { fingerprint } from '../../core/requests/queries.ts';
import { targetNames } from '../../core/requests/request.ts';
import { asSent } from './layout.ts';
import { type Layout, layout } from './messages.ts';
import type { Source } from './resultModel.ts';

const key = 'layouts';
const maxLayouts = 200;

type View = Pick<Source, 'request' | 'groupings'>;

const schema = v.tuple([v.string(), layout]);

/** Remembers how a person has arranged each view, by its connection and name. */
export class Layouts {
  readonly #state: vscode.Memento;
  readonly #hasSecret: (text: string) => boolean;

  /** @param hasSecret whether there is a secret in a text; a filter or alert that has one is not remembered */
  constructor(state: vscode.Memento, hasSecret: (text: string) => boolean) {
    this.#state = state;
    this.#hasSecret = hasSecret;
  }

  of(source: View): Layout {
    const view = viewOf(source);
    return this.#all().find(([known]) => known === view)?.[1] ?? asSent;
  }

  async keep(source: View, arranged: Layout): Promise<void> {
    const view = viewOf(source);
    const plain = (text: string) => (this.#hasSecret(text) ? '' : text);
    const kept = { ...arranged, filter: plain(arranged.filter), alert: plain(arranged.alert) };
    const others = this.#all().filter(([known]) => known !== view);
    await this.#state.update(key, [[view, kept], ...others].slice(0, maxLayouts));
  }

  #all(): [string, Layout][] {
    const stored = this.#state.get<unknown>(key);
    return [stored].flat().flatMap((one) => {
      const parsed = v.safeParse(schema, one);
      return parsed.success ? [parsed.output] : [];
    });
  }
}

function viewOf({ request, groupings }: View): string {
  const target = targetNames(request).map((name) => [name, request[name]]);
  const grouped = groupings.length === 0 ? {} : { by: groupings.map(({ by }) => by) };
  return fingerprint({ connection: request.connection, ...Object.fromEntries(target), ...grouped });
}
