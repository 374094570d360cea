import * as vscode from 'vscode';
import { type Connection, originOf } from '../core/connection.ts';
import { confirm } from './ask.ts';
import type { Call, CommandServices } from './command.ts';
import { askSecrets } from './secrets.ts';

/**
 * Asks a person once for what the way to a gateway needs, before anything goes there: whether an unsafe way is wanted, and
 * the connection's own secrets. Rejects with `E_CANCELLED` when they turn away. A program is not asked: the way stays closed
 * to it until a person has answered.
 */
export async function confirmConnection(
  services: Pick<CommandServices, 'consents' | 'credentials' | 'log'>,
  { interactive }: Pick<Call, 'interactive'>,
  connection: Connection,
): Promise<void> {
  if (interactive) {
    await askConsent(services, connection);
    await askSecrets(services, connection);
  }
}

async function askConsent(
  { consents }: Pick<CommandServices, 'consents'>,
  connection: Connection,
): Promise<void> {
  const danger = consents.wanted(connection);
  const { name } = connection;
  const origin = originOf(connection);
  const goOn = vscode.l10n.t('Connect Anyway');
  if (danger === 'unencrypted') {
    await confirm(
      vscode.l10n.t('Send credentials unencrypted to {0}?', origin),
      goOn,
      vscode.l10n.t(
        'The connection {0} uses plain http: everybody on the way can read its passwords and tokens.',
        name,
      ),
    );
  } else if (danger !== undefined) {
    await confirm(
      vscode.l10n.t('Connect to {0} without verifying who answers?', origin),
      goOn,
      vscode.l10n.t(
        'The connection {0} does not verify TLS certificates: anybody may stand in for its gateway, and get its passwords and tokens.',
        name,
      ),
    );
  } else {
    return;
  }
  await consents.give(connection);
}
