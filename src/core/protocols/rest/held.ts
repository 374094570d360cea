import type { Answer, AnswerReader } from '../answer.ts';

/** How much of a body is held back until it is known to be data, in bytes: refusals are shorter. */
const heldBytes = 65_536;

interface Holding {
  /** Makes the reader that gets the body. */
  make(): AnswerReader;
  /** @throws where the whole body tells an error */
  check(text: string): void;
}

/**
 * Holds back the beginning of an answer of success, since its body may tell an error. A shorter one is checked as a whole
 * before it is passed on; of a longer one the beginning is kept.
 */
export class HeldReader implements AnswerReader {
  readonly #deps: Holding;
  readonly #parts: Uint8Array[] = [];
  #size = 0;
  #reader: AnswerReader | undefined;
  /** The body, or what it begins with. */
  text = '';
  isWhole = false;

  constructor(deps: Holding) {
    this.#deps = deps;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#reader !== undefined) {
      return this.#reader.write(chunk);
    }
    this.#parts.push(chunk);
    this.#size += chunk.length;
    return this.#size > heldBytes ? this.#pass() : undefined;
  }

  async end(): Promise<Answer> {
    if (this.#reader === undefined) {
      this.isWhole = true;
      this.#deps.check(Buffer.concat(this.#parts).toString());
      await this.#pass();
    }
    return (this.#reader ?? this.#deps.make()).end();
  }

  abort(): void | Promise<void> {
    return this.#reader?.abort();
  }

  /** Passes on what was held back. */
  async #pass(): Promise<void> {
    const body = Buffer.concat(this.#parts.splice(0));
    this.text = body.toString();
    this.#reader = this.#deps.make();
    await this.#reader.write(Uint8Array.from(body)); // A copy, because the reader may free its memory.
  }
}
