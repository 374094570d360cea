import type { Connection } from '../../connection.ts';
import type { Protocol } from '../protocol.ts';
import { stepsOf, unsuffixed, withoutNames } from '../relayed.ts';
import { dialog } from './dialog.ts';
import { tokenEndpoints } from './endpoints.ts';
import { dataRequest, request, rowsAt, type SarusQuery } from './request.ts';

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
      label: { template: 'API key' },
      fields: [{ name: 'apiKey', label: { template: 'API key' } }],
    },
    {
      label: { template: 'E-mail and password' },
      fields: [
        { name: 'email', label: { template: 'E-mail' } },
        { name: 'password', label: { template: 'Password for {0}' } },
      ],
    },
  ],
  request,
  dialog,
  rowsAt,
  wire: (query, _, { token }) => dataRequest(query, token),
  relay: (request) => {
    return stepsOf(request.path).some((step) => tokenEndpoints.has(unsuffixed(step)))
      ? undefined
      : { request: withoutNames(request, ['sessiontoken']) };
  },
  connect: async (connection, deps) => {
    const { SarusClient } = await import('./client.ts');
    return new SarusClient({ ...deps, connection });
  },
};
