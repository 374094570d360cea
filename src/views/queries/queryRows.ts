import * as vscode from 'vscode';
import { Part } from '../../core/disposable.ts';
import { describeRequest, fingerprint } from '../../core/requests/queries.ts';
import { type DataRequest, titleOf } from '../../core/requests/request.ts';
import { Row } from '../nodes.ts';
import type { QuerySettings, StoredQuery } from './querySettings.ts';
import type { Recents } from './recents.ts';

class QueryNode extends Row<{ readonly name: string }> {
  readonly query: StoredQuery;

  constructor(query: StoredQuery) {
    super({ name: query.name });
    this.query = query;
  }
}

class RecentNode extends Row<{ readonly request: DataRequest }> {}

/** The heading of the recent requests. */
class RecentsNode extends Row {}

type Node = QueryNode | RecentNode | RecentsNode;

type RowsOf = { readonly settings: QuerySettings; readonly recents: Recents };

/** Saved queries, and below them the recent requests. */
export class QueryRows extends Part<RowsOf> implements vscode.TreeDataProvider<Node> {
  readonly #changes = this.add(new vscode.EventEmitter<undefined>());

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(deps: RowsOf) {
    super(deps);
    this.add(deps.settings.onDidChange(() => this.#changes.fire(undefined)));
    this.add(deps.recents.onDidChange(() => this.#changes.fire(undefined)));
  }

  getChildren(node?: Node): Node[] {
    const saved = this.deps.settings.all();
    const known = new Set(saved.map(({ request }) => fingerprint(request)));
    const recent = this.deps.recents.all().filter((request) => !known.has(fingerprint(request)));
    if (node !== undefined) {
      return node instanceof RecentsNode ? recent.map((request) => new RecentNode({ request })) : [];
    }
    return [
      ...saved.map((query) => new QueryNode(query)),
      ...(recent.length === 0 ? [] : [new RecentsNode({})]),
    ];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node instanceof RecentsNode) {
      const item = new vscode.TreeItem(vscode.l10n.t('Recent'), vscode.TreeItemCollapsibleState.Expanded);
      item.id = 'recents';
      item.contextValue = 'recents';
      return item;
    }
    const isSaved = node instanceof QueryNode;
    const request = isSaved ? node.query.request : node.args.request;
    const title = titleOf(request);
    const item = new vscode.TreeItem(isSaved ? node.query.name : title);
    item.id = isSaved ? `query/${node.query.from}/${node.query.name}` : `recent/${fingerprint(request)}`;
    item.description = isSaved ? `${title} · ${describeRequest(request)}` : describeRequest(request);
    // Screen readers use the tooltip, too.
    item.tooltip = `${item.label} · ${item.description}`;
    item.iconPath = new vscode.ThemeIcon(isSaved ? 'bookmark' : 'history');
    item.contextValue = isSaved ? `query.${node.query.from}` : 'query.recent';
    item.command = {
      command: 'sessionTokens.queries.run',
      title: vscode.l10n.t('Run'),
      arguments: [node],
    };
    return item;
  }
}
