import * as vscode from 'vscode';
import type { TreeNode } from './nodes.ts';

type Provider = Pick<
  Required<vscode.TreeDataProvider<TreeNode>>,
  'getChildren' | 'getTreeItem' | 'getParent'
>;

/** The door to the tree: VS Code knows the view from the start, and asks for rows only where it is seen. */
export class TreeDoor implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly view: vscode.TreeView<TreeNode>;
  readonly #tree: () => Promise<Provider>;
  readonly #changes = new vscode.EventEmitter<TreeNode | undefined>();

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(tree: () => Promise<Provider>) {
    this.#tree = tree;
    this.view = vscode.window.createTreeView('sessionTokens.tokens', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  /** Has a row drawn anew, with those below it; all of them without one. */
  changed(node: TreeNode | undefined): void {
    this.#changes.fire(node);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    return (await (await this.#tree()).getChildren(node)) ?? [];
  }

  async getTreeItem(node: TreeNode): Promise<vscode.TreeItem> {
    return (await this.#tree()).getTreeItem(node);
  }

  async getParent(node: TreeNode): Promise<TreeNode | undefined> {
    return (await (await this.#tree()).getParent(node)) ?? undefined;
  }

  dispose(): void {
    this.view.dispose();
    this.#changes.dispose();
  }
}
