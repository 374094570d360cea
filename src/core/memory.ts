/**
 * Frees the memory of a chunk now, unless it is a part of a larger buffer: V8 would let tens of megabytes become garbage
 * first.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer(0);
  }
}
