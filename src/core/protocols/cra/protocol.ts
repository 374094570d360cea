import type { LoginField, Protocol } from '../protocol.ts';
import { options } from './options.ts';
import { relay } from './relay.ts';
import { type CraQuery, request, rowsAt, sessions } from './request.ts';
import { type CraConnection, settings } from './settings.ts';
import { dataPath, profileOf, underToken } from './wire.ts';

const credentials: readonly LoginField[] = [
  { name: 'username', label: { template: 'User' } },
  { name: 'password', label: { template: 'Password for {0}' } },
];

/** The gateway's Tomcat user (docs/protocols.md 2a); the label of its password names it. */
const gatewayPassword: LoginField = {
  name: 'gatewayPassword',
  label: { template: "Password of the gateway's own user {0}" },
  isOptional: true,
};

/** BMC AMI Common REST API: a user token for one service, and under it a session for each view (docs/protocols.md 2). */
export const cra: Protocol<CraQuery, CraConnection> = {
  label: 'BMC AMI Common REST API',
  contextValue: 'cra',
  // The bounds of the gateway's timeout, in minutes.
  life: { min: 5, max: 1440, default: 15 },
  settings,
  hasServices: true,
  sessions,
  logins: ({ gatewayUser, login }) => {
    if (login === 'certificate') {
      return [{ fields: [] }];
    }
    const label = { ...gatewayPassword.label, args: [gatewayUser ?? ''] };
    return [
      { fields: gatewayUser === undefined ? credentials : [...credentials, { ...gatewayPassword, label }] },
    ];
  },
  gatewayLogin: ({ gatewayUser }) => ({
    fields: [
      {
        name: 'gatewayUser',
        label: { template: "Name of the gateway's own user (Tomcat), which it asks for now" },
        given: gatewayUser,
        isOptional: true,
      },
      gatewayPassword,
    ],
  }),
  request,
  dialog: {
    target: [
      { name: 'product', prompt: { template: 'Product' } },
      { name: 'view', prompt: { template: 'View' } },
    ],
    prompt: { template: 'View, as PRODUCT/VIEW: choose one or type it' },
    // Views that every gateway has.
    usual: () =>
      ['MVMVS/JCPU', 'MVMVS/JCSA', 'MVMVS/XCFMBR', 'MVMVS/JESPOOL', 'MVMVS/ZFSFSZ'].map((name) => ({
        name,
      })),
    options,
    maxRows: 'rows',
    anew: { refresh: true },
  },
  rowsAt,
  wire: (query, connection, { service = connection.service ?? 'SERVICE', memory, token }) => {
    const profile = profileOf(connection, memory) ?? 'getData';
    const [path, pairs] = dataPath(profile, query, service);
    // So that a copied request leaves no session open; the older dialect cannot say that.
    return underToken(profile, token, path, profile === 'getData' ? pairs : [...pairs, ['close', 'Y']]);
  },
  relay,
  connect: async (connection, deps) => {
    const { CraClient } = await import('./client.ts');
    return new CraClient({ ...deps, connection });
  },
};
