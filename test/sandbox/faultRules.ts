/** All the ways in which the sandbox can fail on purpose. */
export const faultNames = [
  'refuse',
  'reset',
  'reset-in-body',
  'hang',
  'slow',
  'drip',
  '401',
  '404',
  '410',
  '429',
  '503',
  '500',
  'html',
  'empty',
  'truncated',
  'wrong-types',
  'wrong-length',
  'redirect',
  'redirect-other',
  'evict',
  'evict-all',
  'restart',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Faults that need an answer to spoil: where nothing else is said, the operation is carried out. */
export const spoiling: readonly FaultName[] = [
  'reset-in-body',
  'slow',
  'drip',
  'truncated',
  'wrong-types',
  'wrong-length',
];

/** Faults of the gateway rather than of an answer. */
export const ofGateway: readonly FaultName[] = ['refuse', 'evict', 'evict-all', 'restart'];

/** What a request is about, whichever protocol says it. */
export const operations = [
  'signIn',
  'services',
  'offers',
  'definition',
  'getData',
  'keepAlive',
  'query',
  'close',
  'logOff',
] as const;
export type Operation = (typeof operations)[number];

/** One fault, and the requests that it strikes. */
export interface FaultRule {
  /**
   * Which requests: all given fields must fit. `path` is the source of a regular expression, so a plain part of
   * the path too, looked for in path and query. Without `match`, `refuse`, `evict`, `evict-all` and `restart`
   * strike at once and once; all other faults strike every request.
   */
  readonly match?: { readonly path?: string; readonly operation?: Operation };
  readonly fault: FaultName;
  /**
   * Whether the operation is carried out all the same: `before` (it is not) or `after` (it is, and the answer
   * suffers). Default: `after` for the faults that need an answer to spoil (reset-in-body, slow, drip, truncated,
   * wrong-types, wrong-length), else `before`. `evict`, `evict-all` and `restart` never touch the answer: the state
   * is lost before or after. `slow` waits before or after.
   */
  readonly when?: 'before' | 'after';
  /** How many requests it strikes. Default: all. */
  readonly times?: number;
  /** Fitting requests that pass before it strikes. Default: 0. */
  readonly skip?: number;
  /** Wait before the fault shows, in milliseconds. Default: 0. */
  readonly afterMs?: number;
  /**
   * How long, in milliseconds. `refuse`: 1000; `slow`: 1000; `drip`: between two bytes, 50; `hang`: then the connection
   * is reset; for ever when absent; `restart`: new connections are refused for so long; 0.
   */
  readonly forMs?: number;
  /** 429 and 503: `Retry-After`, in seconds; absent: no such header. */
  readonly retryAfterSeconds?: number;
  /** `redirect` and `redirect-other`: where to; `redirect-other` goes to `localhost` when absent. */
  readonly location?: string;
  /** `evict`: the session's id or SARUS token; when absent the request's own, else the least recently used one. */
  readonly session?: string;
}

/** Thrown for rules that cannot be read; the message is for a person. */
export class FaultRuleError extends Error {}

/** Reads one rule or a list of them. */
export function parseFaultRules(input: unknown): FaultRule[] {
  return (Array.isArray(input) ? input : [input]).map(parseRule);
}

function parseRule(input: unknown): FaultRule {
  const rule = objectOf(input, 'A rule', ruleFields);
  if (!isOneOf(faultNames, rule.fault)) {
    throw new FaultRuleError(`"fault" must be one of ${faultNames.join(', ')}.`);
  }
  if (rule.when !== undefined && rule.when !== 'before' && rule.when !== 'after') {
    throw new FaultRuleError('"when" must be before or after.');
  }
  for (const field of ['times', 'skip', 'afterMs', 'forMs', 'retryAfterSeconds']) {
    const value = rule[field];
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      throw new FaultRuleError(`"${field}" must be a number, 0 or more.`);
    }
  }
  for (const field of ['location', 'session']) {
    if (rule[field] !== undefined && typeof rule[field] !== 'string') {
      throw new FaultRuleError(`"${field}" must be a string.`);
    }
  }
  if (rule.match !== undefined) {
    checkMatch(rule.match);
  }
  return rule as unknown as FaultRule; // Every field of it has just been looked at.
}

const ruleFields: readonly string[] = [
  'match',
  'fault',
  'when',
  'times',
  'skip',
  'afterMs',
  'forMs',
  'retryAfterSeconds',
  'location',
  'session',
];

function checkMatch(input: unknown): void {
  const match = objectOf(input, '"match"', ['path', 'operation']);
  if (match.operation !== undefined && !isOneOf(operations, match.operation)) {
    throw new FaultRuleError(`"operation" must be one of ${operations.join(', ')}.`);
  }
  const path = match.path;
  if (path !== undefined) {
    try {
      new RegExp(typeof path === 'string' ? path : '[');
    } catch {
      throw new FaultRuleError('"path" must be the source of a regular expression.');
    }
  }
}

function objectOf(input: unknown, what: string, fields: readonly string[]): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new FaultRuleError(`${what} must be an object.`);
  }
  const stranger = Object.keys(input).find((key) => !fields.includes(key));
  if (stranger !== undefined) {
    throw new FaultRuleError(`${what} has no field "${stranger}".`);
  }
  return input as Record<string, unknown>;
}

function isOneOf<T extends string>(choices: readonly T[], value: unknown): value is T {
  return choices.some((choice) => choice === value);
}
