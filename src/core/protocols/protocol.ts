import type * as v from 'valibot';
import type { Instant } from '../clock.ts';
import type { Connection } from '../connection.ts';
import type { Message } from '../errors.ts';
import type { HttpDeps } from '../http/client.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Answer, MakeReader, Row, RowPath } from './answer.ts';
import type { Describing, Disclosure, Preset, Tried } from './described.ts';
import type { Relayed, Relaying, ScriptRequest } from './relayed.ts';

export type * from './described.ts';

/**
 * One kind of gateway, described so that the rest of the extension need not know it: dialogs, settings, saved queries,
 * tools and the schemas in package.json are made of this. `Q` is its data query, `S` its own members of a connection's
 * settings.
 */
export interface Protocol<Q extends Query = Query, S extends object = object> {
  /** As people know it; not translated. */
  readonly label: string;
  /** Bounds and default of `lifeMinutes`, in minutes. */
  readonly life: { readonly min: number; readonly max: number; readonly default: number };
  /** The members that only connections of this kind have, or have in a way of their own. */
  readonly settings: v.ObjectEntries;
  /** Whether there are gateways that let anybody sign in, without a login or a certificate. */
  readonly mayBeOpen?: boolean;
  /** What is wrong with the members of this kind together. */
  check?(connection: Connection & S): Message | undefined;
  /** A word of letters for the rows of its connections, `connection.<word>.signedIn`: menus are bound to it. */
  readonly contextValue: string;
  /** Whether a gateway consists of services, of which a person signs in to one. */
  readonly hasServices: boolean;
  /** Present where data calls run in sessions under the sign-in's token; absent where that token is the session. */
  readonly sessions?: Sessions<Q>;
  /** The ways to sign in to a connection. One without fields is by client certificate, and is then the only one. */
  logins(connection: Connection & S): readonly LoginForm[];
  /** The gateway's own login, where it wants one besides the person's; it is remembered with that. */
  gatewayLogin?(connection: Connection & S): LoginForm;
  /** The members of a data request that only this kind has. If one is `params`, it holds parameters by name. */
  readonly request: v.ObjectEntries;
  readonly dialog: RequestDialog;
  /** Where the rows are in an answer, unless the request says otherwise. */
  readonly rowsAt: RowPath;
  /**
   * The settings besides the origin that decide where a connection's login and tokens are sent, as JSON: if they change,
   * stored ones are not used.
   */
  boundTo?(connection: Connection & S): unknown;
  /** What a connection's gateway can do; absent: renew and close. */
  abilities?(connection: Connection & S): Abilities;
  /** The request that gets the data, as it is sent with a token: all of it but the connection's own headers. */
  wire(query: Q, connection: Connection & S, options: WireOptions): HttpRequest;
  /** Products of this kind that come described; a person chooses one by its title, instead of the kind. */
  readonly presets?: readonly Preset[];
  /**
   * Where the settings of a connection send secrets, to which a person has to agree once. Absent, and undefined, where the
   * kind or a preset decides it.
   */
  disclosures?(connection: Connection & S): readonly Disclosure[] | undefined;
  /** Present where people describe gateways of this kind themselves. */
  describing?(): Promise<Describing>;
  /**
   * The members of a connection's settings that set another life of its tokens; undefined where only the gateway knows it.
   */
  lifeSetting?(connection: Connection & S, minutes: number): Readonly<Record<string, unknown>> | undefined;
  /** A script's request as it is sent on; undefined for one about tokens, which is refused. */
  relay(request: ScriptRequest, connection: Connection & S): Relaying<Q> | undefined;
  /** Loads the client and makes it. */
  connect(connection: Connection & S, deps: GatewayDeps): Promise<Gateway<Q>>;
}

/** What a gateway can do with a token, besides serving it. */
export interface Abilities {
  readonly renewable: boolean;
  readonly closable: boolean;
}

/** A data query, as its kind's `request` has checked it, without what is common to all kinds. */
export type Query = Readonly<Record<string, unknown>>;

/** How sessions are told apart. */
export interface Sessions<Q extends Query = Query> {
  /** The same text for all queries that one session can serve. It is stored with the session. */
  key(query: Q): string;
  /** A query that the session of a key can serve; undefined for what is no key. */
  query(key: string): Q | undefined;
}

/** One way to sign in: an empty list of fields means that nobody is asked, as with a client certificate. */
interface LoginForm {
  /** What a person chooses it by, where there are several. */
  readonly label?: Message;
  readonly fields: readonly LoginField[];
}

/** Something that a person is asked for to sign in; hidden as it is typed, unless it is a name (`isNameField`). */
export interface LoginField {
  readonly name: string;
  readonly label: Message;
  /** The value, if the settings have it: nobody is asked for it. */
  readonly given?: string | undefined;
  /** Whether a program may leave it out. */
  readonly isOptional?: boolean;
}

