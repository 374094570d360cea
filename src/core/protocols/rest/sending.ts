import { secretPlace } from '../../connection.ts';
import { Part } from '../../disposable.ts';
import { TokensError } from '../../errors.ts';
import type { HttpDeps } from '../../http/client.ts';
import type { CookieJar } from '../../http/cookies.ts';
import { basicCredentials, encode, type Pairs } from '../../http/encode.ts';
import type { HttpHead, HttpRequest } from '../../http/request.ts';
import { type Json, plainOf, readJson } from '../../json.ts';
import type { Kept, Login } from '../protocol.ts';
import { textPut } from '../relayed.ts';
import { matches } from './criteria.ts';
import { basicNames, isSafe, knownNames, namesOf, type RestRequest } from './description.ts';
import { isCalled, pathOf, seen } from './place.ts';
import { descriptionOf, headersOf, openValues } from './request.ts';
import {
  cannotCarry,
  fillJson,
  fillPath,
  fillText,
  headerValue,
  namesAround,
  type PathTemplate,
  type Values,
} from './template.ts';

/** The values of the names in a request. */
interface Filling {
  readonly token?: string | undefined;
  /** What is kept with it. */
  readonly more: Kept;
  /** The login; empty for requests for data. */
  readonly login: Login;
  readonly params?: ReadonlyMap<string, string>;
  /** What goes with the request. */
  readonly cookies?: CookieJar;
}

export interface Scope extends Filling {
  readonly cookies: CookieJar;
}

/** Makes requests as a description says. */
export class Sending extends Part<Pick<HttpDeps, 'connection'>> {
  readonly #description = descriptionOf(this.deps.connection);
  readonly #known = knownNames(this.#description);

  /**
   * The request as it is sent, with the token in its place.
   * @param isEnd which redirects are its answer and not followed, as where HTML forms are sent; those to another origin never are
   * @throws E_PROTOCOL for a value that its header or cookie cannot carry, E_CONFIG for one that is missing in the path
   */
  fill(
    one: RestRequest & { readonly query?: Pairs; readonly isOwnBody?: boolean },
    scope: Filling,
    isEnd: (head: HttpHead, isSafe: boolean) => boolean = leadsBack,
  ): Omit<HttpRequest, 'signal'> {
    const { url } = this.deps.connection;
    const token = one.send ? scope.token : undefined;
    const values = this.#values(scope);
    const isKnown = (name: string) => this.#known.has(name) || (scope.params?.has(name) ?? false);
    const { path, isWhole } = fillPath(one.path, values, url, isKnown);
    const fill = (texts: Readonly<Record<string, string>>) =>
      Object.entries(texts).flatMap(([name, text]): [string, string][] => {
        const value = fillText(text, isKnown, values);
        return value === undefined ? [] : [[name, value]];
      });
    const all = headersOf(one, this.#description, token !== undefined);
    // The HTTP client adds headers with a part in the secret storage.
    const own = Object.entries(all).filter(([, value]) => !value.includes(secretPlace));
    const filled = fill(Object.fromEntries(own));
    const headers = Object.fromEntries(filled.map(([name, value]) => [name, headerValue(name, value)]));
    const isOwn = one.json === undefined || one.isOwnBody;
    const sent: Filled = {
      query: one.query ?? [],
      headers,
      form: one.form && fill(one.form),
      json: isOwn ? one.json : fillJson(one.json, isKnown, values),
    };
    const [user, secret = ''] = one.basic
      ? basicNames(this.#description.ask).flatMap((name) => scope.login[name] ?? [])
      : [];
    // Without a user no header is sent: a server may count an empty one as a wrong password.
    if (user !== undefined) {
      headers.Authorization = basicAuthorization(user, secret);
    }
    const pathname = new URL(`${isWhole ? new URL(url).origin : url}${path}`).pathname;
    this.#addToken(sent, token, scope, pathname);
    return {
      method: one.method,
      path,
      isWhole,
      cookies: scope.cookies,
      isAnswer: (head) =>
        (URL.parse(head.headers.location ?? '', url)?.origin === new URL(url).origin &&
          isEnd(head, isSafe(one))) ||
        this.#isKnownBy(head),
      ...sent,
    };
  }

  /** Whether an answer meets a condition that needs no body. */
  #isKnownBy(head: HttpHead): boolean {
    const { refused, expired, limit } = this.#description;
    const all = [...refused, ...expired, ...limit];
    const byHead = all.filter(({ status, at }) => status !== undefined || at?.in === 'header');
    return matches(byHead, seen(head, ''));
  }

  /** Whether the values of all names in a path are known; those in its query may be missing. */
  canFill(path: PathTemplate, scope: Scope): boolean {
    const values = this.#values(scope);
    return namesAround(path)[0].every((name) => values(name) !== undefined);
  }

  /**
   * @throws E_CREDENTIALS where a request needs a part of the login that is not remembered: sending the rest may count as a
   * wrong login
   */
  requireLogin(one: RestRequest, { more, login }: Scope): void {
    const { ask } = this.#description;
    const wanted = [...namesOf(one, (name) => ask.includes(name)), ...(one.basic ? basicNames(ask) : [])];
    const missing = wanted.findLast((name) => (login[name] ?? more[name]) === undefined);
    if (missing !== undefined) {
      throw new TokensError(
        'E_CREDENTIALS',
        'The request to {0} needs “{1}”, which is not remembered: sign in again.',
        [this.deps.connection.name, missing],
        { sent: false },
      );
    }
  }

  #values({ token, more, login, params }: Filling): Values {
    const named = openValues(this.deps.connection, params);
    for (const [name, value] of [...Object.entries(more), ...Object.entries(login)]) {
      named.set(name, value);
    }
    return (name) => (name === 'token' ? token : named.get(name));
  }

