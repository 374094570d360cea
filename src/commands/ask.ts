import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { freeName } from '../core/entries.ts';
import { cancelled, isCancelled, type Message, TokensError } from '../core/errors.ts';
import { parseConnection, protocolOf } from '../core/protocols/kinds.ts';
import type { Login, LoginField } from '../core/protocols/protocol.ts';
import type { AskGatewayLogin } from '../core/tokens/gatewayLogins.ts';
import type { AskLogin, GivenLogin, OperationOptions } from '../core/tokens/signIn.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { translated } from '../userError.ts';
import { nameOf } from '../views/names.ts';
import { clockFace } from '../views/remaining.ts';
import type { Call, CommandServices } from './command.ts';

/** One line typed by a person; rejects with `E_CANCELLED` when they cancel. */
export async function askText(options: vscode.InputBoxOptions): Promise<string> {
  return answered(await vscode.window.showInputBox({ ignoreFocusOut: true, ...options }));
}

/** A number between bounds, typed by a person. @param wrong the message for any other input */
export async function askNumber(
  options: vscode.InputBoxOptions,
  isRight: (number: number) => boolean,
  wrong: string,
): Promise<number> {
  const validateInput = (typed: string) => (isRight(Number(typed)) ? undefined : wrong);
  return Number(await askText({ ...options, validateInput }));
}

/** One of several; rejects with `E_CANCELLED` when the person cancels. */
export async function askChoice<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T> {
  const usual = { ignoreFocusOut: true, matchOnDescription: true };
  return answered(await vscode.window.showQuickPick(items, { ...usual, ...options }));
}

/** Asks a person to confirm by a button; rejects with `E_CANCELLED` when they do not. */
export async function confirm(question: string, yes: string, detail = ''): Promise<void> {
  answered(await vscode.window.showWarningMessage(question, { modal: true, detail }, yes));
}

function answered<T>(answer: T | undefined): T {
  if (answer === undefined) {
    throw cancelled();
  }
  return answer;
}

/**
 * Lets a person choose one after another, until they go on, have `max`, or want to type instead.
 * @param take the values that a choice adds to those chosen
 */
export async function askOneByOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  asked: vscode.QuickPickOptions & { typing: string; separator: string; max?: number },
  take: (item: T) => Promise<readonly string[]>,
): Promise<{ chosen: string[]; wantsToType: boolean }> {
  const { typing, separator, max = Number.POSITIVE_INFINITY, ...options } = asked;
  const chosen = new Set<string>();
  const typed: vscode.QuickPickItem = { label: typing };
  while (chosen.size < max) {
    const goOn: vscode.QuickPickItem = {
      label: vscode.l10n.t('Go on with {0} chosen', chosen.size),
      detail: [...chosen].join(separator),
    };
    const offered = [...(chosen.size > 0 ? [goOn] : []), ...items, typed];
    const item = items.length === 0 ? typed : await askChoice(offered, options);
    if (item === typed || item === goOn) {
      return { chosen: [...chosen], wantsToType: item === typed };
    }
    for (const one of await take(item as T)) {
      chosen.add(one);
    }
  }
  return { chosen: [...chosen], wantsToType: false };
}

/** Shows a list and waits for the answer that `listen` finds; rejects with `E_CANCELLED` when the person cancels. */
export function answerOf<T, I extends vscode.QuickPickItem>(
  pick: vscode.QuickPick<I>,
  listen: (answer: (answer: T) => void, fail: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    pick.ignoreFocusOut = true;
    pick.onDidHide(() => {
      pick.dispose();
      reject(cancelled());
    });
    listen((answer) => {
      resolve(answer);
      pick.hide();
    }, reject);
    pick.show();
  });
}

/**
 * One of several, or any typed text; rejects with `E_CANCELLED` when the person cancels.
 * @param options.useTyped the description of typed text that is not among the items
 * @param more further items, shown when they arrive
 */
export function askChoiceOrText(
  offered: readonly vscode.QuickPickItem[] | Promise<readonly vscode.QuickPickItem[]>,
  options: { title: string; placeholder: string; useTyped: string },
  more: Promise<readonly vscode.QuickPickItem[]> = Promise.resolve([]),
): Promise<string> {
  const pick = vscode.window.createQuickPick();
  pick.title = options.title;
  pick.placeholder = options.placeholder;
  const lists: (readonly vscode.QuickPickItem[])[] = [[], []];
  const draw = () => {
    const typed = pick.value.trim();
    const items = lists.flat();
    const isOffered = typed === '' || items.some(({ label }) => label === typed);
    const own = { label: typed, description: options.useTyped, alwaysShow: true };
    pick.items = isOffered ? items : [...items, own];
  };
  pick.busy = true;
  const arriving = [offered, more].map(async (list, at) => {
    lists[at] = await list;
    draw();
  });
  void Promise.allSettled(arriving).then(() => {
    pick.busy = false; // Where no list comes, the person can type.
  });
  pick.onDidChangeValue(draw);
  return answerOf(pick, (answer) => {
    pick.onDidAccept(() => {
      const said = pick.activeItems[0]?.label ?? pick.value.trim();
      if (said !== '') {
        answer(said);
      }
    });
    draw();
  });
}

