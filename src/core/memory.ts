/** Frees the memory of a chunk now, unless it is a part of something: V8 lets tens of megabytes of such become garbage. */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer(0);
  }
}
