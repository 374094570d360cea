import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled, type Message, noConnection, TokensError } from '../core/errors.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Login, LoginField } from '../core/protocols/protocol.ts';
import type { AskGatewayLogin } from '../core/tokens/logins.ts';
import type { AskLogin, GivenLogin, OperationOptions } from '../core/tokens/signIn.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { translated } from '../userError.ts';
import { nameOf } from '../views/names.ts';
import { clockFace } from '../views/remaining.ts';
import type { Call, CommandServices } from './command.ts';

/** One line typed by a person; rejects with `E_CANCELLED` when they turn away. */
export async function askText(options: vscode.InputBoxOptions): Promise<string> {
  const text = await vscode.window.showInputBox({ ignoreFocusOut: true, ...options });
  if (text === undefined) {
    throw cancelled();
  }
  return text;
}

/** One of several; rejects with `E_CANCELLED` when the person turns away. */
export async function askChoice<T extends vscode.QuickPickItem>(
  items: readonly T[] | Thenable<readonly T[]>,
  options: vscode.QuickPickOptions,
): Promise<T> {
  const chosen = await vscode.window.showQuickPick(items, {
    ignoreFocusOut: true,
    matchOnDescription: true,
    ...options,
  });
  if (chosen === undefined) {
    throw cancelled();
  }
  return chosen;
}

/**
 * One of several, or whatever else is typed; rejects with `E_CANCELLED` when the person turns away.
 * @param more what is offered besides, when it has come
 */
export function askChoiceOrText(
  offered: readonly vscode.QuickPickItem[] | Promise<readonly vscode.QuickPickItem[]>,
  options: { title: string; placeholder: string; ownText: string },
  more: Promise<readonly vscode.QuickPickItem[]> = Promise.resolve([]),
): Promise<string> {
  return new Promise((resolve, reject) => {
    const pick = vscode.window.createQuickPick();
    pick.title = options.title;
    pick.placeholder = options.placeholder;
    pick.ignoreFocusOut = true;
    const lists: (readonly vscode.QuickPickItem[])[] = [[], []];
    const draw = () => {
      const typed = pick.value.trim();
      const items = lists.flat();
      const own =
        typed === '' || items.some(({ label }) => label === typed)
          ? []
          : [{ label: typed, description: options.ownText, alwaysShow: true }];
      pick.items = [...items, ...own];
    };
    pick.busy = true;
    const arriving = [offered, more].map(async (list, at) => {
      lists[at] = await list;
      draw();
    });
    void Promise.allSettled(arriving).then(() => {
      pick.busy = false; // What cannot be listed can be typed.
    });
    pick.onDidChangeValue(draw);
    pick.onDidAccept(() => {
      const answer = pick.activeItems[0]?.label ?? pick.value.trim();
      if (answer !== '') {
        resolve(answer);
        pick.hide();
      }
    });
    pick.onDidHide(() => {
      pick.dispose();
      reject(cancelled());
    });
    draw();
    pick.show();
  });
}

/** The name of a connection given in the arguments, which there is in the settings or of which tokens are held. */
export function namedConnection(
  { connections, keeper }: CommandServices,
  { args }: Call,
): string | undefined {
  const name = args.connection;
  if (name === undefined) {
    return undefined;
  }
  const isKnown =
    typeof name === 'string' &&
    (connections.find(name) !== undefined || keeper.connectionNames().includes(name));
  if (!isKnown) {
    throw noConnection(name);
  }
  return name;
}

/** The only one of several, or the one that the person chooses. */
async function chosen<T>(
  all: readonly T[],
  itemOf: (one: T) => vscode.QuickPickItem,
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  return all.length > 1
    ? (
        await askChoice(
          all.map((one) => ({ ...itemOf(one), one })),
          options,
        )
      ).one
    : all[0];
}

/** The connection named in the arguments, or the only one, or the one that the person chooses. */
export async function chosenConnection(
  services: CommandServices,
  { args }: Call,
  title: string,
  among: (connection: Connection) => boolean = () => true,
): Promise<Connection> {
  const named = args.connection;
  if (named !== undefined) {
    const connection = typeof named === 'string' ? services.connections.find(named) : undefined;
    if (connection === undefined) {
      throw noConnection(named);
    }
    return connection;
  }
  const signedIn = ({ name }: Connection) => services.keeper.tokens(name).length > 0;
  const candidates = services.connections.all().filter(among);
  const connection = await chosen(
    candidates.sort((a, b) => Number(signedIn(b)) - Number(signedIn(a))),
    (one) => ({
      label: one.name,
      description: signedIn(one) ? vscode.l10n.t('signed in') : '',
      detail: one.url,
    }),
    { title, placeHolder: vscode.l10n.t('Choose a connection') },
  );
  if (connection === undefined) {
    throw new TokensError(
      'E_CONFIG',
      'There is no connection for this yet: add one, or start the sandbox gateway.',
    );
  }
  return connection;
}

