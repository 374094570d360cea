import type { Connection } from '../../connection.ts';
import type { Protocol } from '../protocol.ts';
import { dataRequest, request, rowsAt, type SarusQuery } from './request.ts';

const prompt = { template: 'Endpoint: choose one or type its name', args: [] };

const password = { name: 'password', label: { template: 'Password', args: [] }, isSecret: true };

/** SARUS: one token, which is the session (docs/protocols.md 1). */
export const sarus: Protocol<SarusQuery, Connection> = {
  label: 'SARUS',
  contextValue: 'sarus',
  // Bounds of `Minutes`.
  life: { min: 1, max: 1440, default: 30 },
  settings: {},
  hasServices: false,
  logins: () => [
    {
      label: { template: 'API key', args: [] },
      fields: [{ name: 'apiKey', label: { template: 'API key', args: [] }, isSecret: true }],
    },
    {
      label: { template: 'E-mail and password', args: [] },
      fields: [{ name: 'email', label: { template: 'E-mail', args: [] }, isSecret: false }, password],
    },
  ],
  request,
  dialog: {
    target: [{ name: 'endpoint', prompt }],
    prompt,
    ownText: { template: 'use this name', args: [] },
    usual: [],
    params: {
      name: 'params',
      prompt: { template: 'Parameters, as name=value&name=value; none is fine', args: [] },
    },
  },
  rowsAt,
  wire: (query) => dataRequest(query),
  connect: async (connection, deps) => {
    const { Sarus } = await import('./client.ts');
    return new Sarus({ ...deps, connection });
  },
};
