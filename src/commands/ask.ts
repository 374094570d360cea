import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { freeName } from '../core/entries.ts';
import { cancelled, type ErrorCode, isCancelled, TokensError } from '../core/errors.ts';
import { parseConnection } from '../core/protocols/kinds.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { translated, userMessage } from '../userError.ts';
import { nameOf, timeLeft } from '../views/names.ts';
import { type Call, type CommandServices, oneOf } from './command.ts';
import { Back, type Step } from './steps.ts';

/** A question with its place among several. */
export type Asked<Options> = Options & Partial<Step>;

type LineOptions = Omit<vscode.InputBoxOptions, 'validateInput'> & {
  /** What is wrong with a text. */
  readonly validateInput?: (text: string) => string | undefined;
};

/** One line typed by a person; rejects with `E_CANCELLED` when they cancel. */
export function askText({ validateInput, ...options }: Asked<LineOptions>): Promise<string> {
  const box = vscode.window.createInputBox();
  const isRight = () => {
    box.validationMessage = validateInput?.(box.value);
    return box.validationMessage === undefined;
  };
  box.onDidChangeValue(isRight);
  return answerOf(box, options, (answer) => box.onDidAccept(() => isRight() && answer(box.value)));
}

/** A number between bounds, typed by a person. @param wrong the message for any other input */
export async function askNumber(
  options: LineOptions,
  isRight: (number: number) => boolean,
  wrong: string,
): Promise<number> {
  const validateInput = (typed: string) => (isRight(Number(typed)) ? undefined : wrong);
  return Number(await askText({ ...options, validateInput }));
}

/** One of several; rejects with `E_CANCELLED` when the person cancels. */
export function askChoice<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: Asked<vscode.QuickPickOptions>,
): Promise<T> {
  const pick = Object.assign(vscode.window.createQuickPick<T>(), { items, matchOnDescription: true });
  return answerOf(pick, options, (answer) =>
    pick.onDidAccept(() => pick.activeItems[0] !== undefined && answer(pick.activeItems[0])),
  );
}

/** Asks a person to confirm by a button; rejects with `E_CANCELLED` when they do not. */
export async function confirm(question: string, yes: string, detail = ''): Promise<void> {
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) !== yes) {
    throw cancelled();
  }
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
      label: vscode.l10n.t('Continue with {0} selected', chosen.size),
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

/**
 * Shows an input, which stays while the focus is elsewhere unless the options say otherwise, and waits for the answer that
 * `listen` finds; rejects with `E_CANCELLED` when the person cancels.
 */
export function answerOf<T, I extends vscode.QuickPickItem>(
  input: vscode.QuickPick<I> | vscode.InputBox,
  { placeHolder, canGoBack = false, ...options }: Asked<vscode.QuickPickOptions | vscode.InputBoxOptions>,
  listen: (answer: (answer: T) => void, fail: (error: unknown) => void) => void,
): Promise<T> {
  Object.assign(input, { ignoreFocusOut: true, placeholder: placeHolder, ...options });
  if (canGoBack) {
    input.buttons = [vscode.QuickInputButtons.Back];
  }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(error);
      input.hide();
    };
    input.onDidHide(() => {
      input.dispose();
      reject(cancelled());
    });
    input.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) {
        fail(new Back());
      }
    });
    listen((answer) => {
      resolve(answer);
      input.hide();
    }, fail);
    input.show();
  });
}

type Offered = readonly (vscode.QuickPickItem | string)[];

/**
 * One of several, or any typed text. Rejects with `E_CANCELLED` when the person cancels, and with the error where a list
 * shows that the gateway cannot be reached.
 * @param offered lists of items or their labels, in this order, each shown when it has arrived
 */
export function askChoiceOrText(
  asked: Step & { placeHolder: string },
  ...offered: readonly (Offered | Promise<Offered>)[]
): Promise<string> {
  const pick = vscode.window.createQuickPick();
  const lists = offered.map((): readonly vscode.QuickPickItem[] => []);
  const draw = () => {
    const typed = pick.value.trim();
    const items = lists.flat();
    const isOffered = typed === '' || items.some(({ label }) => label === typed);
    const description = vscode.l10n.t('use what you typed');
    pick.items = isOffered ? items : [...items, { label: typed, description, alwaysShow: true }];
  };
  pick.busy = true;
  const arriving = offered.map(async (list, at) => {
    lists[at] = (await list).map((one) => (typeof one === 'string' ? { label: one } : one));
    draw();
  });
  pick.onDidChangeValue(draw);
  return answerOf(pick, asked, (answer, fail) => {
    void Promise.allSettled(arriving).then((all) => {
      pick.busy = false;
      const trouble: unknown = all.find((one) => one.status === 'rejected')?.reason;
      if (trouble instanceof TokensError && unreachable.includes(trouble.code)) {
        fail(trouble);
      } else if (trouble !== undefined && !isCancelled(trouble)) {
        pick.placeholder = userMessage(trouble); // Where no list comes, the person can type.
      }
    });
    pick.onDidAccept(() => {
      const said = pick.activeItems[0]?.label ?? pick.value.trim();
      if (said !== '') {
        answer(said);
      }
    });
    draw();
  });
}

/** Errors with which a gateway answers no request at all. */
const unreachable: readonly ErrorCode[] = ['E_NETWORK', 'E_TLS', 'E_TIMEOUT'];

