/** Stands where a secret stood. */
const blank = '‹redacted›';

/** Parameters and members whose values are secrets or name a person, wherever they stand. */
const secretName =
  '(?:session[-_]?(?:token|id)?|user[-_]?token|token|pass(?:word|wd)?|pwd|api[-_]?key|e-?mail|user[-_]?(?:name|id)?|secret|set-cookie|cookie|authorization|jsessionid)';

const shapes: readonly (readonly [RegExp, string])[] = [
  // Header values: `Authorization: Bearer …`, `Cookie: …`.
  [/\b(authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, `$1$2${blank}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${blank}`],
  // Members of JSON: `"userToken": "…"`.
  [new RegExp(`(["']${secretName}["']\\s*:\\s*)(["'])(?:\\\\.|(?!\\2).)*\\2?`, 'gi'), `$1$2${blank}$2`],
  // Query strings and forms: `SessionToken=…`.
  [new RegExp(`\\b(${secretName})=[^&\\s"'<>]+`, 'gi'), `$1=${blank}`],
  // Users in addresses: `https://user:pass@host`.
  [/(\/\/)[^/\s@]+@/g, `$1${blank}@`],
];

/** Shorter values are words, and redacting those would only make a log unreadable. */
const shortestSecret = 4;

/** Takes secrets out of text: those it was told of, in every common encoding, and all that looks like one. */
export class Redactor {
  readonly #values = new Map<string, readonly string[]>();

  /** Tells of a secret; from now on it is taken out wherever it stands. */
  add(secret: string): void {
    if (secret.length >= shortestSecret && !this.#values.has(secret)) {
      const base64 = Buffer.from(secret).toString('base64');
      const forms = [
        secret,
        encodeURIComponent(secret),
        new URLSearchParams([['', secret]]).toString().slice(1),
        JSON.stringify(secret).slice(1, -1),
        base64,
        base64.replace(/=+$/, ''),
      ];
      this.#values.set(
        secret,
        [...new Set(forms)].sort((a, b) => b.length - a.length),
      );
    }
  }

  /** Forgets a secret that is worth nothing any more, so that a long life does not fill the memory. */
  delete(secret: string): void {
    this.#values.delete(secret);
  }

  redact(text: string): string {
    let clean = text;
    for (const forms of this.#values.values()) {
      for (const form of forms) {
        clean = clean.replaceAll(form, blank);
      }
    }
    for (const [shape, replacement] of shapes) {
      clean = clean.replace(shape, replacement);
    }
    return clean;
  }
}
