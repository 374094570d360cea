import type { Connection } from '../src/core/connection.ts';
import { fill, noConnection } from '../src/core/errors.ts';
import { Emitter } from '../src/core/event.ts';
import { parseConnection } from '../src/core/protocols/kinds.ts';
import type { ConnectionSource } from '../src/core/tokens/gateways.ts';

/** A connection with its defaults filled in. */
export function connectionOf(settings: Record<string, unknown>): Connection {
  const parsed = parseConnection({ name: 'test', kind: 'bmc-cra', url: 'http://127.0.0.1:1', ...settings });
  if (!parsed.ok) {
    throw new Error(fill(parsed.reason.template, parsed.reason.args));
  }
  return parsed.value;
}

/** Connections as the settings have them; the list may change. */
export function sourceOf(connections: readonly Connection[]): ConnectionSource {
  const find = (name: unknown) => connections.find((connection) => connection.name === name);
  const get = (name: unknown) => {
    const found = find(name);
    if (found === undefined) {
      throw noConnection(name);
    }
    return found;
  };
  return { all: () => connections, find, get, onDidChange: new Emitter<void>().event };
}
