import { stat } from 'node:fs/promises';
import { packagedFiles, vsix } from './package.ts';

/** What a user of the extension needs; anything else in the package is a mistake. */
const allowed = [
  /^package(\.nls(\.[\w-]+)?)?\.json$/,
  /^(README|CHANGELOG)\.md$/i,
  /^dist\/THIRD-PARTY-NOTICES\.txt$/,
  /^LICENSE(\.txt|\.md)?$/,
  /^dist\/[\w./-]+\.(js|css)$/,
  /^media\/[\w./-]+\.(svg|png|css|js|md|ttf|woff2?)$/,
  /^media\/schemas\/[\w.-]+\.schema\.json$/,
  /^l10n\/bundle\.l10n(\.[\w-]+)?\.json$/,
];

const needed = ['package.json', 'README.md', 'LICENSE', 'dist/extension.js', 'dist/THIRD-PARTY-NOTICES.txt'];

/** Far above what it weighs: a bundle that swallowed a tree of test data is seen, a new feature is not. */
const maxBytes = 3_000_000;

/** Throws unless the package holds what it must, and nothing that a user does not need. */
export async function checkPackage(): Promise<void> {
  const files = await packagedFiles();
  const surplus = files.filter((file) => !allowed.some((pattern) => pattern.test(file)));
  if (surplus.length > 0) {
    throw new Error(`In the package, and not needed there (see .vscodeignore): ${surplus.join(', ')}`);
  }
  const missing = needed.filter((file) => !files.includes(file));
  if (missing.length > 0) {
    throw new Error(`Not in the package: ${missing.join(', ')}`);
  }
  const { size } = await stat(vsix);
  if (size > maxBytes) {
    throw new Error(`The package has ${size} bytes, more than ${maxBytes}.`);
  }
  console.log(`${files.length} files, ${(size / 1024).toFixed(0)} KB:\n  ${files.join('\n  ')}`);
}
