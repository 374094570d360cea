import * as v from 'valibot';
import type { Connection } from '../../connection.ts';
import type { Message } from '../../errors.ts';
import type { Protocol } from '../protocol.ts';
import { memberNames, parseDescription, presetsByName } from './description.ts';
import { dataDisclosures, ownDisclosures } from './disclosure.ts';
import { toldIn } from './life.ts';
import { relay } from './relay.ts';
import { descriptionOf, mayChange, type RestQuery, request, rowsAtPath } from './request.ts';
import { wire } from './wire.ts';

/** Names that people know in their own language; others are shown as they are. */
const labels: Readonly<Record<string, Message>> = {
  username: { template: 'User' },
  password: { template: 'Password' },
  email: { template: 'E-mail' },
  apiKey: { template: 'API key' },
};

/** Kept as they are written: they are read together with those of a preset. */
const settings = Object.fromEntries(
  ['preset', ...memberNames].map((name) => [name, v.optional(v.unknown())]),
);

/** Any API with session tokens, as the settings of its connection describe it (docs/rest.md). */
export const rest: Protocol<RestQuery, Connection> = {
  label: 'REST',
  contextValue: 'rest',
  life: { min: 1 / 60, max: 366 * 1440, default: 30 },
  settings,
  hasServices: false,
  mayBeOpen: true,
  check: (connection) => {
    const parsed = parseDescription({ ...connection });
    return parsed.ok ? undefined : parsed.reason;
  },
  boundTo: (connection) => {
    const description = descriptionOf(connection);
    const { ask, inputs, headers, signIn, token, keep, send, query, renew, revoke } = description;
    const data = dataDisclosures(description);
    const requests = data.length === 0 ? {} : { requests: data };
    return { ask, inputs, headers, signIn, token, keep, send, query, renew, revoke, ...requests };
  },
  describing: async () => (await import('./describing.ts')).describing,
  abilities: (connection) => {
    const { renew, revoke } = descriptionOf(connection);
    return { renewable: renew !== undefined, closable: revoke !== undefined };
  },
  presets: Object.entries(presetsByName).map(([preset, { title, evidence, source, description }]) => ({
    title,
    evidence,
    source,
    settings: { preset },
    inputs: description.inputs ?? {},
  })),
  disclosures: (connection) => ownDisclosures({ ...connection }, descriptionOf(connection)),
  lifeSetting: (connection, minutes) => {
    const { life } = descriptionOf(connection);
    return toldIn(life) ? undefined : { life: { minutes, sliding: life.sliding } };
  },
  logins: (connection) => {
    const { ask } = descriptionOf(connection);
    return [{ fields: ask.map((name) => ({ name, label: labels[name] ?? { template: name } })) }];
  },
  request,
  dialog: {
    target: [
      {
        name: 'request',
        prompt: { template: 'Request: choose one, or type a method and a path such as GET /items' },
      },
    ],
    usual: (connection) => Object.keys(descriptionOf(connection).requests).map((name) => ({ name })),
    mayChange,
  },
  rowsAt: rowsAtPath([]),
  wire: (query, connection, { token }) => wire(query, connection, token),
  relay,
  connect: async (connection, deps) => {
    const { RestClient } = await import('./client.ts');
    return new RestClient({ ...deps, connection });
  },
};
