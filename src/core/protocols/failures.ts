import * as v from 'valibot';
import { type FailureDetails, type Message, TokensError } from '../errors.ts';
import { type HttpAnswer, isSuccess } from '../http/request.ts';
import { ended, looksLikeHtml, parseJson } from '../http/text.ts';

/** A token as it can be sent in a header. */
export const tokenText = v.pipe(v.string(), v.nonEmpty(), v.maxLength(8_192), v.regex(/^[\x20-\x7e]+$/));

/** How gateways name tokens in their messages, as opposed to data of that name. */
export const namedToken =
  /(?<![\w/]|(?:dataset|datasource|product|series|symbol|view) ["'“]?)(?:(?:user|session)[ _-]?)?token(?![\w/])/i;
const goneToken = new RegExp(
  String.raw`\binvalid_token\b|\b(?:unknown|expired|invalid) (?:or \w+ )?${namedToken.source}|${namedToken.source}` +
    String.raw`(?:[^.;]{0,60}?\b(?:has|is|was)(?: (?:already|been|now|either))*|[:=]\S*| \S*‹redacted›\S*)?` +
    String.raw` (?:unknown|expired|invalid|revoked|(?:not|no longer) (?:valid|known|found))\b(?! (?:for|in)\b)`,
  'i',
);
/** With these words, a token is a part of a request's text, or its scope is meant. */
const otherToken = /\b(?:syntax|expression|filter|column|line|position|near|scope|parameter|field)\b/i;

/**
 * Whether a gateway's words say that a token is good no more. Only those of SARUS are documented (docs/protocols.md 1.2),
 * so words that may be about something else do not count: the token may be alive.
 */
export function saysTokenIsGone(words: string): boolean {
  return goneToken.test(words) && !otherToken.test(words);
}

const wrongLogin = [
  /pass ?(?:word|phrase|code|ticket)|credential|revoked|(?:access|permission) denied|unauthori[sz]ed|not authori[sz]ed/,
  /\b(?:invalid|unknown|wrong|incorrect|no such) (?:user|account|log-?[io]n|authentication)|security violation/,
  /\b(?:user(?: ?id| ?name)?|account|logonid|ac(?:cessor )?id)\b(?: (?:is|was))? (?:unknown|invalid|incorrect|wrong)\b/,
  /\b(?:user(?: ?id| ?name)?|account|logonid|ac(?:cessor )?id)\b[^.;]{0,40}\b(?:disabled|locked|suspended|blocked|inactive|expired|does not exist|not (?:found|known|defined|valid))/,
  /\b(?:authentication|(?:log|sign)[ -]?[io]n)(?: attempt)?(?: has| was| is)? (?:failed|failure|denied|rejected|refused|incorrect|invalid|unsuccessful|not successful)/,
  /\b(?:failed|failure|unable|cannot|could not|not)(?: to| be)? authenticate/,
].map(({ source }) => new RegExp(source, 'i'));

/** Whether a gateway's words, which are not documented, refuse the login. One attempt too many would lock the account. */
export function saysLoginIsWrong(words: string): boolean {
  return wrongLogin.some((form) => form.test(words));
}

/** What the log gets of an answer that is a failure; `status` may be that of an envelope in the body. */
export function detailsOf(answer: HttpAnswer, words: string, status = answer.status): FailureDetails {
  return { status, detail: words, retryAfterMs: answer.retryAfterMs };
}

/** The error for what a gateway calls a failure. A status of success is left out: in an error it would only confuse. */
export function refused(host: string, words: string, details: FailureDetails): TokensError {
  const { status = 0 } = details;
  if (isSuccess(status)) {
    return new TokensError(
      'E_HTTP',
      words === '' ? '{0} answered with an error.' : '{0} answered with an error: {1}',
      [host, words],
      details,
    );
  }
  return new TokensError(
    'E_HTTP',
    words === '' ? '{0} answered with status {1}.' : '{0} answered with status {1}: {2}',
    [host, status, words],
    details,
  );
}

/**
 * The error for somebody who signs in and is refused.
 * @param bare the message where the gateway gives no words
 */
export function signInRefused(
  host: string,
  words: string,
  details: FailureDetails,
  bare: Message,
): TokensError {
  const { template } = words === '' ? bare : { template: '{0} refused the sign-in: {1}' };
  return new TokensError('E_CREDENTIALS', template, [host, ended(words)], details);
}

/** The error for a token that is good no more: the sign-in's, unless `details` say which one. */
export function tokenExpired(host: string, words: string, details: FailureDetails): TokensError {
  return new TokensError(
    'E_EXPIRED',
    words === '' ? 'The sign-in is no longer valid at {0}.' : 'The sign-in is no longer valid at {0}: {1}',
    [host, ended(words)],
    { refused: 'sign-in', ...details },
  );
}

/** The error where a gateway has no session to give, or has got too many requests. */
export function atLimit(host: string, words: string, details: FailureDetails): TokensError {
  return new TokensError(
    'E_LIMIT',
    words === '' ? '{0} is at its limit.' : '{0} is at its limit: {1}',
    [host, ended(words)],
    details,
  );
}

/** The error for JSON in which something is missing; `what` is for the log. */
export function lacking(host: string, status: number, what: string): TokensError {
  return new TokensError('E_PROTOCOL', 'The answer of {0} lacks what the protocol promises.', [host], {
    status,
    detail: `lacks ${what}`,
  });
}

/** The error for an answer of success that is not what the protocol promises: an HTML page, or no JSON. */
export function notJson(host: string, { status, text }: HttpAnswer): TokensError {
  const isPage = looksLikeHtml(text);
  const parsed = parseJson(text);
  return new TokensError(
    'E_PROTOCOL',
    isPage
      ? '{0} answered with a web page instead of data; check the address of the connection.'
      : 'The answer of {0} is not the JSON that the protocol promises.',
    [host],
    isPage || parsed.ok ? { status } : { status, detail: parsed.reason },
  );
}
