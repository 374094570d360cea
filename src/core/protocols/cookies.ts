/** More than a gateway needs, and little enough that a hostile one cannot fill the memory. */
const mostCookies = 50;
const longestCookie = 4096;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/**
 * The cookies of one connection, in memory only. They are host-only whatever `Domain` says, because the
 * connection speaks to one origin and redirects to another are not followed; so only the path is checked.
 */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** @param path The path of the request that was answered, from which the default path is taken (RFC 6265, 5.1.4). */
  take(setCookie: readonly string[], path: string, secure: boolean): void {
    for (const line of setCookie) {
      const [pair = '', ...attributes] = line.split(';');
      const equals = pair.indexOf('=');
      const name = pair.slice(0, equals).trim();
      const value = pair.slice(equals + 1).trim();
      if (equals < 1 || pair.length > longestCookie || !sendable(name) || !sendable(value)) {
        continue;
      }
      const given = new Map(attributes.map(attribute));
      const cookiePath = given.get('path')?.startsWith('/') ? (given.get('path') ?? '/') : defaultPath(path);
      const key = `${name};${cookiePath}`;
      if (isOver(given)) {
        this.#cookies.delete(key);
      } else if (
        (secure || !given.has('secure')) &&
        (this.#cookies.has(key) || this.#cookies.size < mostCookies)
      ) {
        this.#cookies.set(key, { name, value, path: cookiePath });
      }
    }
  }

  /** The `Cookie` header for a path, or nothing. */
  header(path: string): string | undefined {
    if (this.#cookies.size === 0) {
      return undefined;
    }
    const fitting = [...this.#cookies.values()].filter((cookie) => covers(cookie.path, path));
    return fitting.length === 0 ? undefined : fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function attribute(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0
    ? [text.trim().toLowerCase(), '']
    : [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** Only deletion is honoured: a jar that dies with the window needs no other end of life. */
function isOver(attributes: ReadonlyMap<string, string>): boolean {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined) {
    return Number(maxAge) <= 0;
  }
  const year = /\b(19[67]\d)\b/.exec(attributes.get('expires') ?? '');
  return year !== null;
}

function defaultPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function covers(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** What RFC 6265 lets stand in a header: visible ASCII. */
function sendable(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text);
}