/** The token named in the arguments, or the only one, or the one that the person chooses. */
export async function chosenToken(
  services: CommandServices,
  { args }: Call,
  title: string,
  among: (token: TokenInfo) => boolean = () => true,
): Promise<TokenInfo> {
  const id = args.id;
  if (id !== undefined) {
    return services.keeper.token(String(id));
  }
  const token = await chosen(
    services.keeper
      .tokens()
      .filter(among)
      .sort((a, b) => a.expiresAt - b.expiresAt),
    (one) => ({
      label: nameOf(one),
      description: one.kind === 'user' ? vscode.l10n.t('user token') : vscode.l10n.t('session'),
      detail:
        one.state === 'expired'
          ? vscode.l10n.t('expired')
          : vscode.l10n.t('{0} left', clockFace(one.expiresAt - Date.now())),
    }),
    { title, placeHolder: vscode.l10n.t('Choose a token') },
  );
  if (token === undefined) {
    throw new TokensError('E_UNKNOWN_TOKEN', 'There is no token for this: sign in or get data first.');
  }
  return token;
}

/** Asks a person who they are. Nothing typed is ever shown again. */
export const askLogin: AskLogin = async (connection, service, why, refusal) => {
  const place = service === undefined ? connection.name : `${connection.name} ${service}`;
  const title = vscode.l10n.t('Sign In to {0}', place);
  const words = refusal?.details.detail;
  const prompt =
    why === 'unknown'
      ? undefined
      : words
        ? vscode.l10n.t('The remembered credentials were refused, enter them anew: {0}', words)
        : vscode.l10n.t('The remembered credentials were refused. Enter them anew.');
  return unlessTurnedAway(askForm(connection, title, prompt));
};

/** Asks a person for the gateway's own login. */
export const askGatewayLogin: AskGatewayLogin = async (connection, why) => {
  const title = vscode.l10n.t('Sign In to {0}', connection.name);
  const fields = protocolOf(connection).gatewayLogin?.(connection).fields ?? [];
  const refused =
    why === 'refused'
      ? { template: 'The gateway refused its own user {0}. Enter the password anew.', args: [] }
      : undefined;
  return unlessTurnedAway(
    askFields(title, fields, ({ isSecret, label }) => (isSecret ? (refused ?? label) : label)),
  );
};

async function unlessTurnedAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TokensError && error.code === 'E_CANCELLED') {
      return undefined;
    }
    throw error;
  }
}

/** Who can be asked in a command: of a program's call only who signs in, where that is missing; a refusal it hears. */
export function askersFor({ interactive }: Call): OperationOptions {
  if (interactive) {
    return { askLogin, askGatewayLogin };
  }
  return {
    askLogin: async (connection, service, why, refusal) => {
      if (refusal !== undefined) {
        throw refusal;
      }
      return askLogin(connection, service, why);
    },
  };
}

/** Asks for the way to sign in where there are several, and for what it takes. */
async function askForm(
  connection: Connection,
  title: string,
  prompt: string | undefined,
): Promise<GivenLogin> {
  const forms = protocolOf(connection).logins(connection);
  const form = await chosen(forms, ({ label }) => ({ label: label === undefined ? '' : translated(label) }), {
    title,
    placeHolder: prompt ?? vscode.l10n.t('How do you sign in?'),
  });
  const fields = form?.fields ?? [];
  const first = forms.length > 1 || prompt === undefined ? undefined : { template: prompt, args: [] };
  const login = await askFields(title, fields, (field) =>
    field === fields[0] ? (first ?? field.label) : field.label,
  );
  return { login, remember: await askRemember(title) };
}

/** Asks for fields one after the other. What was answered before can be named in the label of the next one. */
async function askFields(
  title: string,
  fields: readonly LoginField[],
  labelOf: (field: LoginField) => Message,
): Promise<Login> {
  const answers: Record<string, string> = {};
  for (const field of fields) {
    const { template, args } = labelOf(field);
    const prompt = translated({ template, args: [...args, ...Object.values(answers)] });
    // Nothing is sent for an empty line: gateways lock people out who are refused too often.
    answers[field.name] =
      field.given ??
      (await askText({ title, prompt, password: field.isSecret === true, validateInput: notEmpty }));
  }
  return answers;
}

async function askRemember(title: string): Promise<boolean> {
  const yes = {
    label: vscode.l10n.t('Remember'),
    detail: vscode.l10n.t("Kept in VS Code's secret storage, so that an expired sign-in renews itself"),
  };
  const no = {
    label: vscode.l10n.t('Only Now'),
    detail: vscode.l10n.t('Asked for again when the token has expired'),
  };
  return (
    (await askChoice([yes, no], { title, placeHolder: vscode.l10n.t('Remember these credentials?') })) === yes
  );
}

function notEmpty(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('This must not be empty.') : undefined;
}
