import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

/** How much a socket reads at a time, in bytes. Node reads 64 KB, and takes new memory for each. */
const readBytes = 262_144;

/** Memory that no socket reads into now. */
const spare: Uint8Array[] = [];

/**
 * Makes an agent whose sockets read into the same memory again and again: a body of many megabytes takes half of the
 * processor's time so, since Node's parser copies what it passes on in any case.
 */
export function agentOf(isSecure: boolean, options: http.AgentOptions): http.Agent {
  const onread = {
    buffer: () => spare.pop() ?? new Uint8Array(readBytes),
    callback(this: Socket, size: number, memory: Uint8Array): boolean {
      const mayGoOn = this.push(memory.subarray(0, size));
      if (this.readableLength === 0) {
        spare.push(memory); // Else it is in the socket's queue, and this memory is not used again.
      }
      return mayGoOn;
    },
  };
  const all = { ...options, onread };
  return isSecure ? new https.Agent(all) : new http.Agent(all);
}
