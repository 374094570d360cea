import * as vscode from 'vscode';
import { describeRequest, fingerprint } from '../../core/queries.ts';
import { type DataRequest, titleOf } from '../../core/request.ts';
import type { QuerySettings, StoredQuery } from './querySettings.ts';

/** A row of the tree: a query under its name, or a request made lately. */
export class QueryNode {
  readonly query: StoredQuery;

  constructor(query: StoredQuery) {
    this.query = query;
  }
}

export class RecentNode {
  readonly request: DataRequest;

  constructor(request: DataRequest) {
    this.request = request;
  }
}

/** The heading over the requests made lately. */
class RecentsNode {
  readonly requests: readonly DataRequest[];

  constructor(requests: readonly DataRequest[]) {
    this.requests = requests;
  }
}

export type Node = QueryNode | RecentNode | RecentsNode;

/** Saved queries, and below them what was asked lately. */
export class QueryRows {
  readonly #settings: QuerySettings;
  readonly #recents: () => readonly DataRequest[];

  constructor(settings: QuerySettings, recents: () => readonly DataRequest[]) {
    this.#settings = settings;
    this.#recents = recents;
  }

  getChildren(node?: Node): Node[] {
    if (node instanceof RecentsNode) {
      return node.requests.map((request) => new RecentNode(request));
    }
    if (node !== undefined) {
      return [];
    }
    const saved = this.#settings.all();
    const known = new Set(saved.map(({ request }) => fingerprint(request)));
    const recent = this.#recents().filter((request) => !known.has(fingerprint(request)));
    return [
      ...saved.map((query) => new QueryNode(query)),
      ...(recent.length === 0 ? [] : [new RecentsNode(recent)]),
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
    const request = isSaved ? node.query.request : node.request;
    const title = titleOf(request);
    const item = new vscode.TreeItem(isSaved ? node.query.name : title);
    item.id = isSaved ? `query/${node.query.from}/${node.query.name}` : `recent/${fingerprint(request)}`;
    item.description = isSaved ? `${title} · ${describeRequest(request)}` : describeRequest(request);
    // The tooltip is also what a screen reader says of the row.
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
