import type { Message } from '../errors.ts';
import type { CookieJar } from '../http/cookies.ts';
import type { HttpAnswer } from '../http/request.ts';

/** A product whose description comes with the extension. */
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

/** Secrets that a description sends to one place. */
export interface Disclosure {
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
  /** A text for a person to edit, which says what goes where; absent where there is nothing to choose. */
  readonly example?: string;
  /** The settings of a request (method and path) with such a text. @throws for what cannot be read */
  settings(line: string, text: string): Settings;
}

/** Members of a connection's settings. */
type Settings = Readonly<Record<string, unknown>>;

interface SendWay {
  readonly label: Message;
  readonly detail?: Message;
  /** The name of the header or parameter, for a person to edit; absent where it is fixed. */
  readonly name?: string;
  settings(name: string): Settings;
}

/** A value in an answer that a person can choose. */
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
  /** The lives that it can be read as. */
  readonly lives: readonly FoundLife[];
}

export interface FoundLife {
  /** As settings say that. */
  readonly life: Settings;
  /** Of the life left, in milliseconds. */
  readonly ms: number;
}

/** The answers of a sign-in that was tried. */
export interface Tried {
  /** Of the last answer. */
  readonly status: number;
  readonly found: readonly Found[];
  /** A sign-in that begins with the same requests uses these, and sends none of them again. */
  readonly answers: readonly HttpAnswer[];
  readonly cookies: CookieJar;
}

/** Builds a description from what a person chooses in a gateway's answers. */
export interface Describing {
  readonly ways: readonly SignInWay[];
  /**
   * The settings to begin with, by the line of a request.
   * @param isSignIn whether its names are asked for
   */
  start(line: string, isSignIn?: boolean): Settings;
  /** Adds a request at the end of the sign-in. */
  addRequest(settings: Settings, line: string): Settings;
  /** The ways to send a token, the likeliest first. */
  sends(token: Found): readonly SendWay[];
  /** Adds a request with the token after the sign-in, to see its answer; undefined where the sign-in would be too long. */
  withTrial(settings: Settings, said: Pick<Choices, 'token' | 'send'>, line: string): Settings | undefined;
  /** The settings with all choices. An empty text is left out. */
  finish(settings: Settings, said: Choices): Settings;
  /** A request for data whose rows are at a place, with its name. */
  dataRequest(line: string, place: string): { readonly name: string; readonly settings: Settings };
  /** The values in the body of an answer. */
  found(body: string): readonly Found[];
}

interface Choices {
  readonly token: Found;
  readonly send: Settings;
  /** As it was found, or a number of minutes. */
  readonly life: Settings | number;
  readonly isSliding: boolean;
  /** The request for the life that is left, and how its answer tells that if not as `life` says. */
  readonly query: { readonly line: string; readonly life: Settings | undefined } | undefined;
  readonly renew: string;
  readonly revoke: string;
  /** How a refused sign-in looks: a status, or a part of the answer. */
  readonly refused: string;
}
