import { writeFile } from 'node:fs/promises';
import {
  type Bundle,
  codeBundle,
  compare,
  keysOfManifest,
  languages,
  manifestBundle,
  readBundle,
  textsOfCode,
} from './bundles.ts';
import { findStrings } from './strings.ts';

/*
 * npm run l10n: writes l10n/bundle.l10n.json anew from the code, puts the keys of every translation in its order,
 * takes out those that nothing asks for any more, and lists what is to be translated or, of package.json's texts, only on
 * one side. Exit code 1: something is.
 */
async function main(): Promise<void> {
  const { unreadable } = await findStrings();
  for (const place of unreadable) {
    console.log(`not a text that can be translated: ${place}`);
  }
  const texts = await textsOfCode();
  await write(codeBundle(), texts);
  const named = await keysOfManifest();
  const manifest = await readBundle(manifestBundle());
  const lacking = named.filter((key) => !manifest[key]?.trim());
  const unused = Object.keys(manifest).filter((key) => !named.includes(key));
  for (const key of lacking) {
    console.log(`package.nls.json: missing ${JSON.stringify(key)}`);
  }
  for (const key of unused) {
    console.log(`package.nls.json: package.json does not name ${JSON.stringify(key)}`);
  }
  let open = unreadable.length + lacking.length + unused.length;
  for (const [fileOf, english] of [
    [codeBundle, texts],
    [manifestBundle, manifest],
  ] as const) {
    for (const language of languages) {
      const translated: Bundle = await readBundle(fileOf(language)).catch(() => ({}));
      const { missing, broken } = compare(english, translated);
      for (const key of missing) {
        console.log(`${language}: missing ${JSON.stringify(key)}`);
      }
      for (const key of broken) {
        console.log(`${language}: other places, commands or code than in English ${JSON.stringify(key)}`);
      }
      open += missing.length + broken.length;
      const kept = Object.keys(english).filter((key) => translated[key] !== undefined);
      await write(fileOf(language), Object.fromEntries(kept.map((key) => [key, translated[key] ?? ''])));
    }
  }
  console.log(`${Object.keys(texts).length} texts in the code, ${open} things to do`);
  process.exitCode = open === 0 ? 0 : 1;
}

async function write(file: string, bundle: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(file, `${JSON.stringify(bundle, undefined, 2)}\n`);
}

await main();