/** The address of a gateway. @param known the other settings of its connection */
export function askUrl(title: string, known: object): Promise<string> {
  return askText({
    title,
    prompt: vscode.l10n.t("The gateway's address"),
    placeHolder: 'https://host:8443',
    validateInput: (url) => problemOf({ ...known, name: 'x', url }),
  });
}

/** A name that no connection has. */
export function askName(
  services: CommandServices,
  title: string,
  known: { readonly url: string },
): Promise<string> {
  const taken = services.connections.all().map(({ name }) => name);
  return askText({
    title,
    prompt: vscode.l10n.t('A name for it'),
    value: freeName(new URL(known.url).hostname, taken, '-'),
    validateInput: (text) =>
      services.connections.find(text.trim()) === undefined
        ? problemOf({ ...known, name: text })
        : vscode.l10n.t('There is a connection called {0} already.', text.trim()),
  });
}

/** What is wrong with the settings of a connection, in the person’s language. */
export function problemOf(input: unknown): string | undefined {
  const parsed = parseConnection(input);
  return parsed.ok ? undefined : translated(parsed.reason);
}

/** The name of a connection in the arguments, which must be in the settings or have tokens. */
export function namedConnection(
  { connections, keeper }: CommandServices,
  { args }: Call,
): string | undefined {
  const { connection: name } = args;
  const isHeld = typeof name === 'string' && keeper.connectionNames().includes(name);
  return name === undefined || isHeld ? name : connections.get(name).name;
}

/** The only one of several, or the one that the person chooses. */
async function chosen<T>(
  all: readonly T[],
  itemOf: (one: T) => vscode.QuickPickItem,
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  const items = all.map((one) => ({ ...itemOf(one), one }));
  return items.length > 1 ? (await askChoice(items, options)).one : all[0];
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
    return services.connections.get(named);
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

/** The name of that connection; one that is named need not be in the settings any more, while tokens of it are held. */
export async function chosenName(
  services: CommandServices,
  call: Call,
  title: string,
  among?: (connection: Connection) => boolean,
): Promise<string> {
  return namedConnection(services, call) ?? (await chosenConnection(services, call, title, among)).name;
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
    return services.keeper.token(typeof id === 'string' ? id : '');
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

/** Asks a person for their login. Nothing typed is shown again. */
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
  return unlessCancelled(askForm(connection, title, prompt));
};

/** Asks a person for the gateway's own login. */
export const askGatewayLogin: AskGatewayLogin = async (connection, why) => {
  const title = vscode.l10n.t('Sign In to {0}', connection.name);
  const fields = protocolOf(connection).gatewayLogin?.(connection).fields ?? [];
  const refused =
    why === 'refused'
      ? { template: 'The gateway refused its own user {0}. Enter the password anew.' }
      : undefined;
  return unlessCancelled(
    askFields(title, fields, ({ isSecret, label }) => (isSecret ? (refused ?? label) : label)),
  );
};

/** A person's answer; undefined when they cancel. */
export async function unlessCancelled<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isCancelled(error)) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The dialogs for logins in a command. For a program a person is asked only where a login is missing; a refusal is an
 * error.
 */
export function loginDialogs({ interactive }: Call): OperationOptions {
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

/** Asks for the way to sign in where there are several, and for its fields. */
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
  const first = forms.length > 1 || prompt === undefined ? undefined : { template: prompt };
  const login = await askFields(title, fields, (field) =>
    field === fields[0] ? (first ?? field.label) : field.label,
  );
  return { login, remember: await askRemember(title) };
}

/** Asks for fields one after the other. The label of a field can contain earlier answers. */
async function askFields(
  title: string,
  fields: readonly LoginField[],
  labelOf: (field: LoginField) => Message,
): Promise<Login> {
  const answers: Record<string, string> = {};
  for (const field of fields) {
    const { template, args = [] } = labelOf(field);
    const prompt = translated({ template, args: [...args, ...Object.values(answers)] });
    // Empty answers are not accepted: gateways lock accounts that are refused too often.
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
  const placeHolder = vscode.l10n.t('Remember these credentials?');
  return (await askChoice([yes, no], { title, placeHolder })) === yes;
}

function notEmpty(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('This must not be empty.') : undefined;
}
