import { type Answer, craRefusal, json, tomcatPage } from '../../src/sandbox/answer.ts';
import { bearer, type Call } from '../../src/sandbox/call.ts';
import { newSecret, type State } from '../../src/sandbox/state.ts';

/**
 * What docs/protocols.md leaves open (marked A) and the sandbox must decide. Each field is one such thing; without it the
 * sandbox does what its comment names first. Tests set them, to see that a client copes with either.
 */
export interface Quirks {
  /** Where a CRA answer carries the session's id: body field `session`, another one, or a response header. */
  readonly sessionIdIn?:
    | { readonly field: string; readonly header?: never }
    | { readonly header: string; readonly field?: never };
  /** How a session that is no more is refused: 404, another status, or 200 with a top-level `error`. */
  readonly deadSession?: 400 | 401 | 404 | 410 | 'error';
  /** How an open beyond the limit is refused: 503, 429, or 200 with a top-level `error`. */
  readonly limitAnswer?: 503 | 429 | 'error';
  /** keepalive and close want GET where POST is assumed, and the other way round. */
  readonly swappedMethods?: boolean;
  /** The list of services asks for a token; without this it is open to everybody. */
  readonly servicesNeedToken?: boolean;
  /** `numRows` and `totalRows` are left out. */
  readonly noCounts?: boolean;
  /** JSON bodies begin with a byte-order mark. */
  readonly byteOrderMark?: boolean;
  /** SARUS: errors come under HTTP 200; without this under the status that they name. */
  readonly errorsUnder200?: boolean;
  /** SARUS: `Errors` is one object with `Detail`, as the manual has it; without this a list, with `Details`. */
  readonly errorObject?: boolean;
  /** SARUS: an error's words have a part after `Trace:`. */
  readonly trace?: boolean;
  /** SARUS: lives are strings; without this numbers. */
  readonly remainingAsString?: boolean;
  /** SARUS: how GetSessionToken tells the life: as `Remaining`, or as an older release does. */
  readonly lifeAtSignIn?: 'TimeLeftMs' | 'none';
  /** SARUS: QuerySessionToken tells the life as `SessionTokenExpires`; without this as `Remaining`. */
  readonly olderQuery?: boolean;
  /** SARUS: a renewal answers with a new token and the old one dies; without this the token stays. */
  readonly renewalReplaces?: boolean;
  /** SARUS: QuerySessionToken renews; without this it only tells. */
  readonly queryRenews?: boolean;
  /** SARUS: the one name that lists of series have in a JSON body; without this both are understood. */
  readonly seriesKey?: 'Series' | 'Series[]';
}

type Fields = Record<string, unknown>;
/** Answers a call as the sandbox without quirks does. */
type Usual = (call: Call) => Answer;

/** What a gateway with quirks answers. */
export function quirkyAnswer(quirks: Quirks, state: State, call: Call, usual: Usual): Answer {
  const play = call.path[0] === 'cra' ? playCra : playSarus;
  const answer = play(quirks, state, call, usual);
  return quirks.byteOrderMark && fieldsOf(answer) !== undefined
    ? { ...answer, body: `\ufeff${answer.body}` }
    : answer;
}

function playCra(quirks: Quirks, state: State, call: Call, usual: Usual): Answer {
  const ofServices = call.path.length === 3;
  const closes = ofServices && call.query.has('close');
  const isOpenToAll = !(quirks.servicesNeedToken && ofServices && !closes);
  if (!isOpenToAll && state.userTokens.get(bearer(call) ?? '') === undefined) {
    return tomcatPage(401, 'The user token is not valid or has expired');
  }
  const isSwapped = quirks.swappedMethods && (closes || /^(keepalive|close)$/.test(call.path.at(-1) ?? ''));
  return retoldCra(quirks, usual(isSwapped ? { ...call, method: swapped(call.method) } : call));
}

function swapped(method: string): string {
  return method === 'GET' ? 'POST' : 'GET';
}

function retoldCra(quirks: Quirks, answer: Answer): Answer {
  const { deadSession, limitAnswer, sessionIdIn, noCounts } = quirks;
  const dead = 'The session is not known or has expired';
  if (deadSession !== undefined && answer.status === 404 && answer.body.toString().includes(dead)) {
    return deadSession === 'error' ? craRefusal(dead).answer : tomcatPage(deadSession, dead);
  }
  const { session, totalRows, numRows, ...more } = fieldsOf(answer) ?? {};
  if (limitAnswer !== undefined && answer.status === 503) {
    return limitAnswer === 'error'
      ? craRefusal(String(more.error)).answer
      : { ...answer, status: limitAnswer };
  }
  if (numRows === undefined) {
    return answer;
  }
  const field = sessionIdIn === undefined ? 'session' : sessionIdIn.field;
  const isToldIn = (place: string | undefined): place is string =>
    session !== undefined && place !== undefined;
  return json(
    {
      ...(noCounts ? {} : { totalRows, numRows }),
      ...(isToldIn(field) ? { [field]: session } : {}),
      ...more,
    },
    200,
    isToldIn(sessionIdIn?.header) ? { [sessionIdIn.header]: String(session) } : {},
  );
}

function playSarus(quirks: Quirks, state: State, call: Call, usual: Usual): Answer {
  const [endpoint] = call.path;
  const name = call.query.get('SessionToken') ?? '';
  const token = state.sarusTokens.get(name);
  if (quirks.queryRenews && endpoint === 'QuerySessionToken' && token !== undefined) {
    token.lastUsed = state.now();
  }
  const answer = usual({ ...call, body: withOneKey(call.body, quirks.seriesKey) });
  const { Errors, Result, ...envelope } = fieldsOf(answer) ?? {};
  if (Errors !== undefined) {
    return json(
      { ...envelope, Errors: retoldErrors(quirks, Errors) },
      quirks.errorsUnder200 ? 200 : answer.status,
    );
  }
  const { Remaining, ...more } = (Result ?? {}) as Fields;
  if (Remaining === undefined) {
    return answer;
  }
  if (quirks.renewalReplaces && endpoint === 'RenewSessionToken' && token !== undefined) {
    more.SessionToken = newSecret(24);
    state.sarusTokens.delete(name);
    state.sarusTokens.set(String(more.SessionToken), token);
  }
  const life = quirks.remainingAsString ? String(Remaining) : Remaining;
  const asked = endpoint === 'QuerySessionToken' && quirks.olderQuery ? 'SessionTokenExpires' : 'Remaining';
  const key = endpoint === 'GetSessionToken' ? (quirks.lifeAtSignIn ?? asked) : asked;
  return json({ ...envelope, Result: { ...more, ...(key === 'none' ? {} : { [key]: life }) } });
}

function retoldErrors({ errorObject, trace }: Quirks, errors: unknown): unknown {
  const [{ Status, Details } = {}] = errors as Fields[];
  const words = trace ? `${Details} Trace: at Sarus.Api.Handle()` : Details;
  return errorObject ? { Status, Detail: words } : [{ Status, Details: words }];
}

/** A JSON body without the other name that lists of series may have. */
function withOneKey(body: string, key: Quirks['seriesKey']): string {
  const other = key === 'Series' ? 'Series[]' : 'Series';
  return key === undefined || body === ''
    ? body
    : JSON.stringify({ ...JSON.parse(body), [other]: undefined });
}

/** The members of a JSON answer. */
function fieldsOf({ headers, body }: Answer): Fields | undefined {
  const isJson = headers['Content-Type']?.startsWith('application/json');
  return isJson ? (JSON.parse(body) as Fields) : undefined;
}
