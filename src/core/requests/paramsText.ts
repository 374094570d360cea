import { decodePairs } from '../http/encode.ts';
import type { Json } from '../json.ts';

type Params = Readonly<Record<string, unknown>>;

/** Parameters as a person reads and types them: `name=value&list[]=a&list[]=b`, or JSON where that form is not enough. */
export function paramsText(params: Params): string {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one: unknown) => [`${name}[]`, one]) : [[name, value]],
  );
  return pairs.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    ? pairs.map(([name, value]) => `${plain(String(name), true)}=${plain(String(value))}`).join('&')
    : JSON.stringify(params);
}

/** Parameters of what was typed. Names that end with `[]` are lists. */
export function paramsIn(text: string): Record<string, Json> {
  const json = text.trim().startsWith('{') ? parsed(text) : undefined;
  if (json !== undefined) {
    return json;
  }
  const params: Record<string, Json> = {};
  for (const [name, value] of decodePairs(text)) {
    const list = /^(.+)\[\]$/.exec(name)?.[1];
    const before = list === undefined ? undefined : params[list];
    params[list ?? name] = list === undefined ? value : [...(Array.isArray(before) ? before : []), value];
  }
  return params;
}

function parsed(text: string): Record<string, Json> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Encodes only what would be read in another way. */
function plain(text: string, isName = false): string {
  return text.replace(isName ? /[%&+=#]/g : /[%&+#]/g, encodeURIComponent);
}
