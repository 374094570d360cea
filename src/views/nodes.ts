/** A row of one of our views. A command that is called with one was called by a person. */
export abstract class Row<
  Args extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
> {
  /** The arguments of a command for this row, as a program would give them. */
  readonly args: Args;

  constructor(args: Args) {
    this.args = args;
  }
}

/**
 * A row of the tree of tokens: of a connection, or of one of its tokens. A row never changes whether it can be expanded: VS
 * Code keeps that for a row's id. One that gets its first children, or loses its last, is replaced by another row.
 */
export class TreeNode extends Row<{ readonly connection: string; readonly id?: string }> {
  readonly hasChildren: boolean;

  constructor(args: TreeNode['args'], hasChildren = false) {
    super(args);
    this.hasChildren = hasChildren;
  }
}
