import * as vscode from 'vscode';
import { Part } from '../../core/disposable.ts';
import { layOut } from '../../core/json.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { Services } from '../../services.ts';
import { jsonScheme } from './register.ts';

/** Answers up to this size are laid out with one value a line. */
const prettyBytes = 4 << 20;

/** Rows are brought here in parts of about this size, so that nobody is held up. */
const partBytes = 256 << 10;

/** Results as read-only JSON documents, of which nothing is written to a disk. They live as long as they are open. */
export class JsonFiles extends Part<Pick<Services, 'hide'>> implements vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  #last = 0;

  constructor(deps: Pick<Services, 'hide'>) {
    super(deps);
    this.add(vscode.workspace.registerTextDocumentContentProvider(jsonScheme, this));
    this.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === jsonScheme) {
          this.#texts.delete(uri.path);
        }
      }),
    );
  }

  /** Shows the rows of a result as a document of their own. */
  async show(table: TableHandle, title: string): Promise<void> {
    const share = table.share();
    try {
      const parts: string[] = [];
      const { rowCount, bytes } = table.state;
      const isPretty = bytes <= prettyBytes;
      const line = isPretty ? '\n  ' : '\n';
      const size = table.rowsIn(partBytes);
      for (let from = 0; from < rowCount; from += size) {
        const part = this.deps.hide(await table.call('json', { from, to: from + size }));
        parts.push((isPretty ? layOut(part) : part).slice(1, -1).trim());
      }
      await this.open(rowCount === 0 ? '[]\n' : `[${line}${parts.join(`,${line}`)}\n]\n`, title);
    } finally {
      share.dispose();
    }
  }

  /** Shows a text of JSON. */
  async open(text: string, title: string): Promise<void> {
    const name = title.replace(/[^\w.-]+/g, '-');
    const uri = vscode.Uri.from({ scheme: jsonScheme, path: `/${++this.#last}/${name}.json` });
    this.#texts.set(uri.path, text);
    await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  }

  provideTextDocumentContent({ path }: vscode.Uri): string | undefined {
    return this.#texts.get(path);
  }
}