/** The values of a {@link LoginForm}'s fields, by their names. */
export type Login = Readonly<Record<string, string>>;

interface TargetMember {
  readonly name: string;
  readonly prompt: Message;
}

/** How a person asks for data. */
export interface RequestDialog {
  /** The members that say what is asked for. Joined by a slash they are its title: `MVMVS/JCPU`. */
  readonly target: readonly [TargetMember, ...TargetMember[]];
  /** Asks for all of a target of several members at once. */
  readonly prompt?: Message;
  /** Targets that every gateway has, offered until a person has used others. */
  usual(connection: Connection): readonly { readonly name: string; readonly description?: Message }[];
  /** Whether a target may change something at the gateway: then a person who types it is asked. */
  mayChange?(target: string, connection: Connection): boolean;
  /** Finds targets by parts of their names. */
  readonly finder?: Finder;
  /** Further members, asked for only on demand. */
  readonly options?: readonly RequestOption[];
  /** A member that bounds the number of rows at the gateway already. */
  readonly maxRows?: string;
  /** What is added so that an open session collects its data anew. */
  readonly anew?: Query;
}

/** An optional member of a request. */
export interface RequestOption {
  readonly name: string;
  readonly label: Message;
  /** What it means, and which values it takes. */
  readonly meaning: Message;
  /** Whether it is a whole number from 1 up. */
  readonly isNumber?: true;
  /** Whether the gateway is asked for the values to choose from; `*` stands for all. */
  readonly isOffered?: true;
  /** Present where the value is made of columns of the answer. */
  readonly ofColumns?: OfColumns;
}

