import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * Where user settings live: plain VS Code for the browser keeps them in the browser's storage; code-server's
 * build keeps them on the server, in `User/settings.json` of the user data dir, for all scopes (`application`
 * too). A page reads that file when it opens and writes it, but does not see when others change it. Secrets and
 * UI state, however, live in the browser's storage, bound to the origin (port included).
 */

export type Settings = Readonly<Record<string, unknown>>;

/** Nothing that talks to the network or stands in the way of what is tested or tried. */
export const quietSettings: Settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

export function settingsFile(dataDir: string): string {
  return join(dataDir, 'User/settings.json');
}

export async function readSettings(dataDir: string): Promise<Settings> {
  const text = await readFile(settingsFile(dataDir), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Settings;
}

/** Sets these settings and leaves the others; a value of `undefined` removes one. */
export async function changeSettings(dataDir: string, change: Settings): Promise<void> {
  const settings = { ...(await readSettings(dataDir)), ...change };
  await mkdir(join(dataDir, 'User'), { recursive: true });
  await writeFile(settingsFile(dataDir), `${JSON.stringify(settings, undefined, 2)}\n`);
}
