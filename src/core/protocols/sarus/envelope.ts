import * as v from 'valibot';
import { type HttpAnswer, isSuccess } from '../../http/request.ts';
import { isError, isRecord, member, parseJson, wordsOfError } from '../../http/text.ts';
import type { JsonObject } from '../../json.ts';
import type { Redactor } from '../../redact.ts';

/** A number, or one written as text. */
export const numeric = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(/^[-+]?\d+(?:\.\d+)?$/), v.transform(Number))]),
  v.finite(),
);

/**
 * `Errors` of an answer (docs/protocols.md 1), or an `error` as fronts have it: one, or a list of them. Undefined where there are none, only empty
 * ones, or those of success beside a result.
 */
export function errorIn(body: unknown): Record<string, unknown> | undefined {
  const hasResult = (member(body, 'Result') ?? undefined) !== undefined;
  const isOne = (one: unknown) => isError(one) && !(hasResult && isSuccess(statusIn(one)));
  const named = Object.entries(isRecord(body) ? body : {}).filter(([name]) => /^errors?$/i.test(name));
  const error: unknown = named.flatMap(([, one]) => one).find(isOne);
  return error === undefined || isRecord(error) ? error : { Detail: error };
}

/** A status of 300 or more that the `Result` itself has, with its words; undefined where it has none. */
export function refusalIn(body: unknown): Record<string, unknown> | undefined {
  const result = member(body, 'Result');
  return isRecord(result) && statusIn(result) >= 300 ? result : undefined;
}

/** Whether a `Result` has no list, so that the one row of it is the `Result` itself. */
export function isBare(head: JsonObject): boolean {
  return !Object.values(member(head, 'Result') ?? {}).some(Array.isArray);
}

/** A status, or the member `Status` of an object; 0 where there is none. */
export function statusIn(value: unknown): number {
  const status = v.safeParse(numeric, member(value, 'Status') ?? value);
  return status.success ? status.output : 0;
}

/** The words of an error for people: those before its stack trace or, without any, those in it. */
export function forPeople(said: unknown): unknown {
  const [, before = '', trace = ''] =
    typeof said === 'string' ? (/^(.*?)\bTrace:(.*)$/s.exec(said) ?? []) : [];
  return before.trim() !== '' ? before.trim() : trace.trim() !== '' ? trace.trim() : said;
}

/** The error in the body of an answer; undefined where there is none. */
export function errorOf({ text }: HttpAnswer): Record<string, unknown> | undefined {
  const parsed = parseJson(text);
  return parsed.ok ? errorIn(parsed.value) : undefined;
}

/** How many rows there are in all, where the answer is one page of them. */
export function countIn(head: JsonObject): number | undefined {
  const count = v.safeParse(numeric, member(member(member(head, 'Result'), 'Metadata'), 'Datasets'));
  return count.success ? count.output : undefined;
}

/** What was refused of a request whose other parts were delivered, series by series. */
export function refusalsIn(head: JsonObject, redactor: Redactor): string[] {
  const warnings = new Map<string, string>();
  const result = member(head, 'Result');
  const parts = ['Columns', 'Refused'].flatMap((name) => [member(result, name) ?? []].flat());
  for (const one of [refusalIn(head) ?? [], parts].flat()) {
    const statuses = [one, ...['Status', 'BateStatus'].flatMap((name) => [member(one, name) ?? []].flat())];
    const refusal = statuses.find((status) => statusIn(status) >= 300);
    if (refusal !== undefined) {
      const metadata = member(one, 'Metadata');
      const names = ['Datasource', 'Symbol'].map((name) => member(one, name) ?? member(metadata, name));
      const name = names.filter((part) => typeof part === 'string').join('/');
      const said = [refusal, one].flatMap((part) => member(part, 'Details') ?? member(part, 'Detail') ?? []);
      const status = member(refusal, 'Status') ?? refusal;
      const words = wordsOfError(forPeople(said[0] ?? `Status ${status}`), redactor);
      warnings.set(name, name === '' ? words : `${name}: ${words}`);
    }
  }
  return [...warnings.values()];
}
