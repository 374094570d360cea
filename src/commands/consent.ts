import * as vscode from 'vscode';
import type { Agreement } from '../connections/consents.ts';
import {
  type Connection,
  type ConnectionSecrets,
  hasSecrets,
  isHeaderValue,
  originOf,
  secretPlace,
} from '../core/connection.ts';
import { TokensError } from '../core/errors.ts';
import { clientCertificate } from '../core/http/tls.ts';
import { identityOf, protocolOf } from '../core/protocols/kinds.ts';
import type { Disclosure } from '../core/protocols/protocol.ts';
import { credentialsOf } from '../core/tokens/gateways.ts';
import { askText, confirm } from './ask.ts';
import type { Call, CommandServices } from './command.ts';

/**
 * Asks a person once, before anything is sent to a gateway: whether to use an unsafe connection, whether secrets may be
 * sent where its settings say, and for the connection's own secrets. Rejects with `E_CANCELLED` when they decline. A
 * program is not asked: it gets an error until a person has answered.
 */
export async function confirmConnection(
  services: CommandServices,
  { interactive }: Call,
  connection: Connection,
): Promise<void> {
  if (interactive) {
    for (const what of services.consents.wanted(connection)) {
      await confirmAgreement(services, connection, what);
    }
    await askSecrets(services, connection);
  }
}

/** Asks a person whether they want this of a connection. Rejects with `E_CANCELLED` when they do not. */
export async function confirmAgreement(
  { consents }: CommandServices,
  connection: Connection,
  what: Agreement,
): Promise<void> {
  const { question, goOn, detail } = words(what, connection);
  await confirm(question, goOn, detail);
  await consents.give(connection, what);
}

function words(what: Agreement, connection: Connection) {
  const origin = originOf(connection);
  const { name } = connection;
  const goOn = vscode.l10n.t('Connect Anyway');
  return {
    unencrypted: {
      question: vscode.l10n.t('Send credentials unencrypted to {0}?', origin),
      detail: vscode.l10n.t(
        'The connection {0} uses plain http: everybody on the way can read its passwords and tokens.',
        name,
      ),
      goOn,
    },
    unverified: {
      question: vscode.l10n.t('Connect to {0} without verifying who answers?', origin),
      detail: vscode.l10n.t(
        'The connection {0} does not verify TLS certificates: anybody may stand in for its gateway, and get its passwords and tokens.',
        name,
      ),
      goOn,
    },
    described: {
      question: vscode.l10n.t('Send secrets to {0} as the connection {1} describes?', origin, name),
      detail: disclosed(protocolOf(connection).disclosures?.(connection) ?? []),
      goOn: vscode.l10n.t('Allow'),
    },
  }[what];
}

/** Where each secret goes, line by line. */
function disclosed(disclosures: readonly Disclosure[]): string {
  const lines = disclosures.map(({ names, request, place, name = '' }) => {
    const where = {
      path: vscode.l10n.t('in the address'),
      query: vscode.l10n.t('in the query of the address'),
      body: vscode.l10n.t('in the body'),
      header: vscode.l10n.t('in the header {0}', name),
      cookie: vscode.l10n.t('in the cookie {0}', name),
    }[place];
    return `${names.join(', ')} → ${request ?? vscode.l10n.t('every request')}, ${where}`;
  });
  const isSeen = disclosures.some(({ place }) => place === 'query');
  const seen = vscode.l10n.t(
    'What is in a query is seen in addresses, and in the logs of servers and proxies.',
  );
  const advice = vscode.l10n.t('Allow this only if you or someone you trust wrote it.');
  return [...lines, '', ...(isSeen ? [`⚠ ${seen}`] : []), advice].join('\n');
}

/**
 * Asks a person for the secrets of a connection that are not known yet, and stores them. Rejects with `E_CANCELLED` when
 * they cancel, and with `E_CONFIG` where a file of the client certificate cannot be used.
 */
async function askSecrets({ credentials, log }: CommandServices, connection: Connection): Promise<void> {
  if (!hasSecrets(connection)) {
    return;
  }
  const title = vscode.l10n.t('Connect to {0}', connection.name);
  const known = (await credentialsOf(connection, credentials, log))?.secrets ?? {};
  const passphrase = await askPassphrase(title, connection, known.passphrase);
  const headers = { ...known.headers };
  let isNew = passphrase !== known.passphrase;
  for (const [name, value] of Object.entries(connection.headers ?? {})) {
    if (value.includes(secretPlace) && headers[name.toLowerCase()] === undefined) {
      const prompt = vscode.l10n.t('Secret of the header {0}', name);
      const wrong = vscode.l10n.t('A header cannot carry this.');
      const validateInput = (text: string) => (isHeaderValue(text) ? undefined : wrong);
      headers[name.toLowerCase()] = await askText({ title, prompt, password: true, validateInput });
      isNew = true;
    }
  }
  if (!isNew) {
    return;
  }
  const secrets: ConnectionSecrets = passphrase === undefined ? { headers } : { passphrase, headers };
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
      const prompt =
        passphrase === undefined
          ? vscode.l10n.t('Passphrase of the client certificate')
          : vscode.l10n.t('The passphrase does not open the client certificate. Enter it again.');
      passphrase = await askText({ title, prompt, password: true });
    }
  }
}
