import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { cancelled, TokensError } from '../../core/errors.ts';
import type { ExportRequest } from '../../core/results/engine.ts';
import { exportParts } from '../../core/results/exportParts.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';

/**
 * Writes an export to a file, part by part, so that its size is bounded only by the disk. The file is replaced when the
 * export is complete: one that is cancelled or fails changes nothing. Resolves to the number of rows.
 * @param hide redacts secrets in what is written
 */
export async function exportFile(
  table: TableHandle,
  target: vscode.Uri,
  request: ExportRequest,
  hide: (text: string) => string,
  progress: (rows: number, total: number) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  const share = table.share();
  const unique = `${process.pid}-${Date.now().toString(36)}`;
  // For another file system than the local one it is written here first, and then copied.
  const isLocal = target.scheme === 'file';
  const partial = isLocal
    ? `${target.fsPath}.${unique}.part`
    : join(tmpdir(), `session-tokens-${unique}.part`);
  let written = 0;
  async function* content() {
    // The byte-order mark tells spreadsheets that a file is UTF-8; without it they guess, and guess wrong.
    yield request.format === 'csv' ? '\uFEFF' : '';
    yield* exportParts(table, request, hide, (rows, total) => {
      written = rows;
      progress(rows, total);
    });
  }
  try {
    await writeFile(partial, content(), { flag: 'wx', mode: 0o600, ...(signal && { signal }) });
    if (isLocal) {
      await rename(partial, target.fsPath);
    } else {
      await vscode.workspace.fs.copy(vscode.Uri.file(partial), target, { overwrite: true });
    }
    return written;
  } catch (error) {
    if (error instanceof TokensError || signal?.aborted) {
      throw signal?.aborted ? cancelled() : error;
    }
    // The system's code: its message would contain the path.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TokensError('E_STORAGE', 'The file could not be written: {0}.', [code]);
  } finally {
    share.dispose();
    await rm(partial, { force: true });
  }
}
