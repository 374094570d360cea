import type { ErrorCode } from '../../src/core/errors.ts';
import type { Operation, Protocol } from './cell.ts';
import type { TableFault } from './faultList.ts';

export interface Cell {
  readonly protocol: Protocol;
  readonly operation: Operation;
  readonly fault: TableFault;
}

/** The expected result of a cell: it works, it fails with this code, or either of both. */
type Must = 'work' | ErrorCode | { readonly either: ErrorCode; readonly because: string };

/**
 * What an operation must do under a fault, by the contract's codes and by what the protocols promise. Where two
 * rules speak of a cell the earlier one counts; every rule says why it holds.
 */
export function mustOf({ protocol, operation, fault: { fault, done, once, rule } }: Cell): Must {
  const isCra = protocol !== 'sarus';
  if (operation === 'query' && isCra) {
    return 'work'; // CRA has no such question: the life is reckoned, without a request.
  }
  if (operation === 'sign out') {
    return 'work'; // The token is forgotten whatever the log-off comes to; SARUS has none.
  }
  const signsIn = operation === 'sign in';
  const opens = operation === 'getData new' && isCra;
  // What opens nothing is sent again after a failure that may pass; what opens something might open it twice.
  const passes = once && !signsIn && !opens;
  const getsRows = operation === 'getData new' || operation === 'getData reuse';
  const closes = operation === 'close' || operation === 'closeAll';
  // Where views does not close a session when asked to, a last data call does, which no fault here strikes.
  const closesTwice = closes && protocol === 'views';
  // What CRA answers to these two is not documented: all that is neither a page nor an error is a yes.
  const saysOnlyYes = isCra && (closes || operation === 'keepAlive');
  // A session that is gone cannot be kept alive or asked after. SARUS's token is renewed by a new sign-in.
  const needsItsSession = (operation === 'keepAlive' && isCra) || operation === 'query';

  switch (fault) {
    case 'refuse':
      // 40 ms are over before the client has stopped trying.
      return passes && rule.forMs === 40 ? 'work' : 'E_NETWORK';
    case 'reset':
      return passes ? 'work' : 'E_NETWORK';
    case 'reset-in-body':
    case 'wrong-length':
      if (!getsRows) {
        return passes ? 'work' : 'E_NETWORK'; // Nothing of the broken answer was used.
      }
      // Rows that were taken cannot be taken back. But a reset also throws away what waits to be read.
      return passes && fault === 'reset-in-body'
        ? {
            either: 'E_NETWORK',
            because: 'the first half may be lost with the connection, and then no row was taken',
          }
        : 'E_NETWORK';
    case 'hang':
    case 'drip':
      return 'E_TIMEOUT'; // The time is for the request in all: there is none left to try again.
    case '401':
    case '410':
      if (signsIn) {
        return fault === '401' ? 'E_CREDENTIALS' : 'E_HTTP';
      }
      if (closes) {
        // A token that is unknown or at its end is as good as closed. But a 401 may speak of the user token; and
        // when that is renewed, and the session still answers, then it is still open.
        return isCra && fault === '401' && !done && !once ? 'E_EXPIRED' : 'work';
      }
      // With a login remembered a refused token is replaced, and the request is repeated once.
      return needsItsSession || (getsRows && !once) ? 'E_EXPIRED' : 'work';
    case '404':
      if (signsIn) {
        return once && protocol === 'views' ? 'work' : 'E_HTTP'; // It has two log-ons.
      }
      if (isCra && !opens) {
        // By a 404, too, a session may be said to be unknown: as good as closed, tried without, or at its end.
        return closes || (getsRows && once) ? 'work' : getsRows ? 'E_HTTP' : 'E_EXPIRED';
      }
      return 'E_HTTP';
    case '429':
    case '503':
      if (fault === '429' && !isCra && once && !getsRows) {
        return 'work'; // A token endpoint was asked too often: that is waited out.
      }
      if (closesTwice || (passes && (fault === '503' || rule.retryAfterSeconds !== undefined))) {
        return 'work';
      }
      return opens ? 'E_LIMIT' : 'E_HTTP';
    case '500':
      return closesTwice ? 'work' : 'E_HTTP';
    case 'html':
      return closesTwice ? 'work' : 'E_PROTOCOL';
    case 'wrong-types':
      if (getsRows && !isCra) {
        return { either: 'E_PROTOCOL', because: 'what data looks like is not documented for SARUS' };
      }
      // A status that cannot be read may be that of a refusal: a token is not forgotten for it.
      return saysOnlyYes ? 'work' : 'E_PROTOCOL';
    case 'empty':
    case 'truncated':
      return saysOnlyYes ? 'work' : 'E_PROTOCOL';
    case 'redirect':
      return once ? 'work' : 'E_PROTOCOL'; // To itself, and then for ever.
    case 'redirect-other':
      return 'E_PROTOCOL';
    case 'evict':
    case 'evict-all':
    case 'restart':
      return needsItsSession && !done ? 'E_EXPIRED' : 'work'; // All else is opened or signed in to anew.
    case 'slow':
      return 'work';
  }
}

/** A must in a word, for titles and counts. */
export function wordOf(must: Must): string {
  return typeof must === 'string' ? must : `either work or ${must.either}`;
}
