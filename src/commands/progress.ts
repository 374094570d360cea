import * as vscode from 'vscode';

/** Runs work that waits for a server, with a progress that can be cancelled where a person waits for it. */
export async function withProgress<T>(
  interactive: boolean,
  title: string,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!interactive) {
    return work(undefined);
  }
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_, token) => {
      const controller = new AbortController();
      const listening = token.onCancellationRequested(() => controller.abort());
      try {
        return await work(controller.signal);
      } finally {
        listening.dispose();
      }
    },
  );
}
