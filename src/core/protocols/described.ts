import type { Message } from '../errors.ts';
import type { CookieJar } from '../http/cookies.ts';
import type { HttpAnswer } from '../http/request.ts';

/** A gateway that comes described, and that people know by name. */
export interface Preset {
  /** Not translated. */
  readonly title: string;
  /** What the description was made from: the gateway itself, its documentation, or a program that speaks to it. */
  readonly evidence: 'run' | 'documented' | 'client';
  readonly source: string;
  /** What a connection to it has in its settings, beside name, kind and address. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What a person is asked for besides, with what it usually is; it goes into the settings as `inputs`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Secrets that go to one place. */
export interface Handing {
  /** Of what is asked for at sign-in, or kept with the token, and `token`. */
  readonly names: readonly string[];
  /** Method and path of the request; absent: every request. */
  readonly request?: string;
  readonly place: 'path' | 'query' | 'body' | 'header' | 'cookie';
  /** Of the header, the cookie, the parameter or the member. */
  readonly name?: string;
}

/** A way to sign in that a person describes. */
export interface SignInWay {
  readonly label: Message;
  /** A text to change, which says what goes where; absent where there is nothing to say. */
  readonly example?: string;
  /** The settings of a request (method and path) with such a text. @throws for what cannot be read */
  settings(line: string, text: string): Settings;
}

/** Members of a connection's settings. */
type Settings = Readonly<Record<string, unknown>>;

/** A way that a token can go out. */
interface SendWay {
  readonly label: Message;
  readonly detail?: Message;
  /** What it is called there, for a person to change; absent where nothing can be said. */
  readonly name?: string;
  settings(name: string): Settings;
}

/** Something in an answer that a person can point at. */
export interface Found {
  /** Where it stands, as settings say that. */
  readonly place: string;
  /** Of the header, the cookie or the member. */
  readonly name: string;
  /** How deep in the body. */
  readonly depth: number;
  /** What it holds; absent for what holds others. */
  readonly text?: string;
  readonly isLikelyToken: boolean;
  /** How many rows it has, where it may be rows. */
  readonly rows?: number;
  /** Whether it may be a secret, and is shown masked. */
  readonly isSecret: boolean;
  /** What it says if it is the life of a token. */
  readonly lives: readonly FoundLife[];
}

export interface FoundLife {
  /** As settings say that. */
  readonly life: Settings;
  /** Of the life left, in milliseconds. */
  readonly ms: number;
}

/** What a sign-in that was tried was answered with. */
export interface Tried {
  /** Of the last answer. */
  readonly status: number;
  readonly found: readonly Found[];
  /** From here a sign-in goes on that begins with the same requests: none of them is sent again. */
  readonly answers: readonly HttpAnswer[];
  readonly cookies: CookieJar;
}

/** How a person describes a gateway, by what its answers hold. */
export interface Describing {
  readonly ways: readonly SignInWay[];
  /**
   * The settings to begin with, by the line of a request.
   * @param isSignIn whether its names are asked for
   */
  begun(line: string, isSignIn?: boolean): Settings;
  /** A sign-in with one more request, which comes last. */
  further(settings: Settings, line: string): Settings;
  /** The ways that a token can go out, the likeliest first. */
  sends(token: Found): readonly SendWay[];
  /** A sign-in with a request after it that takes the token along, to see its answer; undefined where it would be too long. */
  asking(settings: Settings, said: Pick<Said, 'token' | 'send'>, line: string): Settings | undefined;
  /** All that was said. An empty text says nothing. */
  whole(settings: Settings, said: Said): Settings;
  /** A request for data whose rows are at a place, and what it is called. */
  requested(line: string, place: string): { readonly name: string; readonly settings: Settings };
  /** What the body of an answer holds. */
  found(body: string): readonly Found[];
}

interface Said {
  readonly token: Found;
  readonly send: Settings;
  /** As it was found, or in minutes. */
  readonly life: Settings | number;
  readonly isSliding: boolean;
  /** What tells the life that is left, and how it says that where it does so in a way of its own. */
  readonly query: { readonly line: string; readonly life: Settings | undefined } | undefined;
  readonly renew: string;
  readonly revoke: string;
  /** How a refused sign-in looks: a status, or a part of the answer. */
  readonly refused: string;
}
