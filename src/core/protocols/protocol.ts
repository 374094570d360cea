import type * as v from 'valibot';
import type { Instant } from '../clock.ts';
import type { Connection, ConnectionKind } from '../connection.ts';
import type { Message } from '../errors.ts';
import type { HttpDeps } from '../http/client.ts';
import type { Pairs } from '../http/encode.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Json } from '../json.ts';
import type { Answer, MakeReader, Row, RowPath } from './answer.ts';
import type { Describing, Handing, Preset, Tried } from './described.ts';
import type { Relayed, Relaying, ScriptRequest } from './relayed.ts';

export type * from './described.ts';

/**
 * One kind of gateway, described so that everything else can serve it without knowing it: dialogs, settings, saved
 * queries, tools and the schemas in package.json are made of this. `Q` is its data query, `S` what is its own in a
 * connection's settings.
 */
export interface Protocol<Q extends Query = Query, S extends object = object> extends ConnectionKind {
  /** As people know it; not translated. */
  readonly label: string;
  /** A word of letters for the rows of its connections, `connection.<word>.signedIn`: menus are bound to it. */
  readonly contextValue: string;
  /** Whether a gateway consists of services, of which a person signs in to one. */
  readonly hasServices: boolean;
  /** Present where data calls run in sessions under the sign-in's token; absent where that token is the session. */
  readonly sessions?: Sessions<Q>;
  /** The ways to sign in to a connection. One without fields is by client certificate, and is then the only one. */
  logins(connection: Connection & S): readonly LoginForm[];
  /** What a gateway may ask for besides, as its own; it is remembered with the login. */
  gatewayLogin?(connection: Connection & S): LoginForm;
  /** The members of a data request that only this kind has. */
  readonly request: v.ObjectEntries;
  /** What a person is asked for to get data. */
  readonly dialog: RequestDialog;
  /** Where the rows stand in an answer whose request says nothing else. */
  readonly rowsAt: RowPath;
  /**
   * What decides besides the origin who gets to see a connection's login and tokens: with other settings of these, they are
   * those of another gateway. As JSON.
   */
  boundTo?(connection: Connection & S): unknown;
  /** What a connection's gateway can be asked for; absent: for both. */
  abilities?(connection: Connection & S): Abilities;
  /** The request that gets the data, as it is sent: all of it but the connection's own headers and its secrets. */
  wire(query: Q, connection: Connection & S, options: WireOptions): WireRequest;
  /** Gateways of this kind that come described; people choose one by its title, instead of the kind. */
  readonly presets?: readonly Preset[];
  /**
   * Where secrets go by what the settings of a connection say themselves. A person has to agree to that once. Absent, and
   * undefined, where the kind or a preset decides it.
   */
  handings?(connection: Connection & S): readonly Handing[] | undefined;
  /** Present where people describe gateways of this kind themselves. */
  describing?(): Promise<Describing>;
  /**
   * The members of a connection's settings that say another life of its tokens, in minutes; undefined where only the gateway
   * knows it.
   */
  lifeSetting?(connection: Connection & S, minutes: number): Readonly<Record<string, unknown>> | undefined;
  /** A script's request as it is sent on; undefined for one about tokens, which is not. */
  relay(request: ScriptRequest, connection: Connection & S): Relaying<Q> | undefined;
  /** Loads the client and makes it. */
  connect(connection: Connection & S, deps: GatewayDeps): Promise<Gateway<Q>>;
}

/** What can be done about a token at its gateway, besides using it. */
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

/** Whether a field of this name holds the name of a person or a program, which is no secret. */
export function isNameField(name: string): boolean {
  return /^(?:username|email|clientId|gatewayUser)$/.test(name);
}

/** One way to sign in: an empty list of fields stands for what needs nobody, such as a client certificate. */
interface LoginForm {
  /** What a person chooses it by, where there are several. */
  readonly label?: Message;
  readonly fields: readonly LoginField[];
}

/** Something that a person is asked for to sign in. */
export interface LoginField {
  readonly name: string;
  readonly label: Message;
  /** Whether it is typed unseen; the names of people and programs are not secret. */
  readonly isSecret: boolean;
  /** What the settings say already: nobody is asked for it. */
  readonly given?: string | undefined;
  /** Whether a program may leave it out. */
  readonly isOptional?: boolean;
}

