import * as vscode from 'vscode';
import { type Connection, originOf } from '../core/connection.ts';
import { cancelled } from '../core/errors.ts';
import type { Call, Parts } from './parts.ts';

/**
 * Asks a person once whether an unsafe way to a gateway is wanted, before anything goes there; rejects with
 * `E_CANCELLED` when it is not. A program is not asked: the way stays closed to it until a person has agreed.
 */
export async function agreed(
  parts: Pick<Parts, 'consents'>,
  { interactive }: Pick<Call, 'interactive'>,
  connection: Connection,
): Promise<void> {
  const danger = parts.consents.wanted(connection);
  if (danger === undefined || !interactive) {
    return;
  }
  const origin = originOf(connection);
  const goOn = vscode.l10n.t('Connect Anyway');
  const chosen =
    danger === 'unencrypted'
      ? await vscode.window.showWarningMessage(
          vscode.l10n.t('Send credentials unencrypted to {0}?', origin),
          {
            modal: true,
            detail: vscode.l10n.t(
              'The connection {0} uses plain http: everybody on the way can read its passwords and tokens.',
              connection.name,
            ),
          },
          goOn,
        )
      : await vscode.window.showWarningMessage(
          vscode.l10n.t('Connect to {0} without verifying who answers?', origin),
          {
            modal: true,
            detail: vscode.l10n.t(
              'The connection {0} does not verify TLS certificates: anybody may stand in for its gateway, and get its passwords and tokens.',
              connection.name,
            ),
          },
          goOn,
        );
  if (chosen !== goOn) {
    throw cancelled();
  }
  await parts.consents.give(connection);
}
