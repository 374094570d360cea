import { TokensError } from '../../errors.ts';
import { encode } from '../../http/encode.ts';
import type { Json } from '../../json.ts';

/** The values of names; undefined for one without a value. */
export type Values = (name: string) => string | number | undefined;

/** A part of a path: text as it is sent, or names in one of the supported forms of RFC 6570. */
type Part =
  | { readonly text: string }
  | { readonly form: 'simple' | 'query' | 'whole'; readonly names: readonly string[] };

/** A path with its query, as a template. */
export type PathTemplate = readonly Part[];

const expression = /\{([+?]?)([A-Za-z]\w*(?:,[A-Za-z]\w*)*)\}/g;
/** `${secret}` stands for what the secret storage has, and is no name. */
const braced = /\$\{secret\}|\{([A-Za-z]\w*)\}/g;

/** Reads a path template; undefined for what is none. */
export function pathTemplate(text: string): PathTemplate | undefined {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: whole, 1: sign, 2: list = '', index } of text.matchAll(expression)) {
    const names = list.split(',');
    if (sign !== '?' && names.length > 1) {
      return undefined;
    }
    parts.push(
      { text: text.slice(from, index) },
      { form: sign === '+' ? 'whole' : sign === '?' ? 'query' : 'simple', names },
    );
    from = index + whole.length;
  }
  parts.push({ text: text.slice(from) });
  const texts = parts.flatMap((part) => ('text' in part ? [part.text] : []));
  // A value may be that of a parameter, but never its name.
  const line = parts
    .map((part) => ('text' in part ? part.text : part.form === 'query' ? '&n=' : '{}'))
    .join('');
  const isPath =
    !/[{}#\\]|[\p{C}]/u.test(texts.join('')) && /^(?:\/|\{\+)/.test(text) && !/[?&][^=&]*\{/.test(line);
  return isPath && !hasDots(texts.join('x'))
    ? parts.map((part) =>
        'text' in part ? { text: part.text.replace(/[^!-~]+/gu, encodeURIComponent) } : part,
      )
    : undefined;
}

export function namesIn(path: PathTemplate): readonly string[] {
  return path.flatMap((part) => ('names' in part ? part.names : []));
}

/** The names in a path before its question mark, and those after it. */
export function namesAround(
  path: PathTemplate,
): readonly [before: readonly string[], query: readonly string[]] {
  const isQuery = (part: Part, at: number): boolean =>
    ('form' in part && part.form === 'query') ||
    path.slice(0, at).some((one) => 'text' in one && one.text.includes('?'));
  return [namesIn(path.filter((part, at) => !isQuery(part, at))), namesIn(path.filter(isQuery))];
}

/** Marks a value in a query that is not known yet. */
const unknown = '\0';

/**
 * Fills a path in, below the connection's address or, if `isWhole`, below its origin; values are encoded as their place in
 * it needs.
 * @param url the connection's address: a whole address must have the same origin
 * @param isKnown which names may have no value yet: parameters that have one of these are left out
 * @throws E_CONFIG for a name without a value in the path, and for a value that cannot stand there; E_PROTOCOL where the
 * path would lead elsewhere
 */
export function fillPath(
  template: PathTemplate,
  values: Values,
  url: string,
  isKnown: (name: string) => boolean = () => false,
): { readonly path: string; readonly isWhole: boolean } {
  let path = '';
  let isWhole = false;
  for (const part of template) {
    if ('text' in part) {
      path += part.text;
    } else if (part.form === 'query') {
      for (const name of part.names) {
        const value = values(name);
        path +=
          value === undefined ? '' : `${path.includes('?') ? '&' : '?'}${name}=${encode(String(value))}`;
      }
    } else {
      const [name = ''] = part.names;
      const value = values(name) ?? (path.includes('?') && isKnown(name) ? unknown : undefined);
      if (value === undefined || (value === '' && !path.includes('?'))) {
        throw new TokensError(
          'E_CONFIG',
          'A value for “{0}” is missing, which the address of the request needs.',
          [name],
        );
      }
      isWhole ||= part.form === 'whole' && path === '';
      path +=
        value === unknown
          ? unknown
          : part.form === 'simple' || path.includes('?')
            ? encode(String(value))
            : path === ''
              ? within(String(value), url)
              : reserved(value);
    }
  }
  if (hasDots(path)) {
    throw elsewhere();
  }
  const [before = '', query] = path.split(/\?(.*)/s);
  const known = query?.split('&').filter((pair) => !pair.includes(unknown)) ?? [];
  return { path: known.length === 0 ? before : `${before}?${known.join('&')}`, isWhole };
}

