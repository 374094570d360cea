import { FragmentSet, fragmentLength } from './fragmentSet.ts';

/** The replacement for a secret. */
const blank = '‹redacted›';

/** Parameters and members whose values are secrets or name a person, wherever they stand. */
const secretName =
  '(?:session[-_]?(?:token|id)?|user[-_]?token|token|pass(?:word|wd)?|pwd|api[-_]?key|e-?mail|user[-_]?(?:name|id)?|secret|set-cookie|cookie|authorization|jsessionid)';

const shapes: readonly (readonly [RegExp, string])[] = [
  // Header values: `Authorization: Bearer …`, `Cookie: …`.
  [/\b(authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, `$1$2${blank}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${blank}`],
  // JSON web tokens.
  [/\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g, blank],
  // Members of JSON: `"userToken": "…"`.
  [new RegExp(`(["']${secretName}["']\\s*:\\s*)(["'])(?:\\\\.|(?!\\2).)*\\2?`, 'gi'), `$1$2${blank}$2`],
  // Query strings and forms: `SessionToken=…`.
  [new RegExp(`\\b(${secretName})=[^&\\s"'<>]+`, 'gi'), `$1=${blank}`],
  // Users in addresses: `https://user:pass@host`.
  [/(\/\/)[^/\s@]+@/g, `$1${blank}@`],
];

/** Shorter values are ordinary words: redacting them would make a log unreadable. */
const minSecretLength = 4;

/** How many secrets that are no longer valid are still redacted: an answer with one of them may be under way. */
const maxFading = 256;

/** Whether a value of this name is the name of a person or a program, which is no secret. */
export function isNameField(name: string): boolean {
  return /^(?:username|email|clientId|gatewayUser)$/.test(name);
}

/** Redacts text: known secrets, in every common encoding and in parts, and everything that looks like one. */
export class Redactor {
  readonly #values = new Set<string>();
  readonly #fading = new Set<string>();
  /** All encodings of the secrets, made when they are first needed; the longest first. */
  #forms: readonly string[] | undefined;
  /** Matches whole secrets in data, in upper or lower case. */
  #whole: RegExp | undefined;
  readonly #names = new Set<string>();
  readonly #secretParts = new Fragments();
  readonly #nameParts = new Fragments();

  /** Adds a secret, which is redacted from now on. */
  add(secret: string): void {
    if (this.#names.delete(secret)) {
      this.#secretParts.add(secret);
      this.#whole = undefined;
    }
    this.#add(secret, this.#secretParts);
  }

  /** Adds the name of a person: redacted like a secret, but not in data, where people look for their own name. */
  addName(name: string): void {
    if (name.length >= minSecretLength && !this.#values.has(name)) {
      this.#add(name, this.#nameParts);
      this.#names.add(name);
    }
  }

  /** Adds values by their names. */
  addNamed(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      isNameField(name) ? this.addName(value) : this.add(value);
    }
  }

  /**
   * To be called when a secret is no longer valid. It is still redacted until {@link maxFading} others have followed, so
   * that memory is bounded.
   */
  delete(secret: string): void {
    if (this.#values.has(secret) && this.#fading.add(secret).size > maxFading) {
      this.#forget();
    }
  }

  redact(text: string): string {
    return alsoEscaped(text, (one) => this.#redact(one));
  }

  #redact(text: string): string {
    this.#forms ??= [...new Set([...this.#values].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const form of this.#forms) {
      clean = clean.replaceAll(form, blank);
    }
    clean = this.#nameParts.takenOut(this.#secretParts.takenOut(clean));
    for (const [shape, replacement] of shapes) {
      clean = clean.replace(shape, replacement);
    }
    return clean;
  }

  /**
   * Redacts whole secrets in data of a gateway, which may be megabytes and may repeat a secret that was sent. Parts of
   * secrets, names of people, short secrets and what only looks like a secret stay: they may be data.
   */
  hide(text: string): string {
    return alsoEscaped(text, (one) => this.#hide(one));
  }

  #hide(text: string): string {
    // Most texts have not even a part of a secret, which is faster to check.
    if (this.#secretParts.takenOut(text) === text) {
      return text;
    }
    if (this.#whole === undefined) {
      const secrets = [...this.#values].filter((value) => !this.#names.has(value));
      const forms = secrets.flatMap(wholeForms).sort((a, b) => b.length - a.length);
      this.#whole = new RegExp(forms.map(literally).join('|') || '(?!)', 'gi');
    }
    return text.replace(this.#whole, blank);
  }

  /** Whether a text has anything to redact. */
  finds(text: string): boolean {
    return this.redact(text) !== text;
  }

  #add(value: string, parts: Fragments): void {
    this.#fading.delete(value);
    if (value.length >= minSecretLength && !this.#values.has(value)) {
      this.#values.add(value);
      this.#forms = undefined;
      this.#whole = undefined;
      parts.add(value);
    }
  }

  /** Forgets the older half of the secrets that are no longer valid. */
  #forget(): void {
    for (const secret of [...this.#fading].slice(0, maxFading / 2)) {
      this.#fading.delete(secret);
      this.#values.delete(secret);
    }
    this.#forms = undefined;
    this.#whole = undefined;
    this.#secretParts.clear();
    for (const secret of this.#values) {
      if (!this.#names.has(secret)) {
        this.#secretParts.add(secret);
      }
    }
  }
}

