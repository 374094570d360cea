import type { Call } from '../../src/sandbox/call.ts';
import type { FaultRule, Operation } from './faultRules.ts';

/** A rule, and how often it has fitted and struck. */
export interface ActiveRule extends FaultRule {
  struck: number;
  passed: number;
}

/** The rules in force. The first one that fits a request and has not had its times strikes it. */
export class Faults {
  #rules: ActiveRule[] = [];

  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ ...rule, struck: 0, passed: 0 }));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules with their counts. */
  list(): readonly ActiveRule[] {
    return this.#rules.map((rule) => ({ ...rule }));
  }

  /** The rule that strikes this request, counted as having struck. */
  strike(call: Call): FaultRule | undefined {
    for (const rule of this.#rules) {
      if (!fits(rule, call) || rule.struck >= (rule.times ?? Number.POSITIVE_INFINITY)) {
        continue;
      }
      if (rule.passed < (rule.skip ?? 0)) {
        rule.passed += 1;
        continue;
      }
      rule.struck += 1;
      return rule;
    }
    return undefined;
  }
}

function fits({ match }: FaultRule, call: Call): boolean {
  return (
    (match?.operation === undefined || match.operation === operationOf(call)) &&
    (match?.path === undefined || new RegExp(match.path).test(call.url))
  );
}

const byLastPart: Readonly<Record<string, Operation>> = {
  Logon: 'signIn',
  logon: 'signIn',
  login: 'signIn',
  getView: 'definition',
  definition: 'definition',
  products: 'offers',
  views: 'offers',
  systems: 'offers',
  servers: 'offers',
  keepalive: 'keepAlive',
  close: 'close',
  Logoff: 'logOff',
  GetSessionToken: 'signIn',
  QuerySessionToken: 'query',
  RenewSessionToken: 'keepAlive',
  RevokeSessionToken: 'close',
};

/** What a request is about. A data call that closes its session is still getData. */
function operationOf(call: Call): Operation {
  const last = call.path.at(-1) ?? '';
  if (last === 'services' || last === 'Services') {
    return call.query.has('close') ? 'close' : 'services';
  }
  return byLastPart[last] ?? 'getData';
}
