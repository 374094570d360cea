/** A row of one of our views. A command that is called with one was called by a person. */
export abstract class Row<
  Args extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
> {
  /** What a command takes of the row, as a program would give it. */
  readonly args: Args;

  constructor(args: Args) {
    this.args = args;
  }
}

/**
 * Rows of the tree of tokens.
 *
 * A row never changes whether it can be opened: VS Code keeps that for a row's id. One that gets its first
 * children, or loses its last, is replaced by another row.
 */
export type TreeNode = ConnectionNode | TokenNode;

export class ConnectionNode extends Row<{ readonly connection: string }> {
  readonly row = 'connection';
  readonly connection: string;
  readonly hasChildren: boolean;

  constructor(connection: string, hasChildren = false) {
    super({ connection });
    this.connection = connection;
    this.hasChildren = hasChildren;
  }
}

export class TokenNode extends Row<{ readonly id: string }> {
  readonly row = 'token';
  readonly id: string;
  readonly connection: string;
  readonly hasChildren: boolean;

  constructor(id: string, connection: string, hasChildren = false) {
    super({ id });
    this.id = id;
    this.connection = connection;
    this.hasChildren = hasChildren;
  }
}
