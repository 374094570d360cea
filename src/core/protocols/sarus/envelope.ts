import * as v from 'valibot';
import type { HttpAnswer } from '../../http/request.ts';
import { isError, isRecord, member, parseJson, wordsOfError } from '../../http/text.ts';
import type { JsonObject } from '../../json.ts';
import type { Redactor } from '../../redact.ts';

/** A number, or one written as text. */
export const numeric = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(/^[-+]?\d+(?:\.\d+)?$/), v.transform(Number))]),
  v.finite(),
);

/** `Errors` of the envelope (docs/protocols.md 1). */
export const errors = v.object({
  Status: v.optional(numeric),
  Detail: v.optional(v.unknown()),
  Details: v.optional(v.unknown()),
});

/** `Errors` of an answer: one, or a list of them. Undefined where there are none, or only empty ones. */
export function errorIn(body: unknown): Record<string, unknown> | undefined {
  const found = member(body, 'Errors');
  const error: unknown = Array.isArray(found) ? found.find((one) => isError(one)) : found;
  return isError(error) ? (isRecord(error) ? error : { Detail: error }) : undefined;
}

/** The words of an error for people: what stands before its trace or, where nothing does, in it. */
export function forPeople(said: unknown): unknown {
  const [, before = '', trace = ''] =
    typeof said === 'string' ? (/^(.*?)\bTrace:(.*)$/s.exec(said) ?? []) : [];
  return before.trim() !== '' ? before.trim() : trace.trim() !== '' ? trace.trim() : said;
}

/** The status of an answer: of the error in its body, or else of HTTP. */
export function statusOf({ status, text }: HttpAnswer): unknown {
  const parsed = parseJson(text);
  return Number((parsed.ok ? errorIn(parsed.value)?.Status : undefined) ?? status);
}

/** How many rows there are in all, where the answer is one page of them. */
export function countIn(head: JsonObject): number | undefined {
  const count = member(member(member(head, 'Result'), 'Metadata'), 'Datasets');
  return typeof count === 'number' ? count : undefined;
}

/** What was refused of a request whose other parts were delivered, series by series. */
export function refusalsIn(head: JsonObject, redactor: Redactor): string[] {
  const warnings = new Map<string, string>();
  const result = member(head, 'Result');
  for (const one of ['Columns', 'Refused'].flatMap((name) => [member(result, name) ?? []].flat())) {
    const statuses = [one, ...['Status', 'BateStatus'].flatMap((name) => [member(one, name) ?? []].flat())];
    const refusal = statuses.find((status) => Number(member(status, 'Status') ?? status) >= 300);
    if (refusal !== undefined) {
      const metadata = member(one, 'Metadata');
      const parts = ['Datasource', 'Symbol'].map((name) => member(one, name) ?? member(metadata, name));
      const name = parts.filter((part) => typeof part === 'string').join('/');
      const said = [refusal, one].flatMap((part) => member(part, 'Details') ?? member(part, 'Detail') ?? []);
      const status = member(refusal, 'Status') ?? refusal;
      const words = wordsOfError(forPeople(said[0] ?? `Status ${status}`), redactor);
      warnings.set(name, name === '' ? words : `${name}: ${words}`);
    }
  }
  return [...warnings.values()];
}
