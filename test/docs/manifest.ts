import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GenericSchema } from 'valibot';
import { commonSettings } from '../../src/core/connection.ts';
import { protocols } from '../../src/core/protocols/kinds.ts';
import { common, withServices, withSessions } from '../../src/core/requests/request.ts';
import { root } from '../workbench/paths.ts';
import { described, snippets } from './described.ts';

/** What of a JSON schema package.json uses. Its texts are written there by hand and kept; the rest is made here. */
export interface JsonSchema {
  readonly [member: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

type Entries = Readonly<Record<string, GenericSchema>>;

/** A valibot schema, as far as it is looked into. */
interface Looked {
  readonly type: string;
  readonly wrapped?: Looked;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly value?: Looked;
  readonly requirement?: unknown;
  readonly pipe?: readonly Looked[];
}

const limits: Readonly<Record<string, string>> = {
  min_value: 'minimum',
  gt_value: 'exclusiveMinimum',
};

/** A schema of ours as JSON schema; checks that are functions cannot be said there. */
function jsonSchema(schema: GenericSchema): JsonSchema {
  return converted(schema as unknown as Looked);
}

function converted(schema: Looked): JsonSchema {
  if (schema.wrapped !== undefined) {
    const inner = converted(schema.wrapped);
    return schema.default === undefined ? inner : { ...inner, default: schema.default };
  }
  if (schema.type === 'lazy') {
    return {}; // Any JSON.
  }
  const json: Record<string, unknown> = { type: schema.type === 'record' ? 'object' : schema.type };
  if (schema.type === 'picklist') {
    Object.assign(json, { type: 'string', enum: schema.options });
  }
  if (schema.type === 'record' && schema.value !== undefined) {
    json.additionalProperties = converted(schema.value);
  }
  for (const action of schema.pipe?.slice(1) ?? []) {
    const limit = limits[action.type];
    if (action.type === 'integer') {
      json.type = 'integer';
    } else if (action.type === 'non_empty') {
      json.minLength = 1;
    } else if (limit !== undefined) {
      json[limit] = action.requirement;
    } else if (action.pipe !== undefined) {
      Object.assign(json, converted(action));
    }
  }
  return json;
}

/** Members that only people write. */
const handWritten = ['description', 'markdownDescription', 'pattern', 'maximum'];

/** Properties of these schemas, in the order in which they stand already; what is new comes last, with a text to fill in. */
function properties(made: Entries, before: JsonSchema['properties'] = {}, textOf?: (name: string) => object) {
  const names = [...Object.keys(before), ...Object.keys(made)];
  return Object.fromEntries(
    [...new Set(names)].flatMap((name) => {
      const schema = made[name];
      const kept = Object.entries(before[name] ?? {}).filter(([key]) => handWritten.includes(key));
      return schema === undefined
        ? []
        : [[name, { ...jsonSchema(schema), ...textOf?.(name), ...Object.fromEntries(kept) }]];
    }),
  );
}

/** What all kinds of gateways have between them. */
function ofAll(of: 'settings' | 'request'): Entries {
  const all: Record<string, GenericSchema> = {};
  for (const [name, schema] of Object.values(protocols).flatMap((one) =>
    Object.entries(one[of] as Entries),
  )) {
    const known = all[name] ?? schema;
    // One that means different things to two kinds can be any JSON.
    const isSame = JSON.stringify(jsonSchema(known)) === JSON.stringify(jsonSchema(schema));
    all[name] = isSame ? known : ({ type: 'lazy' } as GenericSchema);
  }
  return all;
}

interface Manifest {
  contributes: {
    authentication: unknown;
    configuration: { properties: Record<string, { items: Record<string, unknown> & JsonSchema }> };
    languageModelTools: { name: string; inputSchema: JsonSchema }[];
  };
}

/** package.json with what its schemas say of connections and requests as the protocols have it now. */
export function manifestUpToDate(text: string): string {
  const manifest = JSON.parse(text) as Manifest;
  const { contributes } = manifest;
  const kinds = Object.entries(protocols);
  contributes.authentication = kinds.map(([kind, { contextValue }]) => ({
    id: `sessionTokens.${kind}`,
    label: `%authentication.${contextValue}%`,
  }));

  const settings = contributes.configuration.properties;
  const connection = settings['sessionTokens.connections']?.items;
  const query = settings['sessionTokens.queries']?.items;
  const tool = contributes.languageModelTools.find(({ name }) => name === 'sessionTokens_getData');
  if (connection === undefined || query === undefined || tool === undefined) {
    throw new Error('package.json lacks a setting or a tool.');
  }
  const { kind, ...rest } = connection.properties ?? {};
  const lives = kinds.map(([, { life }]) => life);
  const made = properties({ ...ofAll('settings'), ...commonSettings }, rest, (name) => ({
    markdownDescription: `%connections.${name}%`,
    ...(name === 'lifeMinutes'
      ? {
          minimum: Math.min(...lives.map(({ min }) => min)),
          maximum: Math.max(...lives.map(({ max }) => max)),
        }
      : {}),
  }));
  // What describes is too rich for that, and has examples.
  const { name, ...others } = { ...made, ...described };
  Object.assign(connection, {
    properties: {
      name,
      kind: {
        type: 'string',
        enum: kinds.map(([one]) => one),
        enumDescriptions: kinds.map(([, { contextValue }]) => `%connections.kind.${contextValue}%`),
        markdownDescription: '%connections.kind%',
      },
      ...others,
    },
  });
  const [snippet] = connection.defaultSnippets as { body: { kind: string } }[];
  if (snippet !== undefined) {
    snippet.body.kind = `\${2|${kinds.map(([one]) => one).join()}|}`;
    connection.defaultSnippets = [snippet, ...snippets];
  }

  const request = { connection: common.connection, ...withServices, ...ofAll('request') };
  const asked = query.properties?.request ?? {};
  Object.assign(asked, { properties: properties(request, asked.properties) });

  const { columns, rows, show, ...before } = tool.inputSchema.properties ?? {};
  // The tool bounds the rows itself, for all kinds.
  const { rows: _, ...input }: Entries = request;
  Object.assign(tool.inputSchema, { properties: { ...properties(input, before), columns, rows, show } });
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const begin = '// What a request says, by the kind of its connection: by npm run docs.\n';
const end = '// End of what a request says.\n';

/** Where the types stand that other extensions see as they are here, and what their names from elsewhere stand for. */
const shared = { DataResult: 'src/commands/dataResult.ts', TokenInfo: 'src/core/tokens/token.ts' };
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/\bRow\b/g, 'Record<string, Cell>'],
  [/\bTokenState\b/g, "'live' | 'expiring' | 'expired'"],
  [/\bKeepAliveMode\b/g, "'manual' | 'auto'"],
];

/** docs/session-tokens.d.ts with the requests as the protocols have them now, and the types as they stand in the sources. */
export async function typesUpToDate(before: string): Promise<string> {
  let text = before;
  for (const [name, file] of Object.entries(shared)) {
    const block = new RegExp(`^export interface ${name} \\{.*?^\\}`, 'ms');
    const [found = ''] = block.exec(await readFile(join(root, file), 'utf8')) ?? [];
    const said = elsewhere.reduce((type, [word, meaning]) => type.replace(word, meaning), found);
    text = text.replace(block, () => said);
  }
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start) {
    throw new Error('docs/session-tokens.d.ts has no place for requests.');
  }
  const kinds = Object.entries(protocols).map(([kind, { contextValue, hasServices, request, sessions }]) => {
    const name = `${contextValue.charAt(0).toUpperCase()}${contextValue.slice(1)}Request`;
    const own = {
      ...common,
      ...(hasServices ? withServices : {}),
      ...(sessions === undefined ? {} : withSessions),
      ...request,
    } as Entries;
    const members = Object.entries(own).map(([member, schema]) => typed(member, schema));
    return {
      name,
      text: `/** For connections of the kind \`${kind}\`. */\nexport interface ${name} {\n${members.join('')}}\n`,
    };
  });
  const union = `export type DataRequest = ${kinds.map(({ name }) => name).join(' | ')};\n`;
  const made = [union, ...kinds.map((kind) => kind.text)].join('\n');
  return `${text.slice(0, start + begin.length)}\n${made}\n${text.slice(stop)}`;
}

const says: Readonly<Record<string, string>> = {
  session: '`reuse` (default) an open session, open a `new` one, or the id of a token.',
  keepOpen: 'Whether the session stays open; default true.',
  show: 'Whether the result is shown to the person; default true.',
};

function typed(name: string, schema: GenericSchema): string {
  const { minimum, type, enum: choices, additionalProperties } = jsonSchema(schema);
  const isOptional = 'wrapped' in schema;
  const doc = says[name] ?? (typeof minimum === 'number' && minimum > 0 ? `From ${minimum}.` : undefined);
  const isJson = JSON.stringify(additionalProperties) === '{}';
  const written = Array.isArray(choices)
    ? choices.map((choice) => `'${choice}'`).join(' | ')
    : type === 'object'
      ? `Record<string, ${isJson ? 'Json' : 'string'}>`
      : type === 'integer'
        ? 'number'
        : String(type ?? 'Json');
  return `${doc === undefined ? '' : `  /** ${doc} */\n`}  ${name}${isOptional ? '?' : ''}: ${written}${isOptional ? ' | undefined' : ''};\n`;
}
