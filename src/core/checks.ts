import * as v from 'valibot';
import type { Message } from './errors.ts';
import type { Json } from './json.ts';

/** Any value of JSON. */
export const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(json), v.record(v.string(), json)]),
);

/** What can be wrong with a member of the settings; its name is {0}. */
const wrong = {
  missing: { template: '"{0}" is missing' },
  unknown: { template: '"{0}" is not a known member there' },
  string: { template: '"{0}" must be a string' },
  number: { template: '"{0}" must be a number' },
  boolean: { template: '"{0}" must be a boolean' },
  object: { template: '"{0}" must be an object' },
  list: { template: '"{0}" must be a list' },
  choice: { template: '"{0}" must be one of {1}' },
  empty: { template: '"{0}" must not be empty' },
  positive: { template: '"{0}" must be more than 0' },
  integer: { template: '"{0}" must be a whole number' },
  atLeastOne: { template: '"{0}" must be 1 or more' },
  address: { template: '"{0}" must be an http or https address without user, query or fragment' },
  headers: { template: '"{0}" must be an object of headers' },
  header: {
    template: '"{0}" is not a header that can be set: its name is wrong, or each request needs its own',
  },
  headerValue: { template: '"{0}" must be text without line breaks that a header can carry' },
  both: { template: '"{0}" cannot be used together with "{1}"' },
  entry: { template: 'must be an object' },
  name: { template: '"{0}" must be a letter and up to 31 more letters, digits and _' },
  twice: { template: '"{0}" is used for two things' },
  place: {
    template: '"{0}" must be a JSON Pointer, $response.header.NAME, $response.cookie.NAME or $response.body',
  },
  pointer: { template: '"{0}" must be a JSON Pointer such as /items' },
  request: {
    template: '"{0}" must be a method (GET, HEAD, POST, PUT, PATCH or DELETE) and a path such as /login',
  },
  token: { template: '"{0}" must hold {1}' },
  many: { template: '"{0}" has too few or too many entries' },
  unnamed: { template: '"{0}" names “{1}”, which is not known there' },
  status: { template: '"{0}" must be a status of HTTP' },
} as const;
type Wrong = keyof typeof wrong;

/** What is wrong with a member. */
export function reason(what: Wrong, ...args: readonly string[]): Message {
  return { ...wrong[what], args };
}

/** The message of a check where its type says too little: a key of {@link wrong}. */
export const as = (what: Wrong): Wrong => what;

/** The values of members that these schemas take. */
export type Checked<M extends v.ObjectEntries> = Readonly<v.InferOutput<v.ObjectSchema<M, undefined>>>;

/** A text that is read by a function, which gives undefined for what is none. */
export const readBy = <T>(read: (text: string) => T | undefined, what: Wrong) =>
  v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value === undefined) {
        addIssue({ message: what });
      }
      return value ?? NEVER;
    }),
  );

/** What else is wrong, by the type of the check that has failed. */
const byType: Readonly<Record<string, Wrong>> = {
  string: 'string',
  number: 'number',
  finite: 'number',
  boolean: 'boolean',
  literal: 'choice',
  picklist: 'choice',
  non_empty: 'empty',
  gt_value: 'positive',
  integer: 'integer',
  min_value: 'atLeastOne',
  custom: 'string',
  array: 'list',
};

/** The names of headers and cookies (a token of RFC 9110). */
export const nameCharacters = /^[\w!#$%&'*+.^`|~-]+$/;

/** What is wrong with a member, which the reason names. */
export function reasonOf(issue: v.BaseIssue<unknown> | undefined): Message {
  const member = (issue && v.getDotPath(issue)) ?? '';
  if (issue === undefined || member === '') {
    return wrong.entry;
  }
  const isMissing = issue.received === 'undefined' || (issue.kind === 'schema' && issue.input === undefined);
  const isStrange = issue.type === 'strict_object' && issue.expected === 'never';
  const said = Object.keys(wrong).find((key): key is Wrong => key === issue.message);
  const what = isMissing ? 'missing' : isStrange ? 'unknown' : (said ?? byType[issue.type] ?? 'object');
  // A choice is written `("manual" | "auto")`; `both` occurs only for the two ways to write a body.
  const expected =
    what === 'both' ? 'json' : (issue.expected?.replace(/[()"]/g, '').replaceAll(' | ', ', ') ?? '');
  return reason(what, member, expected);
}
