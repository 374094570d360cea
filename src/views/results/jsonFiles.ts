import * as vscode from 'vscode';
import { Part } from '../../core/disposable.ts';
import { fileName } from '../../core/paths.ts';
import { exportText } from '../../core/results/exportParts.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { Services } from '../../services.ts';
import { jsonScheme } from './register.ts';

/** Answers up to this size, in bytes, are formatted with one value a line. */
const prettyBytes = 4 << 20;

/** Results as read-only JSON documents, which are never written to disk, and exist as long as they are open. */
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
    const { fields, bytes } = table.state;
    const format = bytes <= prettyBytes ? 'indented' : 'json';
    const written = await exportText(table, { fields, format }, this.deps.hide);
    await this.open(written?.text ?? '', title);
  }

  /** Shows a text of JSON. */
  async open(text: string, title: string): Promise<void> {
    const name = fileName(title);
    const uri = vscode.Uri.from({ scheme: jsonScheme, path: `/${++this.#last}/${name}.json` });
    this.#texts.set(uri.path, text);
    await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  }

  provideTextDocumentContent({ path }: vscode.Uri): string | undefined {
    return this.#texts.get(path);
  }
}
