import { deepEqual, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requestForms } from '../../../src/core/requests/requestText.ts';
import { delimiters, exportFormats } from '../../../src/core/results/exports.ts';
import { Counters } from '../../../src/sandbox/state.ts';
import { readSources } from '../../docs/sources.ts';
import { root } from '../../workbench/paths.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  };
}

const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

/** All that a pattern's first group finds, each once, sorted. */
const all = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(([, found = '']) => found))].sort();

describe('the public face (docs/contract.md)', () => {
  let page: string;
  before(async () => {
    page = await read('docs/contract.md');
  });

  it('has the error codes that there are', async () => {
    deepEqual(all(page, /`(E_[A-Z_]+)`/g), all(await read('docs/session-tokens.d.ts'), /'(E_[A-Z_]+)'/g));
  });

  it('names only commands and settings that there are', async () => {
    const { contributes } = JSON.parse(await read('package.json')) as Manifest;
    const surfaces = ['sessionTokens.life', 'sessionTokens.tokens'];
    const known = new Set([
      ...contributes.commands.map(({ command }) => command),
      ...Object.keys(contributes.configuration.properties),
      ...surfaces,
    ]);
    const named = all(page, /`(sessionTokens\.[\w.]+)`/g);
    ok(named.length > 15);
    deepEqual(
      named.filter((id) => !known.has(id)),
      [],
    );
  });

  it('has the formats that results and requests are written in', () => {
    const choices = (member: string): string[] =>
      all(new RegExp(`\\b${member}\\??: ((?:'[^']+'[ \\\\|]*)+)`).exec(page)?.[1] ?? '', /'([^']+)'/g);
    deepEqual(choices('format'), [...exportFormats].sort());
    deepEqual(choices('delimiter'), delimiters.map((one) => (one === '\t' ? 'tab' : one)).sort());
    deepEqual(choices('form'), [...requestForms].sort());
  });

  it('has the flags of the sandbox', async () => {
    const flags = (text: string): string[] => all(text, /(--[a-z][a-z-]+)/g);
    const [, usage = ''] = /`npm run sandbox -- ([^`]*)`/.exec(page) ?? [];
    const [, told = ''] = /const usage =([^;]*);/.exec(await read('test/sandbox/cli.ts')) ?? [];
    ok(flags(usage).length > 5);
    deepEqual(flags(usage), flags(told));
  });

  it('has what the sandbox counts', () => {
    const [, counts = ''] = /answers `\{([^}]*)\}`/.exec(page) ?? [];
    deepEqual(counts.split(', ').sort(), ['userTokens', 'sessions', ...Object.keys(new Counters())].sort());
  });

  it('and the protocols’ page have the sections that comments name', async () => {
    const sections = new Set(all(await read('docs/protocols.md'), /^#+ (\d[\w.]*?)\.? /gm));
    const missing: string[] = [];
    for (const { path } of readSources()) {
      const named = all(await read(path), /docs\/protocols\.md,? (?:section )?(\d[\w.]*\w|\d)/g);
      missing.push(
        ...named.filter((section) => !sections.has(section)).map((section) => `${path}: ${section}`),
      );
    }
    deepEqual(missing, []);
  });
});

describe('what is known of the gateways (docs/protocols.md)', () => {
  it('names tests that there are', async () => {
    const rows = (await read('docs/protocols.md')).matchAll(/^\| [\w.]+ \| .* \| `([\w./]+)`: (.*) \|$/gm);
    const named = [...rows];
    ok(named.length >= 30, `${named.length} rows`);
    for (const [, file = '', title = ''] of named) {
      ok((await read(join('test', file))).includes(title), `${file}: ${title}`);
    }
  });
});
