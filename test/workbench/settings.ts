import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * Where user settings live: plain VS Code for the browser keeps them in the browser's storage; code-server's
 * build keeps them on the server, in `User/settings.json` of the user data dir, for all scopes (`application`
 * too), and the workbench watches that file. So a test writes settings there, before or while a page is open.
 * Secrets and UI state, however, live in the browser's storage, bound to the origin (port included).
 */

export type Settings = Readonly<Record<string, unknown>>;

/** Nothing that talks to the network or stands in the way of what is tested or tried. */
export const quietSettings: Settings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

export function settingsFile(dataDir: string): string {
  return join(dataDir, 'User/settings.json');
}

/** Sets these settings and leaves the others; a value of `undefined` removes one. */
export async function changeSettings(dataDir: string, change: Settings): Promise<void> {
  const file = settingsFile(dataDir);
  await mkdir(join(dataDir, 'User'), { recursive: true });
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const settings = { ...(JSON.parse(text) as Settings), ...change };
  await writeFile(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}
