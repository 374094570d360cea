import * as v from 'valibot';
import { Part } from '../../core/disposable.ts';
import { fingerprint } from '../../core/requests/queries.ts';
import { targetNames } from '../../core/requests/request.ts';
import type { Services } from '../../services.ts';
import { asSent } from './layout.ts';
import { type Layout, layout } from './messages.ts';
import type { Source } from './resultModel.ts';

const key = 'layouts';
const maxLayouts = 200;

type View = Pick<Source, 'request' | 'groupings'>;

const schema = v.tuple([v.string(), layout]);

/** Remembers how a person has arranged each view, by its connection and name. */
export class Layouts extends Part<Pick<Services, 'state' | 'hasSecret'>> {
  of(source: View): Layout {
    const view = viewOf(source);
    return this.#all().find(([known]) => known === view)?.[1] ?? asSent;
  }

  async keep(source: View, arranged: Layout): Promise<void> {
    const view = viewOf(source);
    // A filter or alert that has a secret in it is not remembered.
    const plain = (text: string) => (this.deps.hasSecret(text) ? '' : text);
    const kept = { ...arranged, filter: plain(arranged.filter), alert: plain(arranged.alert) };
    const others = this.#all().filter(([known]) => known !== view);
    await this.deps.state.update(key, [[view, kept], ...others].slice(0, maxLayouts));
  }

  #all(): [string, Layout][] {
    const stored = this.deps.state.get<unknown>(key);
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
