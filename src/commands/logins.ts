import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import type { TokensError } from '../core/errors.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { LoginField } from '../core/protocols/protocol.ts';
import { isNameField } from '../core/redact.ts';
import type { AskGatewayLogin } from '../core/tokens/gatewayLogins.ts';
import type { GivenLogin, OperationOptions } from '../core/tokens/signIn.ts';
import { translated } from '../userError.ts';
import { askChoice, askOne, askText, orUndefined } from './ask.ts';
import type { Call } from './command.ts';
import { fork, inSteps, into, type Question, type Step } from './steps.ts';

/** The title of the questions for a login. */
export function loginTitle(name: string, service: string | undefined): string {
  return service === undefined
    ? vscode.l10n.t('Sign In to {0}', name)
    : vscode.l10n.t('Sign In to {0} (Service {1})', name, service);
}

/**
 * The questions for a login: for the way to sign in where there are several, for its fields, and whether to remember them.
 * Nothing secret that was typed is shown again.
 * @param refusal why the remembered login is no more used
 */
export function loginQuestions(connection: Connection, why: 'unknown' | 'refused', refusal?: TokensError) {
  const words = refusal?.details.detail;
  const refused =
    why === 'unknown'
      ? undefined
      : words
        ? vscode.l10n.t('The remembered credentials were refused, enter them again: {0}', words)
        : vscode.l10n.t('The remembered credentials were refused. Enter them again.');
  const forms = protocolOf(connection).logins(connection);
  const hasWays = forms.length > 1;
  const answers: Record<string, string> = {};
  const said = { form: forms[0], remember: false };
  const placeHolder = refused ?? vscode.l10n.t('How do you sign in?');
  const itemOf = ({ label }: (typeof forms)[number]) => ({ label: label ? translated(label) : '' });
  const askWay = fork(into(said, 'form', (step) => askOne(forms, itemOf, { ...step, placeHolder })));
  const fields = () => said.form?.fields ?? [];
  const toldOf = (field: LoginField) => (hasWays || field !== fields()[0] ? undefined : refused);
  return {
    questions: (): Question[] => [
      ...(hasWays ? [askWay] : []),
      ...fieldQuestions(fields(), answers, toldOf),
      into(said, 'remember', askRemember),
    ],
    given: (): GivenLogin => ({
      login: Object.fromEntries(fields().map(({ name }) => [name, answers[name] ?? ''])),
      remember: said.remember,
    }),
  };
}

/** Asks a person for a login. */
export function askLogin(
  connection: Connection,
  service: string | undefined,
  why: 'unknown' | 'refused',
  refusal?: TokensError,
): Promise<GivenLogin | undefined> {
  const { questions, given } = loginQuestions(connection, why, refusal);
  return orUndefined(inSteps(loginTitle(connection.name, service), questions).then(given));
}

/** Asks a person for the gateway's own login. */
export const askGatewayLogin: AskGatewayLogin = async (connection, why) => {
  const title = loginTitle(connection.name, undefined);
  const fields = protocolOf(connection).gatewayLogin?.(connection).fields ?? [];
  const answers: Record<string, string> = {};
  const questions = fieldQuestions(fields, answers, ({ name }, user = '') =>
    !isNameField(name) && why === 'refused'
      ? vscode.l10n.t('The gateway refused its own user {0}. Enter the password again.', user)
      : undefined,
  );
  return orUndefined(inSteps(title, () => questions).then(() => answers));
};

/** The dialogs for logins in a command. For a program they ask only where a login is missing; a refusal is an error. */
export function loginDialogs({ interactive }: Pick<Call, 'interactive'>): OperationOptions {
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

/**
 * A question for each field that is not given. Its label can contain earlier answers.
 * @param toldOf the text at a field, by the earlier answers
 */
function fieldQuestions(
  fields: readonly LoginField[],
  answers: Record<string, string>,
  toldOf: (field: LoginField, ...before: readonly string[]) => string | undefined,
): Question[] {
  return fields.flatMap((field, at) => {
    const { name, label, given } = field;
    const isSecret = !isNameField(name);
    if (given !== undefined) {
      answers[name] = given;
      return [];
    }
    return into(answers, name, (step) => {
      const before = fields.slice(0, at).map((one) => answers[one.name] ?? '');
      const asked = translated({ ...label, args: [...(label.args ?? []), ...before] });
      const told = toldOf(field, ...before);
      return askText({
        ...step,
        prompt: told ?? asked,
        placeHolder: told === undefined ? '' : asked,
        password: isSecret,
        value: isSecret ? '' : (answers[name] ?? ''),
        // Empty answers are not accepted: gateways lock accounts that are refused too often.
        validateInput: (text) => (text.trim() === '' ? vscode.l10n.t('This must not be empty.') : undefined),
      });
    });
  });
}

async function askRemember(step: Step): Promise<boolean> {
  const yes = {
    label: vscode.l10n.t('Remember'),
    detail: vscode.l10n.t("Kept in VS Code's secret storage, so that an expired sign-in renews itself"),
  };
  const no = {
    label: vscode.l10n.t("Don't Remember"),
    detail: vscode.l10n.t('Asked for again when the token has expired'),
  };
  const placeHolder = vscode.l10n.t('Remember these credentials?');
  return (await askChoice([yes, no], { ...step, placeHolder })) === yes;
}
