import { join, resolve } from 'node:path';

/** The top of the repository: the folder of package.json. */
export const root = resolve(import.meta.dirname, '../..');

/** What is costly to make and good for many runs: the server, the profile of `npm start`. Never committed. */
export const cacheDir = join(root, '.vscode-test');

/** What every run makes anew: bundles of the tests, results, screenshots. Never committed. */
export const outDir = join(root, 'out');
