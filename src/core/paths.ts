import { homedir } from 'node:os';

/**
 * A path of the settings on the machine that the extension runs on: `~` and `${userHome}` are the home folder,
 * `${env:NAME}` is a variable of the environment. Unknown variables stay as they are written, so that the error about the
 * missing file shows them.
 */
export function resolvePath(path: string): string {
  return path.replace(/^~(?=$|[\\/])|\$\{(?:userHome|env:([^}]+))\}/g, (written, name: string | undefined) =>
    name === undefined ? homedir() : (process.env[name] ?? written),
  );
}

/** A title as the name of a file, without its ending, on any system. */
export function fileName(title: string): string {
  return [...title.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, '-')].slice(0, 100).join('');
}
