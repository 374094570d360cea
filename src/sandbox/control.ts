import { type Answer, json } from './answer.ts';
import type { Call } from './call.ts';
import { FaultRuleError } from './faultRules.ts';
import type { ActiveRule } from './faults.ts';
import type { SandboxStats } from './stats.ts';

/** What tests may ask of a running gateway. */
export interface Controls {
  stats(): SandboxStats;
  faults(): readonly ActiveRule[];
  /** Throws a FaultRuleError. */
  setFaults(input: unknown): void;
  clearFaults(): void;
}

/** Whether a request is for the sandbox itself. No fault ever strikes one of these. */
export function isControl(call: Call): boolean {
  return call.path[0] === 'sandbox';
}

/** `GET /sandbox/stats`; `GET`, `POST` and `DELETE /sandbox/faults`. Loopback only. */
export function control(call: Call, from: string | undefined, controls: Controls): Answer {
  if (from !== '127.0.0.1' && from !== '::ffff:127.0.0.1' && from !== '::1') {
    return json({ error: 'Only this machine may ask that.' }, 403);
  }
  switch (`${call.method} ${call.path.slice(1).join('/')}`) {
    case 'GET stats':
      return json(controls.stats());
    case 'GET faults':
      return json({ rules: controls.faults() });
    case 'POST faults':
      return setFaults(call, controls);
    case 'DELETE faults':
      controls.clearFaults();
      return json({ rules: [] });
    default:
      return json({ error: 'GET /sandbox/stats; GET, POST and DELETE /sandbox/faults.' }, 404);
  }
}

function setFaults(call: Call, controls: Controls): Answer {
  // A page in a browser cannot send this type to another origin without asking first.
  if (!call.contentType.startsWith('application/json')) {
    return json({ error: 'The body must be application/json.' }, 415);
  }
  try {
    controls.setFaults(JSON.parse(call.body));
  } catch (error) {
    if (error instanceof FaultRuleError || error instanceof SyntaxError) {
      return json({ error: error.message }, 400);
    }
    throw error;
  }
  return json({ rules: controls.faults() });
}