/** The address of a gateway. @param known the other settings of its connection */
export function askUrl(asked: Asked<LineOptions>, known: object): Promise<string> {
  return askText({
    ...asked,
    prompt: vscode.l10n.t('Address of the gateway'),
    placeHolder: 'https://host:8443',
    validateInput: (url) =>
      problemOf({ ...known, name: 'x', url }) &&
      vscode.l10n.t('Type an address such as https://host:8443, without user, query or fragment.'),
  });
}

/** A name that no connection has, without spaces around it. */
export async function askName(
  services: CommandServices,
  asked: Asked<LineOptions>,
  known: { readonly url: string },
): Promise<string> {
  const taken = services.connections.all().map(({ name }) => name);
  const name = await askText({
    ...asked,
    prompt: vscode.l10n.t('Name of the connection'),
    value: asked.value || freeName(new URL(known.url).hostname, taken, '-'),
    validateInput: (text) =>
      services.connections.find(text.trim()) === undefined
        ? problemOf({ ...known, name: text })
        : vscode.l10n.t('There is a connection called {0} already.', text.trim()),
  });
  return name.trim();
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
  const isHeld = typeof name === 'string' && keeper.holdsAny(name);
  return name === undefined || isHeld ? name : connections.get(name).name;
}

/** One of several things, each shown as the item that is made of it. */
export async function askOne<T>(
  all: readonly T[],
  itemOf: (one: T) => vscode.QuickPickItem,
  options: Asked<vscode.QuickPickOptions>,
): Promise<T> {
  const items = all.map((one) => ({ ...itemOf(one), one }));
  return (await askChoice(items, options)).one;
}

/** The only one of several things, or the one that a person chooses; undefined where there is none. */
export async function onlyOrAsked<T>(...asked: Parameters<typeof askOne<T>>): Promise<T | undefined> {
  const [all] = asked;
  return all.length > 1 ? askOne(...asked) : all[0];
}

/** One of a closed set: the one in the arguments, or the one that a person chooses by its label. @throws E_CONFIG */
export async function chosenOf<T extends string>(
  name: string,
  { args }: Call,
  labels: Readonly<Record<T, string>>,
  options: vscode.QuickPickOptions,
): Promise<T> {
  const all = Object.keys(labels) as T[];
  const asked = { ignoreFocusOut: false, ...options };
  return oneOf(name, args[name], all) ?? askOne(all, (one) => ({ label: labels[one] }), asked);
}

/** The connection named in the arguments, or the only one, or the one that the person chooses. */
export async function chosenConnection(
  services: CommandServices,
  call: Call,
  step: Step,
  among: (connection: Connection) => boolean = () => true,
): Promise<Connection> {
  const named = call.args.connection;
  if (named !== undefined) {
    return services.connections.get(named);
  }
  const signedIn = ({ name }: Connection) =>
    services.keeper.holdsAny(name, ({ state }) => state !== 'expired');
  const all = services.connections.all().filter(among);
  all.sort((a, b) => Number(signedIn(b)) - Number(signedIn(a)));
  const itemOf = (one: Connection) => ({
    label: one.name,
    description: signedIn(one) ? vscode.l10n.t('signed in') : '',
    detail: one.url,
  });
  const asked = { ...step, placeHolder: vscode.l10n.t('Choose a connection') };
  const connection = await onlyOrAsked(all, itemOf, asked);
  if (connection === undefined) {
    throw new TokensError(
      'E_CONFIG',
      'There is no connection with which this can be done: add one, sign in, or start the sandbox gateway.',
    );
  }
  call.chosen = connection.name;
  return connection;
}

/** The name of that connection; one that is named need not be in the settings any more, while tokens of it are held. */
export async function chosenName(
  services: CommandServices,
  call: Call,
  title: string,
  among?: (connection: Connection) => boolean,
): Promise<string> {
  return namedConnection(services, call) ?? (await chosenConnection(services, call, { title }, among)).name;
}

/** The token named in the arguments, or the only one of their connection, or the one that the person chooses. */
export async function chosenToken(
  services: CommandServices,
  call: Call,
  title: string,
  among: (token: TokenInfo) => boolean = () => true,
): Promise<TokenInfo> {
  const { id, connection } = call.args;
  if (id !== undefined) {
    return services.keeper.token(typeof id === 'string' ? id : '');
  }
  const isOf = (one: TokenInfo) => connection === undefined || one.connection === connection;
  const all = services.keeper.tokens().filter((one) => isOf(one) && among(one));
  all.sort((a, b) => a.expiresAt - b.expiresAt);
  const lifeOf = ({ state, expiresAt }: TokenInfo) =>
    state === 'expired'
      ? vscode.l10n.t('expired')
      : vscode.l10n.t('{0} left', timeLeft(expiresAt - Date.now()));
  const itemOf = (one: TokenInfo) => ({
    label: nameOf(one),
    description: one.kind === 'user' ? vscode.l10n.t('user token') : vscode.l10n.t('session'),
    detail: lifeOf(one),
  });
  const asked = { title, placeHolder: vscode.l10n.t('Choose a token') };
  const token = await onlyOrAsked(all, itemOf, asked);
  if (token === undefined) {
    throw new TokensError('E_UNKNOWN_TOKEN', 'There is no token for this: sign in or get data first.');
  }
  call.chosen = token.connection;
  return token;
}

/** A heading among items. */
export function separator(label: string) {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** A person's answer; undefined when they cancel. */
export function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => (isCancelled(error) ? undefined : Promise.reject(error)));
}
