import { readdir, readFile } from 'node:fs/promises';

/** Processes that run extensions for the VS Code of the UI tests; Linux alone tells. */
export async function extensionHosts(): Promise<number[]> {
  const dataDir = process.env.UI_DATA_DIR ?? '';
  const processes = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(look),
  );
  const servers = processes.filter(({ command }) => command.includes(dataDir)).map(({ pid }) => pid);
  return processes
    .filter(({ parent, command }) => servers.includes(parent) && command.includes('type=extensionHost'))
    .map(({ pid }) => pid);
}

async function look(name: string): Promise<{ pid: number; parent: number; command: string }> {
  try {
    const [command, stat] = await Promise.all([
      readFile(`/proc/${name}/cmdline`, 'utf8'),
      readFile(`/proc/${name}/stat`, 'utf8'),
    ]);
    // The name of a program may hold anything, its closing bracket is the last one.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid: Number(name), parent, command };
  } catch {
    return { pid: Number(name), parent: 0, command: '' }; // It has just ended.
  }
}