/** How a value is made of columns with a choice for each. */
interface OfColumns {
  readonly max: number;
  /** The choices for a column; absent: any text. */
  readonly choices?: readonly { readonly value: string; readonly label: Message }[];
  term(column: Column, value: string): string;
  /** Stands between two terms. */
  readonly separator: string;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** How a person fills the parameters of a request from lists of the gateway. */
export interface Finder {
  /** The targets that it is for. */
  readonly targets: readonly string[];
  /** The parameter that lists what was found. */
  readonly list: string;
  /** The groups to search in; listing them costs no quota. */
  readonly groups: {
    readonly query: Query;
    readonly prompt: Message;
    choice(row: Row): Choice | undefined;
  };
  /** The search for a text in a group, page by page from 1. */
  readonly items: {
    query(group: string, text: string, page: number): Query;
    readonly prompt: Message;
    choice(row: Row, group: string): Choice | undefined;
    /** What one search costs. */
    readonly price?: Message;
  };
  /** Parameters to choose, one after the other; typed text is a value too, and undefined leaves the parameter out. */
  further(
    target: string,
    now: Date,
  ): readonly {
    readonly name: string;
    readonly prompt: Message;
    readonly choices: readonly { readonly label: Message; readonly value: string | undefined }[];
  }[];
}

/** A request that gets data, as it is sent, with marks in place of secrets. */
export interface WireRequest extends HttpRequest {
  /** Stands where the token goes. Other secrets are `${secret}` in headers, and elsewhere their names in capitals. */
  readonly token: string;
  /** The environment variable that has it, for copied requests. */
  readonly variable: string;
}

interface WireOptions {
  readonly service?: string | undefined;
  readonly memory: GatewayMemory;
  /** Of letters and digits. */
  readonly token: string;
}

/** What clients have found out about gateways, by key; it is kept over restarts. */
export interface GatewayMemory {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

/** What a gateway's client needs besides its connection. */
export interface GatewayDeps extends Omit<HttpDeps, 'connection'> {
  readonly memory: GatewayMemory;
  /**
   * Waits until a request may be sent of which gateways take only so many a second; requests with the same `key` count
   * together. The returned function is to be called when the answer has come. Absent: there is no limit.
   */
  readonly turn?: (key: string, perSecond: number, signal?: AbortSignal) => Promise<() => void>;
}

/** Every call can be cancelled. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface TryOptions extends CallOptions {
  /** The answers of a sign-in tried with the same login: it goes on from there. */
  readonly tried?: Tried | undefined;
}

/** What a gateway said about the life of a token, with the moment from which it counts. */
export interface Life {
  /** When the request was sent: the life counts from here, so that it is never thought longer than it is. */
  readonly sent: Instant;
  /** The life that the server told, in milliseconds; absent where it told none. */
  readonly reportedMs?: number;
  /** The life by the settings, in milliseconds, where the server told none; absent: the usual one. */
  readonly estimatedMs?: number;
  /** The life goes on as before: the request does not set it back, and the answer told none. */
  readonly isUnchanged?: true;
}

/** What a gateway wants besides the token, by name, such as refresh tokens and cookies. It is as secret as the token. */
export type Kept = Readonly<Record<string, string>>;

/** A token that a gateway handed out. `value` is the secret. */
export interface Grant extends Life {
  readonly value: string;
  /** What is kept with it. Of a renewal: only what is new; an empty text removes what had the name. */
  readonly more?: Kept;
}

/** The tokens that a call is made with. */
export interface Tokens {
  /** What the sign-in handed out. */
  readonly user: string;
  /** What is kept with that. */
  readonly more?: Kept | undefined;
  /** The login that is remembered, for a gateway that wants it for renewal or revocation; undefined where none is. */
  readonly login?: (() => Promise<Login | undefined>) | undefined;
  /** The session under it, where there is one. */
  readonly session?: string | undefined;
  /** The service that issued both. */
  readonly service?: string | undefined;
  /** The gateway's own login, as far as it is known. */
  readonly gateway?: Login | undefined;
}

export interface DataCall<Q extends Query = Query> extends CallOptions {
  readonly tokens: Tokens;
  readonly query: Q;
  /** Whether the session stays open after the answer. */
  readonly keepOpen: boolean;
  readonly makeReader: MakeReader;
  /** The script that the call is for; what is in its request and not in the query is sent too. */
  readonly relayed?: Relayed | undefined;
  /**
   * Is called with the session that the call opened as soon as its id is known, so that it is not lost if the rest of the
   * answer is. Awaited before the call returns. It may also be called after the call was rejected with `E_CANCELLED` or
   * `E_TIMEOUT`: the answer is then read on until the id is known. A session told here, and not in the answer's `session`,
   * has been closed again by the call.
   */
  readonly onSession?: (session: Grant) => void | Promise<void>;
}

export type RelayCall = Omit<DataCall, 'query' | 'keepOpen' | 'relayed'> & { readonly relayed: Relayed };

export interface CloseOptions<Q extends Query = Query> extends CallOptions {
  /** A query that the session can serve, for a gateway that ends a session by a last data call only. */
  readonly query?: Q | undefined;
}

export interface DataAnswer extends Life, Partial<Omit<Grant, keyof Life>> {
  readonly answer: Answer;
  /** The session that served the call and is still open. */
  readonly session?: string;
  readonly totalRows: number;
  /** The gateway's messages beside the rows, such as what it has refused of the request; without secrets. Or one of ours. */
  readonly warnings?: readonly (string | Message)[];
  /** What the answer cost of the account's quota, in the gateway's API calls, as far as it tells. */
  readonly apiCalls?: number;
}

export interface Service {
  readonly name: string;
  readonly status?: string;
}

/** A column of an answer, by the gateway's own definition. */
export interface Column {
  readonly field: string;
  readonly label: string;
  /** What the gateway calls it in a sort, where that is not its field. */
  readonly id?: string;
  /** Whether it is shown only when all columns are. */
  readonly hidden?: true;
}

/**
 * The client of a gateway; what a protocol cannot do is absent. It holds no token: each call is given those it needs. All
 * methods reject with a `TokensError` only; a rejection never holds a secret, and its `details.refused` says which of the
 * tokens of a call the gateway has refused.
 */
export interface Gateway<Q extends Query = Query> {
  /** Logs on. Never sent twice. Rejects with `E_CREDENTIALS` when refused. */
  signIn(login: Login, service: string | undefined, options?: TryOptions): Promise<Grant>;
  getData(call: DataCall<Q>): Promise<DataAnswer>;
  /** Sends a script's request that gets no data in a session. Absent where {@link getData} sends all of them. */
  relay?(call: RelayCall): Promise<DataAnswer>;
  /**
   * Renews the session if there is one in `tokens`, else the user token; the grant's value may be a new one. Not called where
   * the connection's {@link Abilities} have no renewal.
   */
  keepAlive(tokens: Tokens, options?: CallOptions): Promise<Grant>;
  /** Whether renewal uses something kept with the token (a refresh token): it works for a dead token too, and only once. */
  readonly renewsDead?: boolean;
  readonly remainingLife?:
    | ((tokens: Tokens, options?: CallOptions) => Promise<Life & Pick<Grant, 'more'>>)
    | undefined;
  /** Ends the session, or the token that is one. What the gateway no longer knows counts as closed. */
  close(tokens: Tokens, options?: CloseOptions<Q>): Promise<void>;
  /**
   * Ends a user token, and what is open under it. It is no error if the gateway has no such request, or knows the token no
   * more. Absent where `close` does it.
   */
  logOff?(tokens: Tokens, options?: CallOptions): Promise<void>;
  services?(options?: CallOptions): Promise<Service[]>;
  columns?(tokens: Tokens, query: Q, options?: CallOptions): Promise<Column[]>;
  /** The values to choose from for a member of a query, the other members given; empty where there is no such list. */
  offers?(tokens: Tokens, member: string, query: Query, options?: CallOptions): Promise<string[]>;
  /** Signs in by a description that does not say yet where the token is; resolves for a refusal, too. */
  trySignIn?(login: Login, options?: TryOptions): Promise<Tried>;
  /** Closes idle network connections. */
  dispose(): void;
}
