import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../workbench/paths.ts';
import { findStrings } from './strings.ts';

/** Texts by their keys. */
export type Bundle = Readonly<Record<string, string>>;

/** The languages besides English that are kept complete. */
export const languages = ['de', 'es', 'fr', 'ja', 'tr'] as const;

/** The two kinds of bundle: of the code (its keys are the English texts) and of package.json. */
export const codeBundle = (language?: string): string =>
  join(root, 'l10n', `bundle.l10n${language ? `.${language}` : ''}.json`);
export const manifestBundle = (language?: string): string =>
  join(root, `package.nls${language ? `.${language}` : ''}.json`);

export async function readBundle(file: string): Promise<Bundle> {
  return JSON.parse(await readFile(file, 'utf8')) as Bundle;
}

/** What l10n/bundle.l10n.json has to hold: each text of the code, once. */
export async function textsOfCode(): Promise<Bundle> {
  const { found } = await findStrings();
  const texts = [...new Set(found.map(({ text }) => text))].sort();
  return Object.fromEntries(texts.map((text) => [text, text]));
}

/** The keys that package.json names as `%key%`. */
export async function keysOfManifest(): Promise<string[]> {
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  const keys = [...manifest.matchAll(/"%([^%"\s]+)%"/g)].map(([, key]) => key ?? '');
  return [...new Set(keys)].sort();
}

/** The languages that a bundle is there for. */
export async function languagesThere(): Promise<string[]> {
  const files = await readdir(join(root, 'l10n'));
  return files.flatMap((file) => /^bundle\.l10n\.([\w-]+)\.json$/.exec(file)?.[1] ?? []).sort();
}

interface Difference {
  readonly missing: readonly string[];
  readonly unused: readonly string[];
  /** Translations whose places `{0}`, commands or code spans are not those of the English text. */
  readonly broken: readonly string[];
}

/** How a translation differs from what it translates. */
export function compare(english: Bundle, translated: Bundle): Difference {
  const keys = Object.keys(english);
  return {
    missing: keys.filter((key) => !translated[key]?.trim()),
    unused: Object.keys(translated).filter((key) => english[key] === undefined),
    broken: keys.filter((key) => {
      const text = translated[key];
      return text !== undefined && fixedParts(english[key] ?? '') !== fixedParts(text);
    }),
  };
}

/** What a translation must keep as it is, in any order. */
function fixedParts(text: string): string {
  const parts = text.match(/\{\d+\}|\(command:[^)]*\)|\$\([\w~-]+\)|`[^`]*`|\(https?:[^)]*\)/g) ?? [];
  return parts.sort().join(' ');
}
