import * as vscode from 'vscode';

/**
 * Runs work that takes its time, with a progress that can be cancelled where a person waits for it.
 * @param work is told when it is called off, and tells how much it has done of all that is to do, if it knows
 */
export async function withProgress<T>(
  interactive: boolean,
  title: string,
  work: (signal: AbortSignal | undefined, report: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!interactive) {
    return work(undefined, () => undefined);
  }
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const controller = new AbortController();
      const listening = token.onCancellationRequested(() => controller.abort());
      let told = 0;
      const report = (done: number, total: number) => {
        const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
        if (percent > told) {
          progress.report({ increment: percent - told, message: `${percent} %` });
          told = percent;
        }
      };
      try {
        return await work(controller.signal, report);
      } finally {
        listening.dispose();
      }
    },
  );
}