/** Finds parts of secrets in a text, in case they were cut, changed in case or embedded. */
class Fragments {
  readonly #parts = new FragmentSet();
  /** A Bloom filter of the first four characters of all parts: most places of a text are skipped by it. */
  readonly #beginnings = new Uint8Array(beginnings / 8);

  add(secret: string): void {
    for (const form of formsInParts(secret)) {
      let hash = 0;
      for (let next = 0; next < form.length; next++) {
        hash = hashed(hash, form.charCodeAt(next));
        const at = next - beginningLength + 1;
        if (at >= 0 && at + fragmentLength <= form.length) {
          this.#parts.add(form, at);
          this.#beginnings[hash >> 3] = (this.#beginnings[hash >> 3] ?? 0) | (1 << (hash & 7));
        }
      }
    }
  }

  clear(): void {
    this.#parts.clear();
    this.#beginnings.fill(0);
  }

  takenOut(text: string): string {
    if (this.#parts.size === 0 || text.length < fragmentLength) {
      return text;
    }
    // `İ` becomes longer in lower case, which would shift all indexes after it.
    const lower = text.replaceAll('\u0130', 'i').toLowerCase();
    const found = this.#beginnings;
    let clean = '';
    let kept = 0;
    let hash = 0;
    for (let next = 0; next < lower.length; next++) {
      hash = hashed(hash, lower.charCodeAt(next));
      const at = next - beginningLength + 1;
      const isBeginning = ((found[hash >> 3] ?? 0) & (1 << (hash & 7))) !== 0;
      if (isBeginning && at >= 0 && at + fragmentLength <= lower.length && this.#parts.has(lower, at)) {
        clean += at < kept ? '' : text.slice(kept, at) + blank;
        kept = at + fragmentLength;
      }
    }
    return kept === 0 ? text : clean + text.slice(kept);
  }
}

const beginningLength = 4;
const beginnings = 1 << 20;

/** A rolling hash of four characters: the oldest one is shifted out. */
function hashed(before: number, code: number): number {
  return ((before << 5) ^ code) & (beginnings - 1);
}

/** A secret in every encoding in which it may appear. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    ...encodings(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    base64,
    base64.replace(/=+$/, ''),
  ];
}

/** A secret as it is, in a URL, in a URL within a URL, in JSON, and as the digits of its bytes. */
function encodings(text: string): string[] {
  const once = encodeURIComponent(text.toWellFormed());
  const digits = Buffer.from(text).toString('hex');
  return [text, once, encodeURIComponent(once), JSON.stringify(text).slice(1, -1), digits];
}

/** Characters as JSON and HTML escape them. */
const escapes = /\\u([\da-f]{4})|&#(\d{1,7});|&#x([\da-f]{1,6});|&(amp|lt|gt|quot|apos|nbsp);/gi;
const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Redacts a text; if some secrets are found only after unescaping it, the result is the unescaped text. */
function alsoEscaped(text: string, takeOut: (text: string) => string): string {
  const clean = takeOut(text);
  const plain = unescaped(clean);
  const found = plain === clean ? plain : takeOut(plain);
  return found === plain ? clean : found;
}

/** A text with its escapes decoded: they can hide any part of a secret. */
export function unescaped(text: string): string {
  return text.replace(escapes, (whole, json?: string, decimal?: string, hex?: string, name = '') => {
    const digits = json ?? hex;
    const code = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
    return named[name.toLowerCase()] ?? (code <= 0x10ffff ? String.fromCodePoint(code) : whole);
  });
}

/** A secret and its encodings, in lower case: every run of eight characters of them is a part. */
function formsInParts(secret: string): string[] {
  // Of an e-mail address only what is before the @: the rest is the name of a host, which people need to read.
  const own = /^([^@\s]+)@[^@\s]+$/.exec(secret)?.[1] ?? secret;
  const forms = [...encodings(own), ...inBase64(own)];
  return [...new Set(forms.map((form) => form.toLowerCase()))];
}

/** A secret as it may be in data, if it is long enough to be no ordinary word. */
export function wholeForms(secret: string): string[] {
  const forms = formsOf(secret);
  return [...new Set([...forms, ...forms.flatMap(inBase64)])].filter((form) => form.length >= fragmentLength);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A text within base64: three forms, by its offset modulo 3, without the ends that depend on its neighbours. */
function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const certain = whole.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
