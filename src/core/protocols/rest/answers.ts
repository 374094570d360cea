import * as v from 'valibot';
import { Part } from '../../disposable.ts';
import { TokensError } from '../../errors.ts';
import type { HttpDeps } from '../../http/client.ts';
import { CookieJar } from '../../http/cookies.ts';
import type { HttpAnswer, HttpHead } from '../../http/request.ts';
import { looksLikeHtml, wordsOf } from '../../http/text.ts';
import type { Answer } from '../answer.ts';
import { atLimit, detailsOf, refused, signInRefused, tokenExpired, tokenText } from '../failures.ts';
import { MaskingReader } from '../masking.ts';
import type { DataAnswer, DataCall, Grant, Kept, Tokens } from '../protocol.ts';
import { matches } from './criteria.ts';
import { isByKept } from './description.ts';
import { isCalled, type Place, placeText, type Seen, seen, textAt } from './place.ts';
import { descriptionOf } from './request.ts';
import { leadsBack } from './sending.ts';

/** What the request was for, which decides what a refusal means. */
type Purpose = 'signIn' | 'renewal' | 'token';

/** Longest text that is kept with a token, in characters. */
const maxKeptLength = 8_192;

/** Reads answers as a description says: tokens, errors, and what is kept with a token. */
export class Answers extends Part<Pick<HttpDeps, 'connection' | 'redactor'>> {
  readonly #description = descriptionOf(this.deps.connection);
  /** The server's name in messages. */
  readonly #host = new URL(this.deps.connection.url).host;

  /** @throws the error that an answer tells */
  check(head: HttpHead & Partial<HttpAnswer>, view: Seen, purpose: Purpose): void {
    const failure = this.failure({ ...head, text: view.text }, view, purpose);
    if (failure !== undefined) {
      throw failure;
    }
  }

