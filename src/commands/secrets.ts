import * as vscode from 'vscode';
import {
  type Connection,
  type ConnectionSecrets,
  hasSecrets,
  isHeaderValue,
  secretPlace,
} from '../core/connection.ts';
import { TokensError } from '../core/errors.ts';
import { clientCertificate } from '../core/http/clientCertificate.ts';
import { identityOf } from '../core/protocols/kinds.ts';
import { credentialsOf } from '../core/tokens/gateways.ts';
import { askText } from './ask.ts';
import type { CommandServices } from './command.ts';

/**
 * Asks a person for the secrets of a connection that are not known yet, and stores them. Rejects with `E_CANCELLED` when
 * they cancel, and with `E_CONFIG` where a file of the client certificate cannot be used.
 */
export async function askSecrets(
  { credentials, log }: Pick<CommandServices, 'credentials' | 'log'>,
  connection: Connection,
): Promise<void> {
  if (!hasSecrets(connection)) {
    return;
  }
  const title = vscode.l10n.t('Connect to {0}', connection.name);
  const known = (await credentialsOf(connection, credentials, log))?.secrets ?? {};
  const passphrase = await askPassphrase(title, connection, known.passphrase);
  const headers = { ...known.headers };
  for (const [name, value] of Object.entries(connection.headers ?? {})) {
    if (value.includes(secretPlace)) {
      headers[name.toLowerCase()] ??= await askText({
        title,
        prompt: vscode.l10n.t('Secret of the header {0}', name),
        password: true,
        validateInput: (text) =>
          isHeaderValue(text) ? undefined : vscode.l10n.t('A header cannot carry this.'),
      });
    }
  }
  const secrets: ConnectionSecrets = passphrase === undefined ? { headers } : { passphrase, headers };
  const isNew = Object.entries(headers).some(([name, value]) => known.headers?.[name] !== value);
  if (passphrase === known.passphrase && !isNew) {
    return;
  }
  try {
    // Read again: another window may have remembered a login while the person was typing.
    const found = await credentialsOf(connection, credentials, log);
    await credentials.write(connection.name, { ...found, secrets, origin: identityOf(connection) });
  } catch {
    throw new TokensError('E_STORAGE', 'The secrets of {0} could not be kept in the secret storage.', [
      connection.name,
    ]);
  }
}

/** The passphrase of the client certificate's key; undefined where it has none. A wrong one is asked for again. */
async function askPassphrase(
  title: string,
  connection: Connection,
  known: string | undefined,
): Promise<string | undefined> {
  for (let passphrase = known; ; ) {
    try {
      await clientCertificate(connection, passphrase);
      return passphrase;
    } catch (error) {
      if (!(error instanceof TokensError) || error.code !== 'E_CREDENTIALS') {
        throw error;
      }
      passphrase = await askText({
        title,
        prompt:
          passphrase === undefined
            ? vscode.l10n.t('Passphrase of the client certificate')
            : vscode.l10n.t('The passphrase does not open the client certificate. Enter it again.'),
        password: true,
      });
    }
  }
}
