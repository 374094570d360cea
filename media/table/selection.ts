/** A cell by its place on the screen: row -1 is the header, column -1 the row's number. */
interface Place {
  readonly row: number;
  readonly column: number;
}

/** The cell with the focus, and the rectangle from where the selection was begun to there. */
export class Selection {
  focus: Place = { row: 0, column: 0 };
  #anchor: Place = { row: 0, column: 0 };

  /** Goes to a cell; the selection grows when `extend`, else it is that cell. */
  go(place: Place, extend: boolean): void {
    this.focus = place;
    if (!extend || this.#anchor.row < 0) {
      this.#anchor = place;
    }
  }

  all(rows: number, columns: number): void {
    this.#anchor = { row: 0, column: 0 };
    this.focus = { row: Math.max(0, rows - 1), column: Math.max(0, columns - 1) };
  }

  /** Keeps everything inside a table of another size. */
  clamp(rows: number, columns: number): void {
    const inside = ({ row, column }: Place): Place => ({
      row: Math.min(row, Math.max(0, rows - 1)),
      column: Math.min(column, Math.max(0, columns - 1)),
    });
    this.focus = inside(this.focus);
    this.#anchor = inside(this.#anchor);
  }

  get from(): Place {
    const { focus } = this;
    const row = Math.max(0, Math.min(focus.row, this.#anchor.row));
    return { row, column: this.#isRows ? 0 : Math.min(focus.column, this.#anchor.column) };
  }

  /** The last row and column that belong to it. */
  get to(): Place {
    const { focus } = this;
    const last = this.#isRows ? Number.MAX_SAFE_INTEGER : Math.max(focus.column, this.#anchor.column);
    return { row: Math.max(focus.row, this.#anchor.row), column: last };
  }

  has(row: number, column: number): boolean {
    const { from, to } = this;
    return row >= from.row && row <= to.row && column >= from.column && column <= to.column;
  }

  /** From a row's number the whole row is meant. */
  get #isRows(): boolean {
    return this.focus.column < 0 || this.#anchor.column < 0;
  }
}
