import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { layOut } from '../../core/json.ts';
import { exportParts } from '../../core/results/exportParts.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import { jsonScheme } from './register.ts';

/** Answers up to this size are laid out with one value a line. */
const prettyBytes = 4 << 20;

/**
 * Results as read-only JSON files of their own file system: the editor reads them as bytes, with its care for
 * large files, and nothing is written to a disk. They live as long as their document is open.
 */
export class JsonFiles implements vscode.FileSystemProvider, Disposable {
  readonly #owned = new DisposableStore();
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly time: number }>();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  readonly onDidChangeFile = this.#changed.event;
  readonly #hide: (text: string) => string;
  #last = 0;

  /** @param hide takes secrets out of what is shown */
  constructor(hide: (text: string) => string) {
    this.#hide = hide;
    this.#owned.add(vscode.workspace.registerFileSystemProvider(jsonScheme, this, { isReadonly: true }));
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === jsonScheme) {
          this.#files.delete(uri.path);
        }
      }),
    );
  }

  /** Makes the file of a result and shows it. */
  async show(table: TableHandle, fields: readonly string[], title: string, time: number): Promise<void> {
    const name = title.replace(/[^\w.-]+/g, '-');
    const uri = vscode.Uri.from({ scheme: jsonScheme, path: `/${++this.#last}/${name}.json` });
    this.#files.set(uri.path, { bytes: await this.#textOf(table, fields), time });
    await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const { bytes, time } = this.#file(uri);
    return {
      type: vscode.FileType.File,
      ctime: time,
      mtime: time,
      size: bytes.length,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.#file(uri).bytes;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#files.clear();
  }

  #file(uri: vscode.Uri): { readonly bytes: Uint8Array; readonly time: number } {
    const file = this.#files.get(uri.path);
    if (file === undefined) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    return file;
  }

  async #textOf(table: TableHandle, fields: readonly string[]): Promise<Uint8Array> {
    const share = table.share();
    try {
      const parts: Buffer[] = [];
      const request = { fields, format: 'json' } as const;
      for await (const { data } of exportParts(table, request, this.#hide)) {
        parts.push(Buffer.from(data));
      }
      const whole = Buffer.concat(parts);
      return table.state.bytes <= prettyBytes ? Buffer.from(`${layOut(whole.toString())}\n`) : whole;
    } finally {
      share.dispose();
    }
  }
}