/** An address as a path below its origin. @throws E_PROTOCOL for another origin's */
function within(value: string, url: string): string {
  const base = new URL(`${url}/`);
  const found = /[\p{C}\s\\]/u.test(value) || hasDots(value) ? null : URL.parse(value, base.href);
  if (found === null || found.origin !== base.origin || found.username !== '' || found.password !== '') {
    throw elsewhere();
  }
  return found.pathname + found.search;
}

/** A value in a path whose slashes stay, encoded so that it cannot begin a query. */
function reserved(value: string | number): string {
  return encodeURI(String(value).toWellFormed())
    .replace(/%25([0-9a-f]{2})/gi, '%$1')
    .replace(/[?#]/g, encodeURIComponent);
}

function elsewhere(): TokensError {
  return new TokensError(
    'E_PROTOCOL',
    'The address that an answer named leads elsewhere, so nothing is sent there.',
  );
}

/** Whether a step of a path is `.` or `..` to a URL parser. */
function hasDots(path: string): boolean {
  const [before = ''] = path.split(/[?#]/, 1);
  return before.split(/[/\\]/).some((step) => /^(?:\.|%2e){1,2}$/i.test(step));
}

/** The known names in a text, as `isKnown` has it. */
export function namesInText(text: string, isKnown: (name: string) => boolean): string[] {
  return [...text.matchAll(braced)].flatMap(([, name]) =>
    name !== undefined && isKnown(name) ? [name] : [],
  );
}

/**
 * Fills in the known names of a text, and leaves every other brace as it is. Undefined where a known name has no value yet:
 * then the header or member with the text is left out.
 */
export function fillText(
  text: string,
  isKnown: (name: string) => boolean,
  values: Values,
): string | undefined {
  let isWhole = true;
  const filled = text.replace(braced, (whole, name?: string) => {
    if (name === undefined || !isKnown(name)) {
      return whole;
    }
    const value = values(name);
    isWhole &&= value !== undefined;
    return String(value ?? '');
  });
  return isWhole ? filled : undefined;
}

/** Fills in all texts of a JSON value; a text that is only the name of a number becomes that number. */
export function fillJson(json: Json, isKnown: (name: string) => boolean, values: Values): Json | undefined {
  if (typeof json === 'string') {
    const [, only] = /^\{([A-Za-z]\w*)\}$/.exec(json) ?? [];
    const value = only !== undefined && isKnown(only) ? values(only) : undefined;
    return typeof value === 'number' ? value : fillText(json, isKnown, values);
  }
  if (Array.isArray(json)) {
    return json.map((one) => fillJson(one, isKnown, values)).filter((one) => one !== undefined);
  }
  if (typeof json !== 'object' || json === null) {
    return json;
  }
  const members = Object.entries(json).map(([name, one]) => [name, fillJson(one, isKnown, values)] as const);
  return Object.fromEntries(members.filter(([, one]) => one !== undefined)) as Json;
}

/** A header's value. @throws E_PROTOCOL for what a header cannot carry */
export function headerValue(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) {
    throw cannotCarry(name);
  }
  return value;
}

export function cannotCarry(name: string): TokensError {
  return new TokensError(
    'E_PROTOCOL',
    'A value for the header {0} has characters that no header can carry.',
    [name],
  );
}
