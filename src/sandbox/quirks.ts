/**
 * What docs/protocols.md leaves open (marked A) and the sandbox must decide. Each field is one such thing; without
 * it the sandbox does what its comment names first. Tests turn them to see that a client survives both.
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
  /** SARUS: the token endpoints answer as often as they are asked; without this 3 times a second. */
  readonly noRateLimit?: boolean;
}
