import type { AnswerReader } from '../answer.ts';
import { MaskingReader } from '../masking.ts';
import { sessionNames } from './sessionWatch.ts';

/** The codes of brackets differ from those of braces in one bit. */
const [quote = 0, backslash = 0, openBrace = 0, closeBrace = 0] = Buffer.from('"\\{}');

/**
 * A reader that takes the session's id out of an answer: no reader after it gets that. Only a member at the top of the body
 * is one; a row may have a column of the same name. After one before the rows nothing else is scanned.
 */
export class SessionMask extends MaskingReader {
  #depth = 0;
  #inText = false;
  /** Up to where the JSON was followed; an escape may end in the next chunk. */
  #at = 0;
  #isFound = false;

  constructor(reader: AnswerReader, found: (id: string) => void) {
    const stars = (value: string) => `"${'*'.repeat(Math.max(value.length - 2, 0))}"`;
    const tell = (id: string) => {
      // An empty one says that there is none: another one may follow the rows.
      this.#isFound ||= id !== '';
      found(id);
    };
    super(reader, sessionNames, tell, stars);
  }

  override write(chunk: Uint8Array): void | Promise<void> {
    return this.#isDone && this.rest.length === 0 ? this.reader.write(chunk) : super.write(chunk);
  }

  /** Whether the rows follow, which take longest to scan. */
  get #isDone(): boolean {
    return this.#isFound && this.#depth > 1;
  }

  protected override take(bytes: Buffer, isAll: boolean): void | Promise<void> {
    const { length } = bytes;
    const taken = super.take(bytes, isAll || this.#isDone);
    this.#at -= length - this.rest.length;
    return taken;
  }

  /** Follows the JSON to a place: whether that is at the top. */
  protected override isMasked(bytes: Buffer, end: number): boolean {
    let [at, depth, inText] = [this.#at, this.#depth, this.#inText];
    while (at < end) {
      const byte = bytes[at++] ?? 0;
      if (inText) {
        at += byte === backslash ? 1 : 0;
        inText = byte !== quote;
      } else if (byte === quote) {
        inText = true;
      } else if ((byte | 0x20) === openBrace) {
        depth++;
      } else if ((byte | 0x20) === closeBrace) {
        depth--;
      }
    }
    [this.#at, this.#depth, this.#inText] = [at, depth, inText];
    return depth === 1;
  }
}
