import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import type { Gateway } from '../core/protocols/protocol.ts';
import type { CommandServices } from './command.ts';

/** Has a person wait while a gateway is tried, by a client that is made for that. */
export function whileTesting<T>(
  { connect }: CommandServices,
  connection: Connection,
  work: (gateway: Gateway, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return withProgress(true, vscode.l10n.t('Testing {0}', connection.url), async (signal) => {
    const gateway = await connect(connection);
    return work(gateway, signal).finally(() => gateway.dispose());
  });
}

/**
 * Runs work that takes time, with a progress that can be cancelled if a person waits for it.
 * @param work gets the signal of cancellation, and can report its progress
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
