import type { Answer, AnswerReader } from '../answer.ts';

/** How much of a body is held back until it is known to be data, in bytes: refusals are shorter. */
const heldBytes = 65_536;

/**
 * Holds back the beginning of an answer of success, since its body may tell an error. A shorter one is checked as a whole
 * before it is passed on; of a longer one the beginning is kept.
 */
export class HeldReader implements AnswerReader {
  readonly #make: () => AnswerReader;
  readonly #most: number;
  readonly #check: (text: string) => void;
  readonly #isSentOn: boolean;
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  #reader: AnswerReader | undefined;
  /** The body, or what it begins with. */
  text = '';
  isWhole = false;

  /**
   * @param make makes the reader that gets the body
   * @param holds whether anything is held back; else the body is passed on as it comes
   * @param check throws where the whole body tells an error
   * @param isSentOn whether an empty body is passed on as it is, too
   */
  constructor(make: () => AnswerReader, holds: boolean, check: (text: string) => void, isSentOn = false) {
    this.#isSentOn = isSentOn;
    this.#make = make;
    this.#most = holds ? heldBytes : 0;
    this.#check = check;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#reader !== undefined) {
      return this.#reader.write(chunk);
    }
    this.#parts.push(chunk);
    this.#size += chunk.length;
    return this.#size > this.#most ? this.#pass() : undefined;
  }

  async end(): Promise<Answer> {
    if (this.#reader === undefined) {
      this.isWhole = true;
      this.#check(Buffer.concat(this.#parts).toString());
      if (this.#size === 0 && !this.#isSentOn) {
        this.#parts.push(Buffer.from('[]')); // An empty body has no rows.
      }
      await this.#pass();
    }
    const answer = await (this.#reader ?? this.#make()).end();
    return this.#size === 0 ? { ...answer, bytes: 0 } : answer;
  }

  abort(): void | Promise<void> {
    return this.#reader?.abort();
  }

  /** Passes on what was held back. */
  async #pass(): Promise<void> {
    const body = Buffer.concat(this.#parts.splice(0));
    this.text = body.toString();
    this.#reader = this.#make();
    await this.#reader.write(Uint8Array.from(body)); // A copy, because the reader may free its memory.
  }
}
