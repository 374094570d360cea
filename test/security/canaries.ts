/** Unique secrets, to search for in all that was written or shown. */
export const canaries = {
  username: 'cnry-Usr-7Q2x',
  password: 'cnry/Pwd+9Zk4 &%é',
  email: 'cnry-mail-3Vt8@example.invalid',
  apiKey: 'cnry=Key-5Hw1/=',
  gatewayPassword: 'cnry:Tomcat-6Jb0',
} as const;

/** So many consecutive characters of a secret count as a leak. */
const partLength = 8;

/**
 * Looks for secrets: whole, encoded for an address, in base64 wherever in a text it began, and in parts of eight
 * characters and more of all of these. Written without a look at the redactor, which it checks.
 */
export class SecretSearch {
  readonly #parts = new Set<string>();
  /** Which first four characters a part can have, as a hash: most places in a text are passed over by it. */
  readonly #beginnings = new Uint8Array(1 << 16);

  constructor(secrets: Iterable<string>) {
    for (const secret of secrets) {
      for (const form of formsOf(secret)) {
        for (let at = 0; at + partLength <= form.length; at++) {
          this.#parts.add(form.slice(at, at + partLength));
          this.#beginnings[beginning(form, at)] = 1;
        }
      }
    }
  }

  /** The first secret in a text, with what stands around it; undefined where there is none. */
  find(text: string): string | undefined {
    for (let at = 0; at + partLength <= text.length; at++) {
      if (this.#beginnings[beginning(text, at)] === 1 && this.#parts.has(text.slice(at, at + partLength))) {
        return `“${text.slice(at, at + partLength)}” in “${text.slice(Math.max(at - 80, 0), at + 80)}”`;
      }
    }
    return undefined;
  }
}

function beginning(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + 4; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) & 0xffff;
  }
  return hash;
}

function formsOf(secret: string): string[] {
  // Of an e-mail address only the person: the host is public.
  const own = secret.includes('@') ? secret.slice(0, secret.indexOf('@')) : secret;
  const bytes = Buffer.from(own);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      // Characters that depend on what is beside the secret are left out.
      .slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6)),
  );
  return [own, encodeURIComponent(own), JSON.stringify(own).slice(1, -1), ...base64];
}
