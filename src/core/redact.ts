import { PartSet, partLength } from './partSet.ts';

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

/** Secrets worth nothing any more that are still looked for: an answer to one of them may be under way. */
const mostFading = 256;

/** Takes secrets out of text: those it was told of, in every common encoding and in parts, and all that looks like one. */
export class Redactor {
  readonly #values = new Set<string>();
  readonly #fading = new Set<string>();
  /** What is looked for, made of the values when a text comes: the longest first, so that none leaves its end. */
  #forms: readonly string[] | undefined;
  /** The same for secrets in data, whole and in any case. */
  #whole: RegExp | undefined;
  readonly #names = new Set<string>();
  readonly #secretParts = new Parts();
  readonly #nameParts = new Parts();

  /** Tells of a secret; from now on it is taken out wherever it stands. */
  add(secret: string): void {
    if (this.#names.delete(secret)) {
      this.#secretParts.add(secret);
      this.#whole = undefined;
    }
    this.#add(secret, this.#secretParts);
  }

  /** Tells of who somebody is: taken out like a secret, but not of data, where people look for their own name. */
  addName(name: string): void {
    if (name.length >= shortestSecret && !this.#values.has(name)) {
      this.#add(name, this.#nameParts);
      this.#names.add(name);
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
    clean = this.#nameParts.takenOut(this.#secretParts.takenOut(clean));
    for (const [shape, replacement] of shapes) {
      clean = clean.replace(shape, replacement);
    }
    return clean;
  }

  /**
   * Takes secrets out of what a gateway answered, which may be megabytes: a gateway that says back what it was told must
   * not have it shown. Left are parts of secrets, names of people, and what is short or only looks like a secret: in data
   * that is data.
   */
  hide(text: string): string {
    // Most texts have not even a part of one, which is found faster.
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

  /** Whether there is anything in a text that would be taken out. */
  finds(text: string): boolean {
    return this.redact(text) !== text;
  }

  #add(value: string, parts: Parts): void {
    if (value.length < shortestSecret || (this.#values.has(value) && !this.#fading.has(value))) {
      return;
    }
    this.#fading.delete(value);
    if (!this.#values.has(value)) {
      this.#values.add(value);
      this.#forms = undefined;
      this.#whole = undefined;
      parts.add(value);
    }
  }

  /** The older half of what fades. */
  #forget(): void {
    for (const secret of [...this.#fading].slice(0, mostFading / 2)) {
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

/** Parts of secrets, and where they stand in a text: somebody cut them, put them in another case or into something longer. */
class Parts {
  readonly #parts = new PartSet();
  /** Which four characters parts begin with, by their hash, a bit each: most places of a text are passed over by it. */
  readonly #beginnings = new Uint8Array(beginnings / 8);

  add(secret: string): void {
    for (const form of formsInParts(secret)) {
      let hash = 0;
      for (let next = 0; next < form.length; next++) {
        hash = hashed(hash, form.charCodeAt(next));
        const at = next - beginningLength + 1;
        if (at >= 0 && at + partLength <= form.length) {
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
    if (this.#parts.size === 0 || text.length < partLength) {
      return text;
    }
    // The one letter that becomes longer in lower case would move all that stands after it.
    const lower = text.replaceAll('\u0130', 'i').toLowerCase();
    const found = this.#beginnings;
    let clean = '';
    let kept = 0;
    let hash = 0;
    for (let next = 0; next < lower.length; next++) {
      hash = hashed(hash, lower.charCodeAt(next));
      const at = next - beginningLength + 1;
      if (
        ((found[hash >> 3] ?? 0) & (1 << (hash & 7))) === 0 ||
        at < kept ||
        at + partLength > lower.length ||
        !this.#parts.has(lower, at)
      ) {
        continue;
      }
      let end = at + partLength;
      while (end < lower.length && this.#parts.has(lower, end - partLength + 1)) {
        end++;
      }
      clean += text.slice(kept, at) + blank;
      kept = end;
    }
    return kept === 0 ? text : clean + text.slice(kept);
  }
}

const beginningLength = 4;
const beginnings = 1 << 20;

/** The hash of four characters, from that of the four before and the next one: what is older is moved out. */
function hashed(before: number, code: number): number {
  return ((before << 5) ^ code) & (beginnings - 1);
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

/** A secret and its encodings, in lower case: every run of eight characters of them is a part. */
function formsInParts(secret: string): string[] {
  // Of an e-mail address only what is before the @: the rest is the name of a host, which people need to read.
  const own = /^([^@\s]+)@[^@\s]+$/.exec(secret)?.[1] ?? secret;
  const forms = [...encodings(own), ...inBase64(own)];
  return [...new Set(forms.map((form) => form.toLowerCase()))];
}

/** A secret as it may stand in data, as far as it is long enough to be no word. */
function wholeForms(secret: string): string[] {
  const forms = formsOf(secret);
  return [...new Set([...forms, ...forms.flatMap(inBase64)])].filter((form) => form.length >= partLength);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A text within one in base64, of which there are three by what stands before; the ends depend on the neighbours. */
function inBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const certain = whole.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
