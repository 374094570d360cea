import * as vscode from 'vscode';
import { type Message, TokensError } from './core/errors.ts';
import { type Log, logFault } from './core/log.ts';

/** A text in the person's language. */
export function translated({ template, args = [] }: Message): string {
  return vscode.l10n.t(template, ...args);
}

/** A warning of an answer: a gateway's words as they are, ours in the person's language. */
export function warningText(warning: string | Message): string {
  return typeof warning === 'string' ? warning : translated(warning);
}

/** A failure in one sentence, in the person's language. */
export function userMessage(caught: unknown): string {
  return caught instanceof TokensError
    ? translated(caught)
    : vscode.l10n.t('Something went wrong in Session Tokens itself; the log says what.');
}

/** A failure as it may be shown to a person or a program: one sentence, and the code. Logs the detail. */
export function toUserError(log: Log, caught: unknown): TokensError {
  if (!(caught instanceof TokensError)) {
    logFault(log, caught);
    return new TokensError('E_PROTOCOL', userMessage(caught));
  }
  const { code, message, details } = caught;
  if (code !== 'E_CANCELLED') {
    log.error(`${code} ${message}${details.detail ? ` (${details.detail})` : ''}`);
  }
  return new TokensError(code, userMessage(caught), [], details);
}
