import { bigView } from './big.ts';
import { mvipViews } from './mvip.ts';
import { mvmvsViews } from './mvmvs.ts';
import type { View } from './view.ts';

/** Finds views by product and name; both are told apart by case. */
export class Catalog {
  readonly views: readonly View[] = [...mvmvsViews(), bigView(), ...mvipViews()];

  find(product: string, name: string): View | undefined {
    return this.views.find((view) => view.product === product && view.name === name);
  }
}
