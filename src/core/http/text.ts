import { plainOf, readJson } from '../json.ts';
import { type Redactor, unescaped } from '../redact.ts';

/** Deeper than any answer of the protocols, and far below a stack overflow. */
const maxDepth = 64;

/** How much of an error page is read, and how much of its text a person is shown, in characters. */
const looked = 8_192;
const shown = 200;

type ParsedJson = { ok: true; value: unknown } | { ok: false; reason: string };

/**
 * Reads JSON of an untrusted sender: a byte-order mark is skipped, what is nearly JSON is read by `readJson`, nesting is
 * bounded. A member called `__proto__` becomes an own property like any other (JSON.parse), so no prototype is touched as
 * long as the value is read by a schema and never merged into something.
 */
export function parseJson(text: string): ParsedJson {
  try {
    const json = text.replace(/^\uFEFF/, '');
    // What does not begin as JSON may not be read as such.
    const value = /^\s*[{[]/.test(json) ? plainOf(readJson(json).value) : JSON.parse(json);
    return isDeeper(value, maxDepth)
      ? { ok: false, reason: `nested deeper than ${maxDepth}` }
      : { ok: true, value };
  } catch {
    // V8's own message quotes the text, which may have a secret.
    return { ok: false, reason: text.trim() === '' ? 'empty' : 'not JSON' };
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)))
  );
}

/** A member of an untrusted object; undefined when there is none of its own. */
export function member(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether text is an HTML page, whatever its `Content-Type` says. */
export function looksLikeHtml(text: string): boolean {
  return /^\s*</.test(text); // White space includes a byte-order mark.
}

/**
 * The gateway's own words for a failure: of Tomcat's HTML error page, of an error in JSON, or plain text.
 * The result is plain, short, on one line and without secrets; empty where there are none.
 */
export function wordsOf(text: string, redactor: Redactor): string {
  // Redacted before it is cut: a secret cut in two would not be found.
  const head = redactor.redact(text.slice(0, 2 * looked)).slice(0, looked);
  if (looksLikeHtml(head)) {
    return plain(htmlWords(head), redactor);
  }
  const parsed = parseJson(text);
  return plain(parsed.ok ? jsonWords(parsed.value) : head, redactor);
}

/** The text of an `error` member of any type. */
export function wordsOfError(error: unknown, redactor: Redactor): string {
  return plain(jsonWords(error), redactor);
}

/** A gateway's words as the end of a sentence. */
export function ended(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** Whether a top-level `error` says that something failed; gateways also send it empty, in several forms. */
export function isError(error: unknown): boolean {
  if (typeof error === 'string') {
    return !/^\s*(?:null|false|0)?\s*$/i.test(error);
  }
  if (typeof error === 'object' && error !== null) {
    return Object.values(error).some(isError);
  }
  return Boolean(error);
}

/** Members in which servers describe an error, in the order in which they are tried. */
const wordy = [
  'error',
  'error_description',
  'errors',
  'Errors',
  'fault',
  'message',
  'Message',
  'messages',
  'Messages',
  'Detail',
  'detail',
  'Details',
  'reason',
  'errorMessage',
  'default_message',
  'faultstring',
  'description',
  '@Message.ExtendedInfo',
  'value',
];

/** How deep in an answer the text of an error may be. */
const maxWordDepth = 4;

/** Names of a member with the reason of an error as a number. */
const reasonCode = /^(?:reason|error)[ _-]?code$/i;

/** The text of an error in JSON, with its reason code. */
function jsonWords(value: unknown): string {
  const words = messageIn(value);
  const code = codeIn(value) ?? codeIn(member(value, 'error'));
  if (code === undefined) {
    return words;
  }
  return words === '' ? `reason code ${code}` : `${words} (reason code ${code})`;
}

function codeIn(value: unknown): string | undefined {
  const [, code] = Object.entries(isRecord(value) ? value : {}).find(([name]) => reasonCode.test(name)) ?? [];
  return typeof code === 'number' || (typeof code === 'string' && code !== '') ? String(code) : undefined;
}

function messageIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value) && depth < maxWordDepth) {
    return messageIn(value.find(isError), depth + 1);
  }
  let words = '';
  for (const name of depth < maxWordDepth ? wordy : []) {
    const more = messageIn(member(value, name), depth + 1);
    // Many servers put the name of the status into one member, and the error into another.
    if (more !== '' && !words.includes(more)) {
      words = words === '' || more.includes(words) ? more : `${words}: ${more}`;
    }
  }
  return words;
}

/** Tomcat: `<h1>HTTP Status 404 – Not Found</h1>` and `<p><b>Message</b> …</p>`; older ones underline the message. */
function htmlWords(html: string): string {
  const heading = /<h1[^>]{0,200}>([^<]{1,400})/i.exec(html) ?? /<title[^>]{0,200}>([^<]{1,400})/i.exec(html);
  const message = /<b>message<\/b>\s{0,20}(?:<u>)?([^<]{1,400})/i.exec(html);
  return [heading?.[1], message?.[1]].filter((part) => part?.trim()).join(': ');
}

function plain(text: string, redactor: Redactor): string {
  // Redacted before the markup is removed, and once more for what becomes visible then.
  const marked = redactor.redact(text.slice(0, 2 * looked)).slice(0, looked);
  const clean = unescaped(marked.replace(/<[^>]{0,200}>/g, ' '))
    .replace(/[<>]/g, '')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim();
  const safe = redactor.redact(clean);
  return safe.length > shown ? `${safe.slice(0, shown - 1)}…` : safe;
}
