/** Stands where a secret stood. */
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

/** Shorter values are words, and redacting those would only make a log unreadable. */
const shortestSecret = 4;

/** So many characters of a secret in a row are a part of it, wherever they were cut off. */
const partLength = 8;

/** Secrets worth nothing any more that are still looked for: an answer to one of them may be under way. */
const mostFading = 256;

/** Takes secrets out of text: those it was told of, in every common encoding and in parts, and all that looks like one. */
export class Redactor {
  readonly #values = new Set<string>();
  readonly #fading = new Set<string>();
  /** What is looked for, made of the values when a text comes: the longest first, so that none leaves its end. */
  #forms: readonly string[] | undefined;
  readonly #parts = new Set<string>();

  /** Tells of a secret; from now on it is taken out wherever it stands. */
  add(secret: string): void {
    if (secret.length < shortestSecret || (this.#values.has(secret) && !this.#fading.has(secret))) {
      return;
    }
    this.#fading.delete(secret);
    if (!this.#values.has(secret)) {
      this.#values.add(secret);
      this.#forms = undefined;
      for (const part of partsOf(secret)) {
        this.#parts.add(part);
      }
    }
  }

  /** A secret is worth nothing any more: in time it is forgotten, so that a long life does not fill the memory. */
  delete(secret: string): void {
    if (!this.#values.has(secret)) {
      return;
    }
    this.#fading.add(secret);
    if (this.#fading.size > mostFading) {
      this.#forget();
    }
  }

  redact(text: string): string {
    this.#forms ??= [...new Set([...this.#values].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const form of this.#forms) {
      clean = clean.replaceAll(form, blank);
    }
    clean = this.#withoutParts(clean);
    for (const [shape, replacement] of shapes) {
      clean = clean.replace(shape, replacement);
    }
    return clean;
  }

  /** Whether there is anything in a text that would be taken out. */
  finds(text: string): boolean {
    return this.redact(text) !== text;
  }

  /** The older half of what fades. */
  #forget(): void {
    for (const secret of [...this.#fading].slice(0, mostFading / 2)) {
      this.#fading.delete(secret);
      this.#values.delete(secret);
    }
    this.#forms = undefined;
    this.#parts.clear();
    for (const secret of this.#values) {
      for (const part of partsOf(secret)) {
        this.#parts.add(part);
      }
    }
  }

  /** Takes out what is left of secrets that somebody cut, put in another case or into something longer. */
  #withoutParts(text: string): string {
    if (this.#parts.size === 0) {
      return text;
    }
    const lower = text.toLowerCase();
    if (lower.length !== text.length) {
      return text; // Letters that grow in lower case: places would not fit.
    }
    let clean = '';
    let kept = 0;
    for (let at = 0; at + partLength <= lower.length; at++) {
      if (!this.#parts.has(lower.slice(at, at + partLength))) {
        continue;
      }
      let end = at + partLength;
      while (end < lower.length && this.#parts.has(lower.slice(end - partLength + 1, end + 1))) {
        end++;
      }
      clean += text.slice(kept, at) + blank;
      kept = end;
      at = end - 1;
    }
    return clean + text.slice(kept);
  }
}

/** A secret in every encoding that it travels in. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    ...encodings(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    base64,
    base64.replace(/=+$/, ''),
  ];
}

/** As it is, in an address, in an address within an address, and in JSON. */
function encodings(text: string): string[] {
  const once = encodeURIComponent(text.toWellFormed());
  return [text, once, encodeURIComponent(once), JSON.stringify(text).slice(1, -1)];
}

/** Every run of eight characters of a secret and of its encodings, in lower case. */
function* partsOf(secret: string): Generator<string> {
  // Of an e-mail address only what is before the @: the rest is the name of a host, which people need to read.
  const own = /^([^@\s]+)@[^@\s]+$/.exec(secret)?.[1] ?? secret;
  const forms = new Set(encodings(own));
  // Of base64 there are three, by what stands before: the ends depend on the neighbours and are left out.
  for (let before = 0; before < 3; before++) {
    const bytes = Buffer.from(own);
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const certain = text.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
    forms.add(certain);
    forms.add(certain.replaceAll('+', '-').replaceAll('/', '_'));
  }
  for (const form of forms) {
    const lower = form.toLowerCase();
    for (let at = 0; at + partLength <= lower.length; at++) {
      yield lower.slice(at, at + partLength);
    }
  }
}
