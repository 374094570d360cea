import * as vscode from 'vscode';
import { once } from '../core/async.ts';

/** A tree whose data provider is loaded when VS Code first asks for rows; the view itself is registered at the start. */
export function lazyTree<T>(load: () => Promise<vscode.TreeDataProvider<T>>): vscode.TreeDataProvider<T> {
  const changes = new vscode.EventEmitter<T | T[] | undefined>();
  const loaded = once(async () => {
    const provider = await load();
    provider.onDidChangeTreeData?.((node) => changes.fire(node ?? undefined));
    return provider;
  });
  return {
    onDidChangeTreeData: changes.event,
    getChildren: async (node) => (await loaded()).getChildren(node),
    getTreeItem: async (node) => (await loaded()).getTreeItem(node),
    getParent: async (node) => (await loaded()).getParent?.(node),
  };
}