  #addToken(sent: Filled, token: string | undefined, scope: Filling, pathname: string): void {
    const { send, token: from } = this.#description;
    const isKnown = (name: string) => this.#known.has(name);
    const value = token && fillText(send.value, isKnown, this.#values(scope));
    if (token === undefined || value === undefined) {
      return;
    }
    if (send.in === 'header') {
      const isGiven = Object.keys(sent.headers).some(
        (name) => name.toLowerCase() === send.name.toLowerCase(),
      );
      if (!isGiven) {
        sent.headers[send.name] = headerValue(send.name, value);
      }
    } else if (send.in === 'query') {
      sent.query = [...sent.query, [send.name, value]];
    } else if (send.in === 'body') {
      const path = pathOf(send.name) ?? [];
      if (sent.form !== undefined) {
        sent.form = [...sent.form, [path.at(-1) ?? 'token', value]];
      } else {
        const body = textPut(readJson(JSON.stringify(sent.json ?? {})).value, path, value);
        if (body === undefined) {
          throw new TokensError('E_CONFIG', 'The body of the request has no place for the token.');
        }
        sent.json = plainOf(body);
      }
    } else {
      const name = nameOf(scope.cookies, send.name, token);
      const own = { name, value: cookieValue(value, from.in === 'cookie') };
      const others = scope.cookies?.for(pathname) ?? [];
      const all = [own, ...others.filter((other) => other.name !== name)];
      sent.headers.Cookie = all.map((one) => `${one.name}=${one.value}`).join('; ');
    }
  }
}

/** Whether a redirect is the answer of a sign-in: it sets cookies, or leads back. */
export function endsSignIn(head: HttpHead, isSafe: boolean): boolean {
  const sets = head.status < 304 && head.headers['set-cookie'] !== undefined;
  return !isSafe && (sets || leadsBack(head));
}

/** Whether a redirect says that the request was done; others (301, 307, 308) say that it has moved. */
export function leadsOn({ status }: HttpHead, isSafe = false): boolean {
  return !isSafe && (status === 302 || status === 303);
}

/** Whether a redirect leads to a login page, as where nobody is signed in. */
export function leadsBack(head: HttpHead): boolean {
  const to = URL.parse(head.headers.location ?? '', 'http://x');
  return leadsOn(head) && /\/(?:log|sign)[-_]?[io]n(?:\.\w+)?\/?$/i.test(to?.pathname ?? '');
}

/** Basic authorization in UTF-8. @throws E_PROTOCOL for what would be read as another user and password */
function basicAuthorization(user: string, password: string): string {
  if (/[:\p{Cc}]/u.test(user) || /\p{Cc}/u.test(password)) {
    throw cannotCarry('Authorization');
  }
  return `Basic ${basicCredentials(user, password, 'Basic charset="UTF-8"')}`;
}

interface Filled {
  query: Pairs;
  headers: Record<string, string>;
  form: [string, string][] | undefined;
  json: Json | undefined;
}

/** The whole name of the cookie that a token is in, where only its beginning is known. */
function nameOf(cookies: CookieJar | undefined, wanted: string, token: string): string {
  const found = (cookies?.all() ?? []).filter(({ name }) => isCalled(name, wanted));
  const { name } = found.find(({ value }) => value === token) ?? found[0] ?? { name: wanted };
  return name.replace(/\*$/, '');
}

/** A value in a cookie: as it is where a cookie can hold it, or where it came in one; else percent-encoded. */
function cookieValue(value: string, isFromCookie: boolean): string {
  const isPlain = /^[!#-+\--:<-[\]-~]*$/.test(value) || (isFromCookie && /^[ -:<-~]*$/.test(value));
  return isPlain ? value : encode(value);
}
