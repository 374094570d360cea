import type { Labels } from '../../core/results/filter.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';

/** Knows which rows of a result meet the condition of its alert, and which of them have only begun to. */
export class Alerts {
  #alert = '';
  #keys: readonly string[] | null = null;
  #met: readonly string[] = [];

  /** How many rows met the condition when the table was last looked at. */
  get count(): number {
    return this.#met.length;
  }

  /**
   * Looks at a table.
   * @param alert a filter; empty where there is no alert
   * @returns what those rows are called that did not meet the same condition the last time
   * @throws what the table throws
   */
  async look(table: TableHandle, alert: string, labels: Labels): Promise<string[]> {
    if (alert !== this.#alert) {
      this.#alert = alert;
      this.#met = [];
    }
    if (alert === '') {
      return [];
    }
    const { keyFields, keys } = await table.call('meeting', { alert, labels, keys: this.#keys });
    const before = new Set(this.#met);
    this.#keys = keyFields;
    this.#met = keys;
    const begun = keys.filter((key) => !before.has(key));
    return keyFields.length > 0 ? begun : begun.map((row) => `#${Number(row) + 1}`);
  }
}
