/**
 * Frees the memory of a chunk now, unless it is a part of a larger buffer: V8 would let tens of megabytes become garbage
 * first.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer(0);
  }
}

/** Bytes in memory of their own, which can move to another thread: a copy of those that are a part of a larger buffer. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.byteLength;
  return isWhole ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}
