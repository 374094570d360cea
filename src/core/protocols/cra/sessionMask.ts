import type { AnswerReader } from '../answer.ts';
import { ScanningReader, textOf } from '../masking.ts';
import { sessionNames } from './sessionWatch.ts';

/** The codes of brackets differ from those of braces in one bit. */
const [quote = 0, backslash = 0, openBrace = 0, closeBrace = 0, comma = 0] = Buffer.from('"\\{},');

/** Longest member with its value that is scanned, in bytes. */
const maxBytes = 9_000;

const longestName = Math.max(...sessionNames.map((name) => `"${name}"`.length));
const sessionName = new RegExp(`^"(?:${sessionNames.join('|')})"`, 'i');
const sessionMember = new RegExp(
  `${sessionName.source}\\s*:\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(?=[^\\s"]))`,
  'is',
);

/**
 * A reader that takes the session's id out of an answer: no reader after it gets that. Only a member at the top of the body
 * is one; a row may have a column of the same name. After one before the rows nothing else is scanned.
 */
export class SessionMask extends ScanningReader {
  readonly #found: (id: string) => void;
  #depth = 0;
  #inText = false;
  /** How many bytes of the next chunk belong to an escape. */
  #ahead = 0;
  #isFound = false;
  /** Whether a text at the top would be the name of a member. */
  #isName = false;

  constructor(reader: AnswerReader, found: (id: string) => void) {
    super(reader);
    this.#found = found;
  }

  override write(chunk: Uint8Array): void | Promise<void> {
    // The rows follow, which take longest to scan.
    return this.#isFound && this.#depth > 1 ? this.reader.write(chunk) : super.write(chunk);
  }

  protected take(bytes: Buffer, isAll: boolean): void | Promise<void> {
    let end = bytes.length;
    for (let at = this.#nextName(bytes, 0); at < end; at = this.#nextName(bytes, at)) {
      const head = bytes.toString('latin1', at, at + longestName);
      const isSession = sessionName.test(head);
      const text = isSession ? bytes.toString('latin1', at, at + maxBytes) : head;
      const [whole = '', value = ''] = sessionMember.exec(text) ?? [];
      const isCut = isSession ? text.length < maxBytes : head.length < longestName && !head.includes('"', 1);
      if (whole === '' && isCut && !isAll) {
        end = at;
        break;
      }
      this.#isName = false;
      at += whole.length;
      if (value !== '') {
        this.#found(textOf(`"${value}"`));
        this.#isFound = true;
        bytes.fill('*', at - 1 - value.length, at - 1);
      }
    }
    this.rest = Buffer.from(bytes.subarray(end));
    return end === 0 ? undefined : this.reader.write(bytes.subarray(0, end));
  }

  /** Follows the JSON from a place to the next name of a member at the top, or to the end. */
  #nextName(bytes: Buffer, start: number): number {
    let [depth, inText, isName] = [this.#depth, this.#inText, this.#isName];
    let at = start + this.#ahead;
    while (at < bytes.length && !(depth === 1 && isName && !inText && bytes[at] === quote)) {
      const byte = bytes[at++] ?? 0;
      if (inText) {
        at += byte === backslash ? 1 : 0;
        inText = byte !== quote;
      } else if (byte === quote) {
        inText = true;
      } else if ((byte | 0x20) === openBrace) {
        depth++;
        isName = depth === 1 && byte === openBrace;
        if (this.#isFound && depth === 2 && !/"session/i.test(bytes.toString('latin1', at))) {
          at = bytes.length; // Rows, which take longest to follow, and no other one.
        }
      } else if ((byte | 0x20) === closeBrace) {
        depth--;
      } else if (byte === comma) {
        isName = depth === 1;
      }
    }
    [this.#depth, this.#inText, this.#isName] = [depth, inText, isName];
    this.#ahead = Math.max(at - bytes.length, 0);
    return Math.min(at, bytes.length);
  }
}
