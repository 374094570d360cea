import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Connection } from '../connection.ts';
import { decoded, stepsOf } from '../protocols/relayed.ts';

/** Where a request of a script goes. */
export interface Place {
  readonly capability: string;
  /** The name of the connection. */
  readonly connection: string;
  /** Below the connection's URL, as it was sent. */
  readonly path: string;
  readonly query: string;
}

/** What an address names; undefined for one that names nothing, whole addresses (`http://…`) included. */
export function placeIn(url: string): Place | undefined {
  const [, capability = '', connection = '', path = '/', query = ''] =
    /^\/([^/?#]+)\/([^/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(url) ?? [];
  return capability === '' ? undefined : { capability, connection: decoded(connection), path, query };
}

/** Whether a path stays below where it begins, however often a server decodes it and whatever it takes for a separator. */
export function staysBelow(path: string): boolean {
  const isPlain = /^\/[!-~]*$/.test(path) && !/\/\/|\\|%(?:25)*5c|%[01]|%7f|%(?![\da-f]{2})/i.test(path);
  const isSame = URL.parse(`http://x${path}`)?.pathname === path;
  return isPlain && isSame && !stepsOf(path).some((step) => /^\.+$/.test(step));
}

/** Whether a request is one of a program of this machine, to the relay under its own name, and none of a page in a browser. */
export function isOfProgram({ headers, socket }: IncomingMessage, host: string): boolean {
  // Other `Sec-Fetch-` headers come from Node's `fetch` as well.
  const isOfPage = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
  return headers.host === host && !isOfPage && socket.remoteAddress === '127.0.0.1';
}

/** Compares in a time that tells nothing of where texts of one length differ. */
export function isEqual(one: string, other: string): boolean {
  const [bytes, others] = [Buffer.from(one), Buffer.from(other)];
  return bytes.length === others.length && timingSafeEqual(bytes, others);
}

/**
 * Headers that belong to one hop, that say who somebody is, where they come from or want to go, or that are made anew; and
 * those for a part of an answer, in which nothing finds a part of a token.
 */
const notRequested =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|authorization|cookie|origin|referer|forwarded|via|range|if-range|x-(?:original|rewrite)-url|(?:proxy|sec|x-forwarded)-.*)$/;

/** The same of an answer; what it says to a browser is not for a script. */
const notAnswered =
  /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|set-cookie2?|www-authenticate|alt-svc|(?:proxy|access-control)-.*)$/;

/** The headers of a script's request that go on: none that its connection has itself. Who unpacks nothing is sent nothing packed. */
export function requestHeaders(
  headers: IncomingHttpHeaders,
  { headers: own = {} }: Connection,
): Record<string, string> {
  const taken = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const unpacks = /\b(?:gzip|deflate|br)\b/i.test(String(headers['accept-encoding']));
  return {
    ...Object.fromEntries(passing(headers, notRequested).filter(([name]) => !taken.has(name))),
    ...(unpacks ? {} : { 'accept-encoding': 'identity' }),
  };
}

/** The headers of an answer that go on: none that has a secret in it. */
export function answerHeaders(
  headers: IncomingHttpHeaders,
  hasSecret: (text: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(passing(headers, notAnswered).filter(([, value]) => !hasSecret(value)));
}

function passing(headers: IncomingHttpHeaders, stays: RegExp): [string, string][] {
  const hop = new Set((headers.connection ?? '').toLowerCase().split(/\s*,\s*/));
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || stays.test(name) || hop.has(name) ? [] : [[name, [value].flat().join(', ')]],
  );
}
