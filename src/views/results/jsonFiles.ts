import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { layOut } from '../../core/json.ts';
import { exportParts } from '../../core/results/exportParts.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import { jsonScheme } from './register.ts';

/** Answers up to this size are laid out with one value a line. */
const prettyBytes = 4 << 20;

/** Results as read-only JSON documents, of which nothing is written to a disk. They live as long as they are open. */
export class JsonFiles implements vscode.TextDocumentContentProvider, Disposable {
  readonly #owned = new DisposableStore();
  readonly #texts = new Map<string, string>();
  readonly #hide: (text: string) => string;
  #last = 0;

  /** @param hide takes secrets out of what is shown */
  constructor(hide: (text: string) => string) {
    this.#hide = hide;
    this.#owned.add(vscode.workspace.registerTextDocumentContentProvider(jsonScheme, this));
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === jsonScheme) {
          this.#texts.delete(uri.path);
        }
      }),
    );
  }

  /** Makes the document of a result and shows it. */
  async show(table: TableHandle, title: string): Promise<void> {
    const name = title.replace(/[^\w.-]+/g, '-');
    const uri = vscode.Uri.from({ scheme: jsonScheme, path: `/${++this.#last}/${name}.json` });
    this.#texts.set(uri.path, await this.#textOf(table));
    await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  }

  provideTextDocumentContent({ path }: vscode.Uri): string | undefined {
    return this.#texts.get(path);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#texts.clear();
  }

  async #textOf(table: TableHandle): Promise<string> {
    const share = table.share();
    try {
      let text = '';
      const request = { fields: table.state.fields, format: 'json' } as const;
      for await (const { data } of exportParts(table, request, this.#hide)) {
        text += data;
      }
      return table.state.bytes <= prettyBytes ? `${layOut(text)}\n` : text;
    } finally {
      share.dispose();
    }
  }
}
