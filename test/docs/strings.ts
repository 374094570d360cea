import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../workbench/paths.ts';

/** One English text that people see, and where it stands. */
export interface Found {
  readonly text: string;
  readonly place: string;
  /** Whether it is what an error says. */
  readonly isError: boolean;
}

interface Strings {
  readonly found: readonly Found[];
  /** Calls whose text is not written where they stand, so that nobody can translate it. */
  readonly unreadable: readonly string[];
}

/**
 * What takes a text: the call, and which of its arguments it is. Errors carry their English text; the boundary
 * translates it (src/core/errors.ts).
 */
const takers = [
  { call: /\bl10n\.t\(/g, argument: 0 },
  { call: /\bnew TokensError\(/g, argument: 1 },
  { call: /\btemplate:\s+(?=['"])/g, argument: 0 },
] as const;

/** Texts that come from one of the other calls, on their way. */
const passedOn = /^(?:\w+\.)*template$|^vscode\.l10n\.t$|^userMessage$/;

/** Finds every text of the extension that is shown in the person's language. */
export async function findStrings(): Promise<Strings> {
  const found: Found[] = [];
  const unreadable: string[] = [];
  const files: string[] = [];
  for await (const file of glob(['src/**/*.ts', 'media/**/*.ts'], { cwd: root })) {
    files.push(file);
  }
  for (const file of files.sort()) {
    const code = await readFile(join(root, file), 'utf8');
    const strings = stringsIn(code, file.replaceAll('\\', '/'));
    found.push(...strings.found);
    unreadable.push(...strings.unreadable);
  }
  return { found, unreadable };
}

/** The same for the text of one file. */
export function stringsIn(code: string, name: string): Strings {
  const found: Found[] = [];
  const unreadable: string[] = [];
  const blank = withoutComments(code);
  for (const { call, argument } of takers) {
    for (const match of blank.matchAll(call)) {
      const start = match.index + match[0].length;
      const place = `${name}:${blank.slice(0, start).split('\n').length}`;
      const expression = argumentsAt(blank, start)[argument]?.trim() ?? '';
      const texts = literalsIn(expression);
      if (texts === undefined || texts.length === 0) {
        const isDefinition = expression === '' || /^\w+\??: /.test(expression);
        if (!isDefinition && !passedOn.test(expression.replace(/\([\s\S]*$/, ''))) {
          unreadable.push(`${place}: ${expression.slice(0, 80)}`);
        }
        continue;
      }
      found.push(...texts.map((text) => ({ text, place, isError: argument === 1 })));
    }
  }
  return { found, unreadable };
}

const quotes = new Set(["'", '"', '`']);

/** Comments as spaces, so that places stay what they are. */
export function withoutComments(code: string): string {
  let out = '';
  for (let at = 0; at < code.length; ) {
    const two = code.slice(at, at + 2);
    let end: number;
    if (quotes.has(code[at] ?? '')) {
      end = endOfString(code, at);
      out += code.slice(at, end);
    } else if (two === '//' && code[at - 1] !== '\\' && code[at - 1] !== ':') {
      end = code.indexOf('\n', at);
      end = end < 0 ? code.length : end;
      out += ' '.repeat(end - at);
    } else if (two === '/*') {
      end = code.indexOf('*/', at) + 2;
      out += code.slice(at, end).replace(/[^\n]/g, ' ');
    } else if (code[at] === '/' && /(?:[=(,:[!&|?{};]|return|=>)\s*$/.test(out.slice(-12))) {
      end = endOfRegExp(code, at);
      out += code.slice(at, end).replace(/['"`]/g, ' ');
    } else {
      end = at + 1;
      out += code[at];
    }
    at = end;
  }
  return out;
}

/** The arguments of a call, from after its bracket, as they are written. */
function argumentsAt(code: string, start: number): string[] {
  const list: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < code.length; at++) {
    const char = code[at] ?? '';
    if (quotes.has(char)) {
      at = endOfString(code, at) - 1;
    } else if ('([{'.includes(char)) {
      depth++;
    } else if (')]}'.includes(char)) {
      depth--;
      if (depth < 0) {
        list.push(code.slice(from, at));
        return list;
      }
    } else if (char === ',' && depth === 0) {
      list.push(code.slice(from, at));
      from = at + 1;
    }
  }
  return list;
}

/** The texts that an expression may be: one, or those of `a ? 'x' : 'y'`. Undefined: it is more than that. */
function literalsIn(expression: string): string[] | undefined {
  const texts: string[] = [];
  let rest = '';
  for (let at = 0; at < expression.length; ) {
    if (quotes.has(expression[at] ?? '')) {
      const end = endOfString(expression, at);
      const literal = expression.slice(at, end);
      if (literal.startsWith('`') && literal.includes('${')) {
        return undefined;
      }
      // Code of this repository: what it says of itself is what is read here.
      const condition = /[=!]==\s*$/.test(expression.slice(0, at));
      if (!condition) {
        texts.push(new Function(`return ${literal}`)() as string);
      }
      at = end;
    } else {
      rest += expression[at];
      at++;
    }
  }
  return texts.length > 1 && !rest.includes('?') ? undefined : texts;
}

function endOfString(code: string, start: number): number {
  const quote = code[start];
  let at = start + 1;
  while (at < code.length && code[at] !== quote) {
    at += code[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

function endOfRegExp(code: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < code.length && code[at] !== '\n'; at++) {
    if (code[at] === '\\') {
      at++;
    } else if (code[at] === '[') {
      inClass = true;
    } else if (code[at] === ']') {
      inClass = false;
    } else if (code[at] === '/' && !inClass) {
      return at + 1;
    }
  }
  return start + 1;
}
