import type { Connection } from '../connection.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { Login } from '../protocols/protocol.ts';
import { isNameField } from '../redact.ts';

/** Whether a connection's client certificate alone says who signs in: nobody has to be asked, and nothing is stored. */
export function isByCertificate(connection: Connection): boolean {
  return protocolOf(connection)
    .logins(connection)
    .every(({ fields }) => fields.length === 0);
}

/** A login's fields about the person who signs in, and those of the gateway's own, which are asked for by themselves. */
export function partsOf(connection: Connection, login: Login): { person: Login; gateway: Login } {
  const fields = protocolOf(connection).gatewayLogin?.(connection).fields ?? [];
  const isGateways = ([name]: [string, string]) => fields.some((field) => field.name === name);
  const entries = Object.entries(login).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    person: Object.fromEntries(entries.filter((entry) => !isGateways(entry))),
    gateway: Object.fromEntries(entries.filter(isGateways)),
  };
}

/** What is secret of a gateway's own login; undefined where it is not known. */
export function secretIn(connection: Connection, login: Login): string | undefined {
  const field = protocolOf(connection)
    .gatewayLogin?.(connection)
    .fields.find(({ name }) => !isNameField(name));
  return field === undefined ? undefined : login[field.name];
}

/** Whether two logins are the same in what they say of the person, or of the gateway's own login. */
export function isSame(
  connection: Connection,
  part: 'person' | 'gateway',
  ...logins: [one: Login | undefined, other: Login | undefined]
): boolean {
  const [one, other] = logins.map((login = {}) => JSON.stringify(partsOf(connection, login)[part]));
  return one === other;
}
