import type { Message } from '../errors.ts';

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
  /** What such a text comes to: what is asked for, and a member of the request. @throws for what cannot be read */
  settings(text: string): { readonly ask: readonly string[]; readonly member: object };
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
  readonly life: Readonly<Record<string, unknown>>;
  /** Of the life left, in milliseconds. */
  readonly ms: number;
}

/** What a request that was tried was answered with. */
export interface Tried {
  readonly status: number;
  readonly found: readonly Found[];
}

/** How a person describes a gateway, by what its answers hold. */
export interface Describing {
  readonly ways: readonly SignInWay[];
  /** What the body of an answer holds. */
  found(body: string): readonly Found[];
}
