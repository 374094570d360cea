import type { Connection } from '../src/core/connection.ts';
import { fill } from '../src/core/errors.ts';
import { parseConnection } from '../src/core/protocols/kinds.ts';

/** A connection with its defaults filled in. */
export function connectionOf(settings: Record<string, unknown>): Connection {
  const parsed = parseConnection({ name: 'test', kind: 'bmc-cra', url: 'http://127.0.0.1:1', ...settings });
  if (!parsed.ok) {
    throw new Error(fill(parsed.reason.template, parsed.reason.args));
  }
  return parsed.value;
}
