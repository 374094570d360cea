/** A row of one of our views. A command that is called with one was called by a person. */
export abstract class Row {
  /** What a command takes of the row, as a program would give it. */
  abstract readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Rows of the tree of tokens.
 *
 * A row never changes whether it can be opened: VS Code keeps that for a row's id. One that gets its first
 * children, or loses its last, is replaced by another row.
 */
export type TreeNode = ConnectionNode | TokenNode;

export class ConnectionNode extends Row {
  readonly row = 'connection';
  readonly connection: string;
  readonly hasChildren: boolean;
  readonly args;

  constructor(connection: string, hasChildren = false) {
    super();
    this.connection = connection;
    this.hasChildren = hasChildren;
    this.args = { connection };
  }
}

export class TokenNode extends Row {
  readonly row = 'token';
  readonly id: string;
  readonly connection: string;
  readonly hasChildren: boolean;
  readonly args;

  constructor(id: string, connection: string, hasChildren = false) {
    super();
    this.id = id;
    this.connection = connection;
    this.hasChildren = hasChildren;
    this.args = { id };
  }
}
