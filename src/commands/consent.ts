import * as vscode from 'vscode';
import type { Agreement } from '../connections/consents.ts';
import { type Connection, originOf } from '../core/connection.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Disclosure } from '../core/protocols/protocol.ts';
import { confirm } from './ask.ts';
import type { Call, CommandServices } from './command.ts';
import { askSecrets } from './secrets.ts';

/**
 * Asks a person once, before anything is sent to a gateway: whether to use an unsafe connection, whether secrets may be
 * sent where its settings say, and for the connection's own secrets. Rejects with `E_CANCELLED` when they decline. A
 * program is not asked: it gets an error until a person has answered.
 */
export async function confirmConnection(
  services: Pick<CommandServices, 'consents' | 'credentials' | 'log'>,
  { interactive }: Pick<Call, 'interactive'>,
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
  { consents }: Pick<CommandServices, 'consents'>,
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
