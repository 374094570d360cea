/**
 * Rows of the tree; commands take one as their argument, so it has the members that they read. Told apart by
 * `row`, never by class: each lazily loaded bundle has copies of these classes.
 *
 * A row never changes whether it can be opened: VS Code keeps that for a row's id. One that gets its first
 * children, or loses its last, is replaced by another row.
 */
export type TreeNode = ConnectionNode | TokenNode;

export class ConnectionNode {
  readonly row = 'connection';
  readonly connection: string;
  readonly hasChildren: boolean;

  constructor(connection: string, hasChildren = false) {
    this.connection = connection;
    this.hasChildren = hasChildren;
  }
}

export class TokenNode {
  readonly row = 'token';
  readonly id: string;
  readonly connection: string;
  readonly hasChildren: boolean;

  constructor(id: string, connection: string, hasChildren = false) {
    this.id = id;
    this.connection = connection;
    this.hasChildren = hasChildren;
  }
}

/** Whether something is a row of ours, whichever copy of the classes it is of. */
export function isTreeNode(input: unknown): input is TreeNode {
  const row = (input as { row?: unknown } | null | undefined)?.row;
  // What a program gives is a plain object, whatever its members are called.
  return (row === 'connection' || row === 'token') && Object.getPrototypeOf(input) !== Object.prototype;
}
