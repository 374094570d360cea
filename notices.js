// The licences of the packages that are bundled: what those licences ask for, and what a user may want to know.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folders of the packages of which something is in a bundle, by what esbuild tells of its outputs. */
function packagesIn(metafile) {
  const folders = new Set();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*\/?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      if (folder !== undefined && bytesInOutput > 0) {
        folders.add(folder);
      }
    }
  }
  return [...folders];
}

/** Writes the notices of all packages in these bundles. Fails where one has no licence to show. */
export async function writeNotices(metafiles, file, root) {
  const entries = new Map();
  for (const folder of new Set(metafiles.flatMap(packagesIn))) {
    const path = join(root, folder);
    const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    const texts = (await readdir(path)).filter((one) => /^(licen[cs]e|copying|notice)/i.test(one)).sort();
    const parts = await Promise.all(texts.map((one) => readFile(join(path, one), 'utf8')));
    if (parts.length === 0) {
      // Some have it at the end of their README.
      const readme = await readFile(join(path, 'README.md'), 'utf8').catch(() => '');
      parts.push(...(/^(?:#+ *licen[cs]e|licen[cs]e\r?\n-+) *\r?\n([\s\S]+)/im.exec(readme)?.slice(1) ?? []));
    }
    if (parts.length === 0 || !license) {
      throw new Error(`${name} is bundled, and says nothing of its licence.`);
    }
    entries.set(`${name} ${version}`, `${name} ${version} (${license})\n\n${parts.join('\n').trim()}\n`);
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  const rule = `\n${'-'.repeat(80)}\n\n`;
  const intro = 'Session Tokens holds these packages, under the licences that follow.\n';
  await writeFile(file, [intro, ...sorted].join(rule).replaceAll('\r\n', '\n'));
}
