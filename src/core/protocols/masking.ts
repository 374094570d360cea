import { free } from '../memory.ts';
import type { Answer, AnswerReader } from './answer.ts';

/** Longest value that is masked, in bytes: longer ones are no credentials. */
const maxBytes = 9_000;

/**
 * A reader of an answer in which the values of some members are secrets, whatever the case of their names: no reader after
 * it gets those. It may hold back the end of what has arrived.
 */
export class MaskingReader implements AnswerReader {
  protected readonly reader: AnswerReader;
  /** The end of what has arrived, where a match may have begun. */
  protected rest: Buffer = Buffer.alloc(0);
  readonly #longest: number;
  readonly #name: RegExp;
  readonly #member: RegExp;
  readonly #found: (secret: string) => void;
  readonly #blank: (value: string) => string;

  /**
   * @param found is called with each secret, before the bytes around it are passed on
   * @param blank what stands in the place of a value, both as JSON
   */
  constructor(
    reader: AnswerReader,
    names: readonly string[],
    found: (secret: string) => void,
    blank = (_: string) => '"‹redacted›"',
  ) {
    this.reader = reader;
    this.#longest = Math.max(...names.map((name) => name.length + 2));
    this.#name = new RegExp(`"(?:${names.join('|')})"`, 'gi');
    this.#member = new RegExp(
      `^(${this.#name.source}\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|-?\\d[\\w.+-]*(?=[^\\w.+-]))`,
      'is',
    );
    this.#found = found;
    this.#blank = blank;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.rest.length === 0) {
      return this.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), false);
    }
    const bytes = joined([this.rest, chunk]);
    free(chunk);
    return this.take(bytes, false);
  }

  async end(): Promise<Answer> {
    await this.take(this.rest, true);
    return this.reader.end();
  }

  abort(): void | Promise<void> {
    return this.reader.abort();
  }

  /**
   * Whether a member at a place is masked. Is called with one place after the other, and at last with the end of what is
   * passed on.
   */
  protected isMasked(_bytes: Buffer, _at: number): boolean {
    return true;
  }

  /** Passes on what is complete of bytes that it owns, and keeps the rest in `rest`; if `isAll`, it passes on all. */
  protected take(bytes: Buffer, isAll: boolean): void | Promise<void> {
    const parts: Buffer[] = [];
    let from = 0;
    const text = bytes.toString('latin1');
    let at = this.#next(text, 0);
    for (; at >= 0; at = this.#next(text, at + 1)) {
      if (!this.isMasked(bytes, at)) {
        continue;
      }
      const found = this.#member.exec(text.slice(at, at + maxBytes));
      if (found === null && !isAll && bytes.length - at < maxBytes) {
        break; // Its value has not arrived yet.
      }
      if (found !== null) {
        const [whole, before = '', value = ''] = found;
        this.#found(textOf(value));
        parts.push(bytes.subarray(from, at + before.length), Buffer.from(this.#blank(value)));
        from = at + whole.length;
      }
    }
    // The end may be the beginning of a name.
    const kept = isAll ? bytes.length : at >= 0 ? at : Math.max(from, bytes.length - this.#longest);
    parts.push(bytes.subarray(from, kept));
    this.isMasked(bytes, kept);
    const ready = joined(parts);
    this.rest = Buffer.from(bytes.subarray(kept));
    free(bytes);
    return ready.length === 0 ? undefined : this.reader.write(ready);
  }

  #next(text: string, from: number): number {
    this.#name.lastIndex = from;
    return this.#name.exec(text)?.index ?? -1;
  }
}

/** Joins pieces in memory of their own: `Buffer.concat` uses a shared pool for up to 32 KB, which cannot be freed. */
export function joined(pieces: readonly Uint8Array[]): Buffer {
  const all = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The text of a JSON scalar whose bytes were read as Latin-1: of a number all of its digits. */
export function textOf(value: string): string {
  const json = Buffer.from(value, 'latin1').toString();
  try {
    return json.startsWith('"') ? String(JSON.parse(json)) : json;
  } catch {
    return json.replace(/^"|"$/g, '');
  }
}
