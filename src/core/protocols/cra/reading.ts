import { withoutUndefined } from '../../connection.ts';
import type { HttpAnswer } from '../../http/request.ts';
import { isError, isRecord, looksLikeHtml, wordsOfError } from '../../http/text.ts';
import type { Redactor } from '../../redact.ts';
import type { Answer } from '../answer.ts';
import { lacking, saysLoginIsWrong, saysTokenIsGone } from '../failures.ts';
import type { Column, Service } from '../protocol.ts';

/** What a gateway says beside the rows of an answer. */
interface Said {
  readonly words: string[];
  /** Whether the answer is a failure, with no data beside the words. */
  readonly isFailure: boolean;
}

/** Members that hold a gateway's messages: one, or a list. Their names are not documented (A). */
const messageNames = ['messages', 'message', 'errors', 'errormessage', 'warnings', 'warning'];

/** An `rc` from here up comes with messages; from the second one without rows (docs/protocols.md 2c). */
const rcWithMessages = 4;
const rcOfFailure = 8;

/**
 * What the `error`, the `rc` and the messages of an answer mean, in the gateway's own words; in the number where it has
 * none. Messages without an `rc` count where they are all that has come.
 */
export function saidBeside(
  { head, rowCount }: { readonly head: unknown; readonly rowCount: number },
  redactor: Redactor,
): Said {
  const members = lowered(head);
  const errors = rowCount === 0 ? members.get('errors') : undefined;
  const error = [members.get('error'), errors].find(isError);
  if (error !== undefined) {
    return { words: [wordsOfError(error, redactor)], isFailure: true };
  }
  const rc = count(members.get('rc')) ?? 0;
  if (rc < rcWithMessages && (rowCount > 0 || members.has('rows'))) {
    return { words: [], isFailure: false };
  }
  const said = messageNames.flatMap((name) => members.get(name) ?? []);
  const words = said.map((one) => wordsOfError(one, redactor)).filter((text) => text !== '');
  const bare = rc < rcWithMessages ? [] : [`rc ${rc}`];
  return { words: words.length > 0 ? words : bare, isFailure: rc >= rcOfFailure && rowCount === 0 };
}

/**
 * Whether the answer to a log-on refuses the login, so that the gateway has counted it against the account. A 403 with an
 * HTML page is of a proxy in front of the gateway; an `error` under another status says it by its words (A).
 */
export function refusesLogin(answer: HttpAnswer, words: string): boolean {
  const { status, text } = answer;
  if (status === 403) {
    return !looksLikeHtml(text) || /HTTP Status 403|Apache Tomcat/i.test(text);
  }
  return status === 401 || (status <= 500 && !looksLikeHtml(text) && saysLoginIsWrong(words));
}

/** Words by which a gateway says that a session is not there any more; they are not documented. */
export function saysSessionIsGone(words: string): boolean {
  return (
    /session/i.test(words) &&
    /not known|unknown|not found|no such|expired|invalid|not valid|does not exist/i.test(words)
  );
}

/** Whether words say that a user token is good no more, and not that a session is. */
export function saysUserTokenIsGone(words: string): boolean {
  return saysTokenIsGone(words) && !/session/i.test(words);
}

/** Words by which a gateway says that it has no session left; they are not documented. */
export function speaksOfLimit(words: string): boolean {
  return (
    /session/i.test(words) &&
    /limit|max|exceed|quota|capacity|exhaust|too many|enough|insufficient|allocate|no more|out of|\bfree\b|\bleft\b|available|in use|full/i.test(
      words,
    )
  );
}

/** All rows that there are, which may be more than those in the answer. */
export function totalRows({ head, rowCount }: Pick<Answer, 'head' | 'rowCount'>): number {
  const members = lowered(head);
  const counts = ['totalrows', 'totalrowcount', 'numrows', 'rowcount'].map((name) =>
    count(members.get(name)),
  );
  return Math.max(counts.find((one) => one !== undefined) ?? 0, rowCount);
}

/** Whether a body may be a list of services. */
export function isList(body: unknown): boolean {
  return findList(body, []) !== undefined;
}

/** Whether a body is a list of services, be it an empty one. */
export function listsServices(body: unknown): boolean {
  return Array.isArray(body) || (isList(body) && servicesIn(body, '').length > 0);
}

/** The services of a list (docs/protocols.md 2a); what is none is passed over. @throws E_PROTOCOL */
export function servicesIn(body: unknown, host: string): Service[] {
  return listIn(body, [], host).flatMap((item) => {
    const name = textOf(item, ['webservicename', 'servicename', 'name', 'service']);
    const status = textOf(item, ['status']);
    return name === undefined ? [] : [withoutUndefined({ name, status })];
  });
}

/** The columns of a view's definition (docs/protocols.md 2b). @throws E_PROTOCOL */
export function columnsIn(body: unknown, host: string): Column[] {
  return listIn(body, ['columns', 'fields'], host).flatMap((item) => {
    const field = textOf(item, ['field', 'name', 'fieldname', 'element']);
    const label = textOf(item, ['header', 'displayname', 'label', 'heading', 'title']);
    const id = textOf(item, ['id']);
    const hidden = /^(?:false|n|no)$/i.test(String(lowered(item).get('visible'))) || undefined;
    return field === undefined ? [] : [withoutUndefined({ field, label: label ?? field, id, hidden })];
  });
}

/** The names in a list of choices: of each, one of some members, or else its first text. */
export function namesIn(body: unknown, members: readonly string[]): string[] {
  const names = (findList(body, []) ?? []).flatMap((item) => {
    const name =
      typeof item === 'string' ? item : (textOf(item, members) ?? textOf(item, [...lowered(item).keys()]));
    return name ?? [];
  });
  return [...new Set(names)];
}

/** A number that is one, or one written as text. */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** A list: the body itself, or a member of one of the names (any but messages where none is given), at most one level down. */
function findList(body: unknown, names: readonly string[]): unknown[] | undefined {
  if (Array.isArray(body)) {
    return body;
  }
  const levels = isRecord(body) ? [body, ...Object.values(body).filter(isRecord)] : [];
  const members = levels.flatMap((level) => Object.entries(level));
  const isNamed = (name: string) =>
    names.length === 0 ? !messageNames.includes(name.toLowerCase()) : names.includes(name.toLowerCase());
  return members.map(([name, value]) => (isNamed(name) ? value : undefined)).find(Array.isArray);
}

/** The same. @throws E_PROTOCOL where there is none */
function listIn(body: unknown, names: readonly string[], host: string): unknown[] {
  const list = findList(body, names);
  if (list === undefined) {
    throw lacking(host, 200, 'a list');
  }
  return list;
}

/** The first of some members that is text or lines of text, whatever the case of its name. */
function textOf(item: unknown, names: readonly string[]): string | undefined {
  const members = lowered(item);
  for (const name of names) {
    const lines = [members.get(name)].flat().map((line) => (typeof line === 'string' ? line.trim() : ''));
    const text = lines.filter((line) => line !== '').join(' ');
    if (text !== '') {
      return text;
    }
  }
  return undefined;
}

/** The members of an object, by their names in lower case: gateways differ in that. */
export function lowered(item: unknown): Map<string, unknown> {
  return new Map(
    isRecord(item) ? Object.entries(item).map(([name, value]) => [name.toLowerCase(), value]) : [],
  );
}
