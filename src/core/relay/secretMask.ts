import { free } from '../memory.ts';
import { joined } from '../protocols/masking.ts';
import { wholeForms } from '../redact.ts';

const star = 0x2a;

/** Maps bytes to lower case: servers may change the case. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x40 && byte < 0x5b ? byte | 0x20 : byte,
);

/** The tables to search for some secrets. */
interface Search {
  /** In every encoding, the longest first. */
  readonly forms: readonly Buffer[];
  /** The same as texts. */
  readonly texts: readonly string[];
  /** The length of the shortest. */
  readonly least: number;
  /** By two bytes that a form may have there: how many bytes further the next form can end (Wu and Manber). */
  readonly shifts: Uint8Array;
}

/** The tables for the secrets used last, which are the same in request after request. */
const searches = new Map<string, Search>();
const maxSearches = 8;

/** Puts stars in the place of secrets in bytes that arrive in parts, so that their number stays the same. */
export class SecretMask {
  #secrets: readonly string[] = [];
  #search: Search = searchFor([]);
  /** The end of what has arrived, where a secret may have begun. */
  #rest: Buffer = Buffer.alloc(0);

  add(secrets: readonly string[]): void {
    const news = secrets.filter((secret) => !this.#secrets.includes(secret));
    if (news.length > 0) {
      this.#secrets = [...this.#secrets, ...news];
      this.#search = searchFor(this.#secrets);
    }
  }

  isIn(text: string): boolean {
    const small = text.toLowerCase();
    return this.#search.texts.some((form) => small.includes(form));
  }

  /** Masks a chunk, in place. Returns what is complete of all that has arrived. */
  take(chunk: Uint8Array): Buffer {
    const bytes =
      this.#rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : joined([this.#rest, chunk]);
    if (this.#rest.length > 0) {
      free(chunk);
    }
    const { forms, least, shifts } = this.#search;
    if (least === 0) {
      return bytes;
    }
    // No closure here: one for each place would be more garbage than there is data.
    let ready = 0;
    let cut: number | undefined;
    while (ready + least <= bytes.length) {
      const shift = shifts[pairAt(bytes, ready + least - 1)] ?? 1;
      const found = shift > 0 ? undefined : formAt(forms, bytes, ready, false);
      if (found !== undefined) {
        bytes.fill(star, ready, ready + found.length);
      } else if (shift === 0 && formAt(forms, bytes, ready, true) !== undefined) {
        cut ??= ready;
      }
      ready += Math.max(shift, found?.length ?? 1);
    }
    // From here on a secret may begin that is not complete.
    ready = cut ?? ready;
    while (ready < bytes.length && formAt(forms, bytes, ready, true) === undefined) {
      ready++;
    }
    this.#rest = Buffer.from(bytes.subarray(ready));
    return bytes.subarray(0, ready);
  }

  /** The rest, at the end of the answer. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }
}

function searchFor(secrets: readonly string[]): Search {
  const key = secrets.join('\n');
  const known = searches.get(key);
  if (known !== undefined) {
    return known;
  }
  const texts = [...new Set(secrets.flatMap(formsOf).map((form) => form.toLowerCase()))];
  const forms = texts.map((text) => Buffer.from(text)).sort((a, b) => b.length - a.length);
  const least = Math.min(forms.at(-1)?.length ?? 0, 255);
  const shifts = new Uint8Array(65_536).fill(Math.max(least - 1, 0));
  for (const form of forms) {
    for (let at = 1; at < least; at++) {
      const pair = pairAt(form, at);
      shifts[pair] = Math.min(shifts[pair] ?? 0, least - 1 - at);
    }
  }
  const search = { forms, texts, least, shifts };
  searches.set(key, search);
  if (searches.size > maxSearches) {
    searches.delete(searches.keys().next().value ?? '');
  }
  return search;
}

const asJson = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
const asHtml = (code: number) => `&#x${code.toString(16)};`;
const asNamed = (code: number) =>
  ({ 34: '&quot;', 38: '&amp;', 60: '&lt;', 62: '&gt;' })[code] ?? asHtml(code);

/** Which characters servers escape, and how: .NET, Gson and others in JSON, then in HTML. */
const escapings: readonly [RegExp, (code: number) => string][] = [
  [/["&'+<>`]/g, asJson],
  [/[&'<=>]/g, asJson],
  [/[^\w.~-]/g, asJson],
  [/["&'<>]/g, asHtml],
  [/["&'+<>]/g, asHtml],
  [/[^\w.~-]/g, asHtml],
  [/["&'+<>]/g, (code) => `&#${code};`],
  [/["&'<>]/g, asNamed],
  [/["&'<=>`]/g, asNamed],
];

/** A secret in every encoding, and as some servers write it in JSON and in HTML. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/');
  const escaped = escapings.map(([which, as]) => secret.replace(which, (one) => as(one.charCodeAt(0))));
  // Gson escapes quotes with a backslash all the same.
  const quoted = escaped.map((text) => text.replace(/["\\](?!u[\da-f]{4})/g, '\\$&'));
  return [...wholeForms(secret), ...[json, ...escaped, ...quoted].filter((form) => form.length >= 8)];
}

function pairAt(bytes: Buffer, end: number): number {
  return ((lower[bytes[end - 1] ?? 0] ?? 0) << 8) | (lower[bytes[end] ?? 0] ?? 0);
}

/** The longest form that is at a place; or, if `isCut`, one whose beginning is there, where the bytes end. */
function formAt(forms: readonly Buffer[], bytes: Buffer, from: number, isCut: boolean): Buffer | undefined {
  const left = bytes.length - from;
  for (const form of forms) {
    let at = form.length > left === isCut ? 0 : left + 1;
    while (at < left && at < form.length && form[at] === lower[bytes[from + at] ?? 0]) {
      at++;
    }
    if (at === Math.min(form.length, left)) {
      return form;
    }
  }
  return undefined;
}
