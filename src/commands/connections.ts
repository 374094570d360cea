import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { TokensError } from '../core/errors.ts';
import { protocols } from '../core/protocols/kinds.ts';
import type { Preset } from '../core/protocols/protocol.ts';
import { mayRefuseToken } from '../core/tokens/refusal.ts';
import { translated } from '../userError.ts';
import { askChoice, askName, askText, askUrl, chosenName, confirm } from './ask.ts';
import type { Call, CommandServices, Handler } from './command.ts';
import { confirmAgreement, confirmConnection } from './consent.ts';
import { describeApi } from './describe.ts';
import { withProgress } from './progress.ts';
import { offerSignIn } from './signIn.ts';

/** Stores a connection; asks a person for its kind, address and name, and tries it if they want. */
export const addConnection: Handler = async (services, call) => {
  if (!call.interactive) {
    const connection = services.connections.check(call.args);
    const isNew = services.connections.find(connection.name) === undefined;
    if (isNew && services.consents.wanted(connection).includes('described')) {
      await confirmAgreement(services, connection, 'described');
    }
    return services.connections.add(call.args);
  }
  const title = vscode.l10n.t('Add Connection');
  const placeHolder = vscode.l10n.t('What kind of gateway?');
  const { of: kind, preset } = await askChoice(kindItems(), { title, placeHolder });
  if (kind === undefined) {
    return describeApi(services, call);
  }
  const known = { kind, ...preset?.settings };
  const url = await askUrl(title, known);
  const inputs = await askInputs(title, preset);
  const name = await askName(services, title, { ...known, url });
  const settings = { name, url, ...known, ...inputs };
  const connection = services.connections.check(settings);
  if (!(await isWanted(services, call, connection, title))) {
    return undefined;
  }
  const stored = await services.connections.add(settings);
  void offerSignIn(vscode.l10n.t('{0} was added.', connection.name), connection.name);
  return stored;
};

interface KindItem extends vscode.QuickPickItem {
  readonly of?: string;
  readonly preset?: Preset;
}

/** The kinds of gateways; for one with presets these, and describing another API. */
function kindItems(): KindItem[] {
  const own = Object.entries(protocols).filter(([, { presets }]) => presets === undefined);
  const described = Object.entries(protocols).flatMap(([kind, { presets = [] }]) =>
    presets.map((preset) => ({ label: preset.title, detail: basisOf(preset), of: kind, preset })),
  );
  return [
    ...own.map(([kind, { label }]) => ({ label, description: kind, of: kind })),
    {
      label: vscode.l10n.t('Another API…'),
      description: vscode.l10n.t('You describe it; each step is tried at once'),
      alwaysShow: true,
    },
    { label: vscode.l10n.t('Described already'), kind: vscode.QuickPickItemKind.Separator },
    ...described,
  ];
}

/** The sources of a preset's description, as text. */
function basisOf({ evidence, source }: Preset): string {
  return {
    run: vscode.l10n.t('Tried with the server itself'),
    documented: vscode.l10n.t('Made from its documentation: {0}', source),
    client: vscode.l10n.t('Made from a program that speaks to it: {0}', source),
  }[evidence];
}

async function askInputs(title: string, preset: Preset | undefined): Promise<object> {
  const inputs: Record<string, string> = {};
  for (const [name, value] of Object.entries(preset?.inputs ?? {})) {
    inputs[name] = await askText({ title, prompt: vscode.l10n.t('{0} at this gateway', name), value });
  }
  return Object.keys(inputs).length === 0 ? {} : { inputs };
}

/** Tries a gateway, if the person wants that. Returns whether to add its connection. */
async function isWanted(
  services: CommandServices,
  call: Call,
  connection: Connection,
  title: string,
): Promise<boolean> {
  const tryIt = {
    label: vscode.l10n.t('Try It'),
    detail: vscode.l10n.t('Sees whether such a gateway answers there'),
  };
  const justAdd = { label: vscode.l10n.t('Add Without Trying') };
  if ((await askChoice([tryIt, justAdd], { title, placeHolder: connection.url })) === justAdd) {
    return true;
  }
  await confirmConnection(services, call, connection);
  const trouble = await troubleWith(services, connection);
  const anyway = vscode.l10n.t('Add Anyway');
  return trouble === undefined || (await vscode.window.showWarningMessage(trouble, anyway)) === anyway;
}

/** Signs out of a connection and takes it out of the settings. */
export const removeConnection: Handler = async (services, call) => {
  const name = await chosenName(services, call, vscode.l10n.t('Remove Connection'));
  if (call.interactive) {
    await confirm(
      vscode.l10n.t('Remove the connection {0}?', name),
      vscode.l10n.t('Remove'),
      vscode.l10n.t('Its sessions are closed; its tokens and credentials are forgotten.'),
    );
  }
  await services.keeper.signOut(name);
  await services.connections.remove(name);
  await services.consents.forget(name);
  return undefined;
};

/** Opens the setting that holds the connections. */
export const openSettings: Handler = async () => {
  await vscode.commands.executeCommand('workbench.action.openSettings', 'sessionTokens');
};

/** Opens the first steps. */
export const openWalkthrough: Handler = async () => {
  await vscode.commands.executeCommand(
    'workbench.action.openWalkthrough',
    'session-tokens.session-tokens#start',
    false,
  );
};

/** Why a gateway does not answer as it should; undefined when it does. */
async function troubleWith(services: CommandServices, connection: Connection): Promise<string | undefined> {
  return withProgress(true, vscode.l10n.t('Trying {0}', connection.url), async (signal) => {
    const gateway = await services.connect(connection);
    try {
      if (gateway.services !== undefined) {
        await gateway.services({ signal });
      } else {
        // Without a token the answer is a refusal, in the protocol's own form.
        await gateway.remainingLife?.({ user: 'none' }, { signal });
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof TokensError)) {
        throw error;
      }
      return mayRefuseToken(error) ? undefined : translated(error);
    } finally {
      gateway.dispose();
    }
  });
}
