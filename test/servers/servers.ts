import { etcd } from './etcd.ts';
import { keystone } from './keystone.ts';
import { nodeRed } from './nodeRed.ts';
import { qbittorrent } from './qbittorrent.ts';
import type { RealServer } from './server.ts';

/** By the names that are said on a command line. */
export const servers: Readonly<Record<string, RealServer>> = {
  'node-red': nodeRed,
  etcd,
  qbittorrent,
  keystone,
};
