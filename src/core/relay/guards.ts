import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Connection } from '../connection.ts';
import { decode } from '../http/encode.ts';
import { stepsOf } from '../protocols/relayed.ts';

/** The parts of the address that a script has asked for. */
export interface Place {
  readonly capability: string;
  readonly connection: string;
  /** Below the connection's URL, as it was sent. */
  readonly path: string;
  readonly query: string;
}

/** The parts of an address; undefined for any other form, whole addresses (`http://…`) included. */
export function placeIn(url: string): Place | undefined {
  const [, capability = '', connection = '', path = '/', query = ''] =
    /^\/([^/?#]+)\/([^/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(url) ?? [];
  return capability === '' ? undefined : { capability, connection: decode(connection), path, query };
}

/** What no path needs: doubled slashes, backslashes, controls, and ASCII in more bytes than UTF-8 allows. */
const odd = /\/\/|\\|%[01]|%7f|%(?![\da-f]{2})|%(?:25)*(?:5c|c[01]|e0%(?:25)*[89]|f0%(?:25)*8)/i;

/** Whether a path cannot lead upwards, however often a server decodes it and whatever it treats as a separator. */
export function staysBelow(path: string): boolean {
  const isPlain = /^\/[!-~]*$/.test(path) && !odd.test(path);
  const isSame = URL.parse(`http://x${path}`)?.pathname === path;
  return isPlain && isSame && !stepsOf(path).some((step) => /^\.+$/.test(step));
}

/** Whether a request is of a program on this machine, to the relay's own host name, and not of a web page in a browser. */
export function isOfProgram({ headers, socket }: IncomingMessage, host: string): boolean {
  // Other `Sec-Fetch-` headers come from Node's `fetch` as well.
  const isOfPage = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
  return headers.host === host && !isOfPage && socket.remoteAddress === '127.0.0.1';
}

/** Compares texts in a time that does not depend on where they differ. */
export function isEqual(one: string, other: string): boolean {
  const [bytes, others] = [Buffer.from(one), Buffer.from(other)];
  return bytes.length === others.length && timingSafeEqual(bytes, others);
}

/**
 * Headers of a request that are not passed on: those of one hop, those with credentials, origin or target, those that are
 * made anew; and ranges, because a part of a token in an answer could not be masked.
 */
const notRequested =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|authorization|cookie|origin|referer|forwarded|via|range|if-range|x-(?:original|rewrite)-url|(?:proxy|sec|x-forwarded)-.*)$/;

/** Headers of an answer that are not passed on: those of one hop, those for browsers, and that of ranges. */
const notAnswered =
  /^(?:connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|accept-ranges|set-cookie2?|www-authenticate|alt-svc|(?:proxy|access-control)-.*)$/;

/**
 * The headers of a script's request that are passed on, without those that its connection sets. A script that cannot
 * inflate gets a plain answer.
 */
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

/** The headers of an answer that are passed on, without those that have a secret. */
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