  /** The error that an answer tells; undefined for a success. */
  failure(
    answer: HttpAnswer,
    view = seen(answer, answer.text),
    purpose: Purpose = 'token',
  ): TokensError | undefined {
    const { expired, limit, refused: refusals } = this.#description;
    const { status } = answer;
    const isAtLimit = matches(limit, view);
    const isSaid = purpose !== 'token' && matches(refusals, view);
    const isRefused =
      purpose === 'signIn' && (isSaid || status === 401 || status === 403 || leadsBack(answer));
    const isExpired = purpose !== 'signIn' && (leadsBack(answer) || matches(expired, view));
    const isDone = status < (purpose === 'signIn' ? 400 : 300);
    if (isDone && !isAtLimit && !isSaid && !isRefused && !isExpired) {
      return undefined;
    }
    const host = this.#host;
    const words = wordsOf(answer.text, this.deps.redactor);
    const details = detailsOf(answer, words);
    if (isAtLimit) {
      return atLimit(host, words, details);
    }
    if (isRefused) {
      const bare = { template: '{0} refused the sign-in: wrong user or password.' };
      return signInRefused(host, words, { ...details, refused: 'login' }, bare);
    }
    if (isExpired) {
      return tokenExpired(host, words, details);
    }
    // The refresh token may be refused, and the token itself still be good.
    const isNo = isSaid || (status >= 400 && status < 500 && status !== 408);
    const isOver = purpose === 'renewal' && isNo && isByKept(this.#description);
    return refused(host, words, isOver ? { ...details, refused: 'sign-in' } : details);
  }

  /** The error for an answer of success with nothing at a place that the description names. */
  lacking({ status, text }: Pick<Seen, 'status' | 'text'>, place: Place, name: string): TokensError {
    return new TokensError(
      'E_PROTOCOL',
      'The answer of {0} has nothing at {1} that can be kept as “{2}”.',
      [this.#host, placeText(place) || '""', name],
      { status, detail: wordsOf(text, this.deps.redactor) },
    );
  }

  /** Says where an answer without rows has nothing at their place, which may be another one than the description says. */
  warnings({ bytes, head, rowCount }: Answer, at: readonly string[]): Pick<DataAnswer, 'warnings'> {
    const args = [placeText({ in: 'json', path: at })];
    return rowCount > 0 || bytes === 0 || leadsTo(head.Rest, at)
      ? {}
      : {
          warnings: [
            { template: 'The answer has nothing at {0}, where “rows” says that the rows are.', args },
          ],
        };
  }

  /** The new value of a token: at a place of the request's own, or where any answer may have one, in a cookie or a header. */
  rotated(view: Seen, own?: Place): string | undefined {
    const { token } = this.#description;
    const place = own ?? (token.in === 'cookie' || token.in === 'header' ? token : undefined);
    return place && this.tokenAt(place, view);
  }

  /** What an answer has changed of a token and of what is kept with it. */
  newOf(
    { more = {}, user }: Tokens,
    cookies: CookieJar,
    value = user,
    kept: Kept = {},
  ): Partial<Pick<Grant, 'value' | 'more'>> {
    const now = cookies.kept();
    const ended = Object.keys(more).filter((key) => CookieJar.isKey(key) && now[key] === undefined);
    const all = { ...kept, ...now, ...Object.fromEntries(ended.map((key) => [key, ''])) };
    const news = Object.entries(all).filter(([name, text]) => text !== (more[name] ?? ''));
    this.deps.redactor.addNamed(Object.fromEntries(news));
    return {
      ...(value === user ? {} : { value }),
      ...(news.length === 0 ? {} : { more: Object.fromEntries(news) }),
    };
  }

  /**
   * The token at a place of an answer; undefined where there is none.
   * @throws E_PROTOCOL for one that cannot be sent
   */
  tokenAt(place: Place, view: Seen, cookies?: CookieJar): string | undefined {
    const text = this.#textAt(place, view, cookies, this.#description.send.in === 'cookie');
    if (text === undefined || text.trim() === '' || (place.in === 'text' && looksLikeHtml(text))) {
      return undefined;
    }
    if (text.length > maxKeptLength) {
      throw this.lacking(view, place, 'token');
    }
    if (!v.is(tokenText, text)) {
      throw new TokensError('E_PROTOCOL', 'A token of {0} has characters that cannot be sent.', [this.#host]);
    }
    this.deps.redactor.add(text);
    return text;
  }

  /** What an answer has at the places of what is to be kept. @throws E_PROTOCOL for a text that is too long */
  keptAt(places: Readonly<Record<string, Place>>, view: Seen, cookies?: CookieJar): Kept {
    const found = Object.entries(places).flatMap(([name, place]) => {
      const text = this.#textAt(place, view, cookies);
      if (text !== undefined && text.length > maxKeptLength) {
        throw this.lacking(view, place, name);
      }
      return text === undefined || text === '' ? [] : [[name, text] as const];
    });
    const kept = Object.fromEntries(found);
    this.deps.redactor.addNamed(kept);
    return kept;
  }

  /**
   * A cookie that an earlier answer of the sign-in has set counts as well.
   * @param isForCookie else the quotes that may be around a cookie's value are no part of it, as FortiGate's CSRF header has it
   */
  #textAt(place: Place, view: Seen, cookies?: CookieJar, isForCookie = false): string | undefined {
    const found = textAt(place, view);
    if (place.in !== 'cookie') {
      return found;
    }
    const value = found ?? cookies?.all().find(({ name }) => isCalled(name, place.name))?.value;
    return isForCookie ? value : value?.replace(/^"(.*)"$/, '$1');
  }

  /** What the headers of an answer have of the token and of what is kept with it. */
  inHeaders({ headers }: HttpHead): string[] {
    return this.#places().flatMap((place) =>
      place.in === 'header' ? [headers[place.name] ?? []].flat() : [],
    );
  }

  /** Where answers have the token and what is kept with it. */
  #places(): Place[] {
    const { keep, renew, token } = this.#description;
    const all = [token, renew?.token, ...Object.values(keep), ...Object.values(renew?.keep ?? {})];
    return all.filter((place) => place !== undefined);
  }

  /** A reader that takes credentials out of data by the names that the description finds them under. */
  masking(reader: ReturnType<DataCall['makeReader']>): ReturnType<DataCall['makeReader']> {
    const names = this.#places().flatMap((place) => (place.in === 'json' ? (place.path.at(-1) ?? []) : []));
    const secret = [...new Set(names)].filter((name) =>
      /^[\w-]*(?:token|secret|session|password|ticket)[\w-]*$/i.test(name),
    );
    return secret.length === 0
      ? reader
      : new MaskingReader(reader, secret, (found) => this.deps.redactor.add(found));
  }
}

/** Whether a path with `*` leads to something, or to a list or an object that is empty. */
function leadsTo(value: unknown, [step, ...path]: readonly string[]): boolean {
  if (step === undefined || typeof value !== 'object' || value === null) {
    return step === undefined;
  }
  const inner = Object.entries(value);
  return (
    (step === '*' && inner.length === 0) ||
    inner.some(([name, one]) => (step === '*' || step === name) && leadsTo(one, path))
  );
}