/** What somebody proves who they are with, by the names of a {@link LoginForm}'s fields. */
export type Login = Readonly<Record<string, string>>;

/** How a person asks for data. */
export interface RequestDialog {
  /** The members that say what is asked for. With a slash between them they are what it is called: `MVMVS/JCPU`. */
  readonly target: readonly { readonly name: string; readonly prompt: Message }[];
  /** Asks for all of the target at once. */
  readonly prompt: Message;
  /** Says of a target that was typed and not offered that it will be used. */
  readonly useTyped: Message;
  /** Targets that every gateway has, offered until a person has their own. */
  usual(connection: Connection): readonly { readonly name: string; readonly description?: Message }[];
  /** Whether a target may change something at the gateway: then a person who types it is asked. */
  mayChange?(target: string, connection: Connection): boolean;
  /** A member that holds parameters by name, asked for as `name=value&name=value`. */
  readonly params?: { readonly name: string; readonly prompt: Message };
  /** Finds what a person means by parts of its name. */
  readonly finder?: Finder;
  /** Further members, set only by whom wants that. */
  readonly options?: readonly RequestOption[];
  /** A member that bounds the number of rows at the gateway already. */
  readonly maxRows?: string;
  /** What is added so that an open session does not answer with the data it has collected before. */
  readonly anew?: Query;
}

/** A member of a request that need not be said. */
export interface RequestOption {
  readonly name: string;
  readonly label: Message;
  /** What it means, and what can be said. */
  readonly meaning: Message;
  /** Whether it is a whole number from 1 up. */
  readonly isNumber?: true;
  /** Whether the gateway is asked what there is to choose from; `*` stands for all. */
  readonly isOffered?: true;
  /** Where it is made of columns of what is asked for. */
  readonly ofColumns?: OfColumns;
}

/** How a text is made of columns and what is said of each. */
interface OfColumns {
  readonly max: number;
  /** What can be said of a column; absent: any text. */
  readonly choices?: readonly { readonly value: string; readonly label: Message }[];
  term(column: Column, value: string): string;
  /** Stands between two terms. */
  readonly separator: string;
}

/** Something to choose. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** How a person fills the parameters of a request: they find what it is about in lists of the gateway. */
export interface Finder {
  /** The targets that it is for. */
  readonly targets: readonly string[];
  /** The parameter that lists what was found. */
  readonly list: string;
  /** What there is to search in; it costs nothing to ask. */
  readonly groups: {
    readonly query: Query;
    readonly prompt: Message;
    choice(row: Row): Choice | undefined;
  };
  /** What a text finds in a group, page by page from 1. */
  readonly items: {
    query(group: string, text: string, page: number): Query;
    readonly prompt: Message;
    choice(row: Row, group: string): Choice | undefined;
    /** What one search costs. */
    readonly price?: Message;
  };
  /** Parameters to choose, one after the other; a text of one's own is a value too, and undefined leaves it out. */
  further(
    target: string,
    now: Date,
  ): readonly {
    readonly name: string;
    readonly prompt: Message;
    readonly choices: readonly { readonly label: Message; readonly value: string | undefined }[];
  }[];
}

/** A request that gets data. In place of the token stands where it goes. */
export interface WireRequest {
  readonly method: HttpRequest['method'];
  /** Below the connection's URL, encoded. */
  readonly path: string;
  readonly query: Pairs;
  /** The body, where it is JSON. */
  readonly json?: Json;
  /** The body, where it is a form; the token may be one more field. */
  readonly form?: Pairs;
  /** Headers besides the connection's own, in whose place they are. What is secret in them stands as `${secret}`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The token: a parameter of the query, a member of the JSON, a field of the form, the `Authorization` of scheme Bearer, or
   * any header; nowhere in a request that goes without.
   */
  readonly token: {
    readonly place: 'query' | 'json' | 'form' | 'bearer' | 'header' | 'nowhere';
    /** Of a member that is not at the top of the JSON: the steps that lead to it. */
    readonly name: string | readonly string[];
    /** What stands around it, in a header. */
    readonly around?: readonly [before: string, after: string];
    /** The environment variable that stands for it in a text. */
    readonly variable: string;
  };
}

interface WireOptions {
  readonly service?: string | undefined;
  readonly memory: GatewayMemory;
}

/** What clients have found out about gateways and is worth knowing next time, by key; it outlives the window. */
export interface GatewayMemory {
  get(key: string): unknown;
  set(key: string, value: string): unknown;
}

