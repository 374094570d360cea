import * as v from 'valibot';
import { type Connection, choice, name } from '../../connection.ts';

/** What only a connection of this kind has. */
export const settings = {
  service: v.optional(name),
  /** How the gateway is spoken to (docs/protocols.md 2a, 2b); `auto` finds out and remembers. */
  dialect: v.optional(choice(['auto', 'getData', 'views']), 'auto'),
  /** The Tomcat user for Basic authorization. */
  gatewayUser: v.optional(name),
  login: v.optional(choice(['password', 'certificate']), 'password'),
};

const schema = v.object(settings);
export type CraConnection = Connection & Readonly<v.InferOutput<typeof schema>>;
