import * as v from 'valibot';
import type { Checked } from '../../checks.ts';
import { type Connection, name } from '../../connection.ts';

/** What only a connection of this kind has. */
export const settings = {
  service: v.optional(name),
  /** How the gateway is spoken to (docs/protocols.md 2a, 2b); `auto` finds out and remembers. */
  dialect: v.optional(v.picklist(['auto', 'getData', 'views']), 'auto'),
  /** The Tomcat user for Basic authorization. */
  gatewayUser: v.optional(name),
  login: v.optional(v.picklist(['password', 'certificate']), 'password'),
};

export type CraConnection = Connection & Checked<typeof settings>;