/** What a gateway's client needs besides its connection. */
export interface GatewayDeps extends Omit<HttpDeps, 'connection'> {
  readonly memory: GatewayMemory;
  /**
   * Waits until a request may be sent of which gateways take only so many a second; `key` is the same for all that count
   * together. What it resolves to is called when the answer has come. Absent: nobody keeps count.
   */
  readonly turn?: (key: string, perSecond: number, signal?: AbortSignal) => Promise<() => void>;
}

/** Every call can be called off. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface TryOptions extends CallOptions {
  /** What was tried with the same login, and is gone on from. */
  readonly tried?: Tried | undefined;
}

/** What a gateway said about the life of a token, with the moment from which it counts. */
export interface Life {
  /** When the request was sent: the life is reckoned from here, so it never ends later than in truth. */
  readonly sent: Instant;
  /** The life that the server told, in milliseconds; absent where it told none. */
  readonly reportedMs?: number;
  /** What it is then by the settings, in milliseconds; absent: the usual one. */
  readonly estimatedMs?: number;
  /** The life goes on as it did: the request was none that sets it back, and the answer told nothing. */
  readonly isUnchanged?: true;
}

/** What is kept with a token, by name: all that its gateway wants beside it. It is as secret as the token. */
export type Kept = Readonly<Record<string, string>>;

/** A token that a gateway handed out. `value` is the secret. */
export interface Grant extends Life {
  readonly value: string;
  /** What is kept with it. Of a renewal: what is new of that; an empty text ends what had the name. */
  readonly more?: Kept;
}

/** The tokens that a call is made with. */
export interface Tokens {
  /** What the sign-in handed out. */
  readonly user: string;
  /** What is kept with that. */
  readonly more?: Kept | undefined;
  /** The login that is remembered, for a gateway that wants it once more; undefined where none is. */
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
  /** The script that the call is for; what it said is sent, where that is not in the query. */
  readonly relayed?: Relayed | undefined;
  /**
   * Hears of the session that the call opened as soon as its id is known, which may be long before the
   * end of the answer, or without any: so the session is never lost. Awaited before the call returns. It may also
   * come after the call was rejected with `E_CANCELLED` or `E_TIMEOUT`: the answer is then read on until the id
   * is known. A session told here, and not in the answer's `session`, has been closed again by the call.
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
  /** What the gateway said beside the rows, such as what it has refused of the request; without secrets. */
  readonly warnings?: readonly string[];
  /** What the answer cost of the account's quota, in the gateway's API calls, as far as it tells. */
  readonly apiCalls?: number;
}

/** A service of a gateway. */
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
  /** Whether it is shown only to whom wants to see all columns. */
  readonly hidden?: true;
}

/**
 * What can be asked of a gateway; what a protocol cannot do is absent. Implementations hold no token: they are told
 * them. All methods reject with a `TokensError` only; a rejection never holds a secret, and its `details.refused` says
 * which of the tokens of a call the gateway has refused.
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
  /** Whether a renewal is by something that is kept with the token: it helps a dead one too, and nobody may use it twice. */
  readonly renewsDead?: boolean;
  /** Asks for the life that is left. */
  remainingLife?(tokens: Tokens, options?: CallOptions): Promise<Life & Pick<Grant, 'more'>>;
  /** Ends the session, or the token that is one. What the gateway no longer knows counts as closed. */
  close(tokens: Tokens, options?: CloseOptions<Q>): Promise<void>;
  /**
   * Ends a user token; what is open under it ends too. A gateway that knows no such request, or the token no more, is no
   * error: the token dies there by itself. Absent where `close` does it.
   */
  logOff?(tokens: Tokens, options?: CallOptions): Promise<void>;
  /** Services to sign in to. */
  services?(options?: CallOptions): Promise<Service[]>;
  /** The columns of what a query asks for. */
  columns?(tokens: Tokens, query: Q, options?: CallOptions): Promise<Column[]>;
  /** What there is to choose from for a member of a query, the other members given; empty where it has no such list. */
  offers?(tokens: Tokens, member: string, query: Query, options?: CallOptions): Promise<string[]>;
  /** Signs in by a description that does not say yet what the token is; resolves for a refusal, too. */
  trySignIn?(login: Login, options?: TryOptions): Promise<Tried>;
  /** Closes idle network connections. */
  dispose(): void;
}
