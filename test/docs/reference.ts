import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import presets from '../../src/core/protocols/rest/presets.json' with { type: 'json' };
import { root } from '../workbench/paths.ts';
import { type Bundle, manifestBundle, readBundle } from './bundles.ts';
import { manifestUpToDate, typesUpToDate } from './manifest.ts';

/*
 * npm run docs [-- --check]: writes the schemas of connections and requests in package.json and
 * docs/session-tokens.d.ts anew from the protocols, and the lists of settings, connection fields and commands in README.md
 * from package.json, and the presets in docs/rest.md. With --check nothing is written; the exit code tells whether something would be.
 */

interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly markdownDescription?: string;
  readonly description?: string;
  readonly order?: number;
  readonly scope?: string;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Manifest {
  readonly contributes: {
    readonly configuration: { readonly properties: Readonly<Record<string, Schema>> };
    readonly commands: readonly { command: string; title: string }[];
    readonly menus: { readonly commandPalette: readonly { command: string; when?: string }[] };
    readonly languageModelTools: readonly { toolReferenceName: string; userDescription: string }[];
  };
}

/** The text of README.md with its lists as package.json has them now. */
async function upToDate(readme: string): Promise<string> {
  const { contributes } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const texts = await readBundle(manifestBundle());
  const settings = contributes.configuration.properties;
  const hidden = new Set(
    contributes.menus.commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command),
  );
  const lists: Readonly<Record<string, string>> = {
    settings: settingsTable(settings, texts),
    connection: fieldsTable(settings['sessionTokens.connections']?.items ?? {}, texts),
    commands: table(
      ['Command', 'Id'],
      contributes.commands
        .filter(({ command }) => !hidden.has(command))
        .map(({ command, title }) => [inWords(title, texts), `\`${command}\``]),
    ),
    tools: table(
      ['Tool', 'What it does'],
      contributes.languageModelTools.map(({ toolReferenceName, userDescription }) => [
        `\`#${toolReferenceName}\``,
        inWords(userDescription, texts),
      ]),
    ),
  };
  return withLists(readme, lists);
}

/** A page with its lists, each between two comments that name it. */
function withLists(page: string, lists: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, list] of Object.entries(lists)) {
    const [begin, end] = [`<!-- ${name}: by npm run docs -->`, `<!-- end of ${name} -->`];
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) {
      throw new Error(`There is no place for the list “${name}”.`);
    }
    text = `${text.slice(0, start + begin.length)}\n\n${list}\n\n${text.slice(stop)}`;
  }
  return text;
}

/** How a preset's description came about, by its `evidence`. */
const evidences: Readonly<Record<string, string>> = {
  run: 'tried with the server itself',
  documented: 'documentation',
  client: 'a public client',
};

/** The text of docs/rest.md with the presets of the package. */
function presetsUpToDate(page: string): string {
  const rows = Object.entries(presets).map(([name, { title, evidence, source, description }]) => [
    `\`${name}\``,
    title,
    `${evidences[evidence]}${evidence === 'run' ? '' : `: ${source}`}`,
    Object.keys('inputs' in description ? description.inputs : {}).join(', '),
  ]);
  return withLists(page, { presets: table(['Preset', 'For', 'Based on', 'Inputs'], rows) });
}

function settingsTable(settings: Readonly<Record<string, Schema>>, texts: Bundle): string {
  const rows = Object.entries(settings)
    .sort(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0))
    .map(([name, schema]) => [`\`${name}\``, described(schema, texts), defaultOf(schema.default)]);
  return table(['Setting', 'What it does', 'Default'], rows);
}

function fieldsTable({ properties = {}, required = [] }: Schema, texts: Bundle): string {
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    [
      described(schema, texts),
      ...(schema.enum ? [`One of ${schema.enum.map((one) => `\`${one}\``).join(', ')}.`] : []),
    ].join(' '),
    required.includes(name) ? 'required' : defaultOf(schema.default),
  ]);
  return table(['Field', 'What it is', 'Default'], rows);
}

function described(schema: Schema, texts: Bundle): string {
  return inWords(schema.markdownDescription ?? schema.description ?? '', texts);
}

function inWords(text: string, texts: Bundle): string {
  return text.replace(/^%(.+)%$/, (_, key: string) => texts[key] ?? key);
}

function defaultOf(value: unknown): string {
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? ''
    : `\`${JSON.stringify(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What is made or has parts that are made: from the text of a file as it is to how it should be. */
export const made: Readonly<Record<string, (text: string) => string | Promise<string>>> = {
  'package.json': manifestUpToDate,
  'docs/session-tokens.d.ts': typesUpToDate,
  'README.md': upToDate,
  'docs/rest.md': presetsUpToDate,
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  for (const [name, make] of Object.entries(made)) {
    const file = join(root, name);
    const before = await readFile(file, 'utf8');
    const after = await make(before);
    if (before !== after && values.check) {
      process.exitCode = 1;
    } else if (before !== after) {
      await writeFile(file, after);
    }
  }
}
