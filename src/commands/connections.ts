import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled, TokensError } from '../core/errors.ts';
import { protocols } from '../core/protocols/kinds.ts';
import type { Preset } from '../core/protocols/protocol.ts';
import { mayRefuseToken } from '../core/tokens/refusal.ts';
import { translated } from '../userError.ts';
import { askChoice, askName, askText, askUrl, chosenName, confirm, separator } from './ask.ts';
import type { Call, CommandServices, Handler } from './command.ts';
import { confirmAgreement, confirmConnection } from './consent.ts';
import { describeApi } from './describe.ts';
import { whileTesting } from './progress.ts';
import { offerSignIn } from './signIn.ts';
import { Back, fork, inSteps, into, type Question, type Step } from './steps.ts';

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
  const settings = await askConnection(services, call);
  if (settings === undefined) {
    return describeApi(services, call);
  }
  const stored = await services.connections.add(settings);
  void offerSignIn(vscode.l10n.t('{0} was added.', settings.name), settings.name);
  return stored;
};

/** Asks a person for a connection's kind, address and name; undefined where they want to describe an API. */
async function askConnection(services: CommandServices, call: Call) {
  const kinds = kindItems();
  let chosen: KindItem | undefined;
  let inputs: Record<string, string> = {};
  const said = { name: '', url: '' };
  const settings = () => ({
    ...{ ...said, kind: chosen?.of, ...chosen?.preset?.settings },
    ...(Object.keys(inputs).length > 0 && { inputs }),
  });
  const askKind = fork(async (step) => {
    chosen = await askChoice(kinds, { ...step, placeHolder: vscode.l10n.t('Choose the kind of gateway') });
    inputs = { ...chosen.preset?.inputs };
  });
  const askInput = (input: string) =>
    into(inputs, input, (step) => {
      const prompt = vscode.l10n.t('{0} at this gateway', input);
      return askText({ ...step, prompt, value: inputs[input] ?? '' });
    });
  const others = (): Question[] => [
    into(said, 'url', (step) => askUrl({ ...step, value: said.url }, settings())),
    ...Object.keys(inputs).map(askInput),
    into(said, 'name', (step) => askName(services, { ...step, value: said.name }, settings())),
    async (step) => {
      if (await askTest(step, said.url)) {
        const trouble = await troubleWith(services, call, services.connections.check(settings()));
        if (trouble !== undefined && !(await isWanted(trouble))) {
          throw new Back(2 + Object.keys(inputs).length);
        }
      }
    },
  ];
  const isDescribed = () => chosen !== undefined && chosen.of === undefined;
  await inSteps(vscode.l10n.t('Add Connection'), () => [askKind, ...(isDescribed() ? [] : others())]);
  return isDescribed() ? undefined : settings();
}

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
    separator(vscode.l10n.t('Presets')),
    ...described,
  ];
}

/** The sources of a preset's description, as text. */
function basisOf({ evidence, source }: Preset): string {
  return {
    run: vscode.l10n.t('Tried with the server itself'),
    documented: vscode.l10n.t('Made from its documentation: {0}', source),
    client: vscode.l10n.t('Made from a program that uses it: {0}', source),
  }[evidence];
}

async function askTest(step: Step, url: string): Promise<boolean> {
  const test = {
    label: vscode.l10n.t('Test Connection'),
    detail: vscode.l10n.t('Checks whether such a gateway answers there'),
  };
  const justAdd = { label: vscode.l10n.t('Add Without Testing') };
  const placeHolder = vscode.l10n.t('Test {0} before it is added?', url);
  return (await askChoice([test, justAdd], { ...step, placeHolder })) === test;
}

/** Whether a connection is wanted in spite of trouble; false where its address is to be edited. @throws E_CANCELLED */
async function isWanted(trouble: string): Promise<boolean> {
  const anyway = vscode.l10n.t('Add Anyway');
  const chosen = await vscode.window.showWarningMessage(trouble, anyway, vscode.l10n.t('Edit Address'));
  if (chosen === undefined) {
    throw cancelled();
  }
  return chosen === anyway;
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
  await services.connections.remove({ name });
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
async function troubleWith(
  services: CommandServices,
  call: Call,
  connection: Connection,
): Promise<string | undefined> {
  await confirmConnection(services, call, connection);
  try {
    await whileTesting(services, connection, async (gateway, signal) => {
      // Without a token the answer is a refusal, in the protocol's own form.
      await (gateway.services?.({ signal }) ?? gateway.remainingLife?.({ user: 'none' }, { signal }));
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof TokensError)) {
      throw error;
    }
    return mayRefuseToken(error) ? undefined : translated(error);
  }
}
