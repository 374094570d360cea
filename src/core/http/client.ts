import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type tls from 'node:tls';
import { AxiosHeaders, getAdapter, type InternalAxiosRequestConfig } from 'axios';
import { pause } from '../async.ts';
import type { Clock, Instant } from '../clock.ts';
import {
  type Connection,
  type ConnectionSecrets,
  hasSecrets,
  isLoopback,
  secretPlace,
  withoutUndefined,
} from '../connection.ts';
import { Part } from '../disposable.ts';
import { cancelled, type Message, TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Redactor } from '../redact.ts';
import { agentOf } from './agent.ts';
import { readBody } from './body.ts';
import { CookieJar } from './cookies.ts';
import { encodePairs, withQuery } from './encode.ts';
import { brokenOff, explain, tooManyHeaders } from './errors.ts';
import { Flight } from './flight.ts';
import type { HttpAnswer, HttpHead, HttpRequest } from './request.ts';
import { isRecord, member } from './text.ts';
import { tlsOptions } from './tls.ts';

export interface HttpDeps {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly log: Log;
  /** Bound of an inflated body, in bytes. Read for each request, since a person may change the setting. */
  readonly maxResponseBytes: () => number;
  /** From 0 to below 1: jitter of the waits between attempts. */
  readonly random?: () => number;
  /** VS Code's setting `http.proxySupport`, as it is now. */
  readonly proxySupport?: () => unknown;
  /** The connection's secrets. Read for each request, since another window may change them. */
  readonly secrets?: () => Promise<ConnectionSecrets>;
}

/** Bounds. Sizes in bytes, times in milliseconds. */
const maxHeaderBytes = 16_384;
const maxHeaders = 200;
/** Shorter than servers keep an idle socket, so that no request is sent over one that they have closed. */
const socketIdleMs = 4_000;
/** The value that axios sets for each request: with another one, Node would reset it each time by system calls. */
const keepAliveMsecs = 60_000;
const maxSockets = 32;
const maxRedirects = 3;
const maxRetries = 2;
const retryBaseMs = 200;

const usualHeaders = {
  Accept: 'application/json, */*;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br',
  'User-Agent': 'session-tokens',
};

/** Hosts to which VS Code never uses a proxy. */
const withoutProxy = new Set(['localhost', '127.0.0.1', '[::1]']);
const redirects = new Set([301, 302, 303, 307, 308]);
const passing = new Set([429, 502, 503, 504]);

/** Only the adapter of axios: the rest of axios takes time and is not needed here. */
const sendWith = getAdapter('http');

/**
 * The client of one connection's gateway, and the only importer of axios. It bounds everything that a server could
 * let grow (headers, body after inflating, time in total), sends nothing to any other origin,
 * and rejects with a `TokensError` only: never with an error of a library, which would hold headers and bodies.
 */
export class HttpClient extends Part<HttpDeps> {
  readonly #base = new URL(this.deps.connection.url);
  readonly #prefix = this.#base.pathname.replace(/\/+$/, '');
  readonly #secure = this.#base.protocol === 'https:';
  /** Whether secure cookies are taken: by TLS, and as in browsers from this machine. */
  readonly #isPrivate = this.#secure || isLoopback(this.#base.href);
  readonly #cookies = new CookieJar(this.#base.hostname, this.deps.clock);
  readonly #agent = agentOf(this.#secure, {
    ...{ keepAlive: true, keepAliveMsecs, timeout: socketIdleMs, maxSockets },
  });
  /** Configurations for sockets that are used again, and for a new socket. */
  readonly #pooled = this.#config(this.#agent);
  readonly #single = this.#config(agentOf(this.#secure, { keepAlive: false }));
  #tls: tls.ConnectionOptions = {};
  /** The passphrase that the key of the client certificate was opened with. */
  #passphrase: string | undefined;
  #isStale = true;

  /** The gateway's name in messages. */
  get host(): string {
    return this.#base.host;
  }

  /**
   * Sends a request and reads its answer; every status is an answer.
   * @throws E_CANCELLED, E_TIMEOUT, E_NETWORK, E_TLS, E_TOO_LARGE, E_PROTOCOL, E_CONFIG (an unreadable file of certificates),
   *   E_CREDENTIALS (a secret of the connection is not known), and what a sink throws.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const headers = await this.#prepare(request);
    // Waiting for its turn does not count as time of the request.
    const over = await request.turn?.(request.signal);
    if (request.signal?.aborted) {
      over?.();
      throw cancelled();
    }
    const flight = new Flight(request, headers, this.deps, this.host);
    const answered = this.#attempts(flight, over)
      .catch((error: unknown) => {
        const known = explain(error, this.host, this.deps);
        // The files of certificates may have been replaced: they are read again for the next request.
        this.#isStale ||= known.code === 'E_TLS' || known.code === 'E_NETWORK';
        throw flight.failure ?? known;
      })
      .finally(() => flight.end());
    flight.givenUp.catch(async () => request.background?.onEnd(await answered.catch(() => undefined)));
    return Promise.race([answered, flight.givenUp]);
  }

  /** Closes idle sockets; running requests go on. */
  override dispose(): void {
    for (const socket of Object.values(this.#agent.freeSockets).flat()) {
      socket?.destroy();
    }
    super.dispose();
  }

  #config(agent: http.Agent): Omit<InternalAxiosRequestConfig, 'headers'> {
    return {
      maxRedirects: 0,
      validateStatus: null,
      responseType: 'stream',
      decompress: false, // Done here, because the bound is on the inflated size.
      proxy: false, // VS Code puts its proxy settings into node's http and https.
      httpAgent: agent,
      httpsAgent: agent,
      transport: { request: this.#request.bind(this) },
    };
  }

  /**
   * VS Code replaces our agent by its own as `http.proxySupport` says; with `on` only where a request has none. Where no
   * proxy is needed its agent uses the one it has replaced, or one that all extensions share: it is given ours, which knows
   * which sockets may be used again. No plain http to this machine goes through a proxy of VS Code, which reads its
   * settings to find that out: that takes longer than sending a small request, and is left out.
   */
  #request(options: RequestOptions, callback: (answer: IncomingMessage) => void): ClientRequest {
    const { agent } = options;
    const all = {
      ...options,
      ...(this.deps.proxySupport?.() === 'on' ? { agent: undefined } : {}),
      // Set on the request, and not only on the agent: a proxy's agent passes on only what the request has.
      ...(this.#secure ? this.#tls : {}),
      // Else VS Code's agent says that the socket is closed after the request.
      ...(agent === this.#agent ? { headers: { ...options.headers, Connection: 'keep-alive' } } : {}),
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
    };
    if (!this.#secure && withoutProxy.has(this.#base.hostname)) {
      return new http.ClientRequest(all, callback);
    }
    const request = (this.#secure ? https : http).request(all, callback);
    const replaced = member(Reflect.get(request, 'agent'), 'opts');
    if (isRecord(replaced) && 'originalAgent' in replaced) {
      replaced.originalAgent = agent;
    }
    return request;
  }

  async #attempts(flight: Flight, over: (() => void) | undefined): Promise<HttpAnswer> {
    const { idempotent, turn } = flight.request;
    let ended = over;
    for (let attempt = 0; ; attempt++) {
      const last = !idempotent || attempt === maxRetries;
      try {
        if (attempt > 0) {
          ended = await turn?.(flight.kill.signal);
        }
        const sent = attempt === 0 ? flight.begun : this.deps.clock.now();
        const answer = await this.#exchange(flight, sent, !last && idempotent === true).finally(ended);
        if (typeof answer !== 'number') {
          return answer;
        }
        await pause(this.deps.clock, answer + this.#backoff(attempt), flight.kill.signal);
      } catch (error) {
        const known = explain(error, this.host, this.deps);
        const isOver = last || flight.isHandedOn || flight.failure !== undefined;
        if (isOver || known.code !== 'E_NETWORK' || known.details.permanent) {
          throw known;
        }
        this.deps.log.debug(`${this.deps.connection.name}: ${known.message} Trying again.`);
        await pause(this.deps.clock, this.#backoff(attempt), flight.kill.signal);
      }
    }
  }

  /** From 0.5 to 1.5 times a base that triples, in milliseconds. */
  #backoff(attempt: number): number {
    return retryBaseMs * 3 ** attempt * (0.5 + (this.deps.random ?? Math.random)());
  }

  /** One request with its redirects. A number is the wait in milliseconds after which the request may be sent again. */
  async #exchange(flight: Flight, sent: Instant, mayWait: boolean): Promise<HttpAnswer | number> {
    const { request } = flight;
    const below = `${this.#base.origin}${request.isWhole ? '' : this.#prefix}`;
    const address = withQuery(`${below}${request.path}`, request.query ?? []);
    let url = new URL(address);
    for (let hop = 0; ; hop++) {
      const message = await this.#dispatch(flight, url, /\?.*/s.exec(address)?.[0]);
      const status = message.statusCode ?? 0;
      if (message.rawHeaders.length / 2 > maxHeaders) {
        message.destroy();
        throw tooManyHeaders(this.host);
      }
      const jar = request.cookies ?? this.#cookies;
      const serverNow = Date.parse(message.headers.date ?? '') || undefined;
      jar.take(message.headers['set-cookie'] ?? [], url.pathname, this.#isPrivate, serverNow);
      request.onSecrets?.(jar.secrets());
      const head: HttpHead = { status, headers: message.headers, sent };
      if (redirects.has(status) && !request.isAnswer?.(head)) {
        message.destroy();
        url = this.#redirect(message, url, request.method, hop);
        continue;
      }
      const retryAfterMs = this.#retryAfter(message.headers['retry-after'], serverNow);
      if (mayWait && passing.has(status) && (status !== 429 || retryAfterMs !== undefined)) {
        const wait = retryAfterMs ?? 0;
        // The longest backoff has to fit as well, and some time for the answer.
        if (this.deps.clock.now().up + wait + 1_000 + retryBaseMs * 3 ** maxRetries < flight.until) {
          message.destroy();
          return wait;
        }
      }
      request.onHead?.(head);
      const { name } = this.deps.connection;
      const body = await readBody({
        ...{ message, head, flight, host: this.host },
        maxBytes: this.deps.maxResponseBytes(),
        note: (what) => this.deps.log.warn(`${name}: ${what}`),
      });
      this.deps.log.debug(`${name}: ${request.method} ${url.pathname} ${status}, ${body.bytes} bytes`);
      return { ...head, ...body, retryAfterMs };
    }
  }

  /** @param query of the address as it was given, with its question mark: a URL encodes quotes */
  async #dispatch({ request, headers: own, kill }: Flight, url: URL, query = ''): Promise<IncomingMessage> {
    const { asItIs, authorization, form, json, method } = request;
    const text =
      form === undefined ? (json === undefined ? undefined : JSON.stringify(json)) : encodePairs(form);
    const data = text === undefined ? request.body : Buffer.from(text);
    const length = data?.length ?? (/^P/.test(method) ? 0 : undefined);
    const cookie = (request.cookies ?? this.#cookies).header(url.pathname);
    const all: Readonly<Record<string, string | undefined>>[] = [
      ...[usualHeaders, own],
      { Cookie: cookie, 'Content-Type': json === undefined ? undefined : 'application/json' },
      { ...request.headers },
      { 'Content-Type': form && 'application/x-www-form-urlencoded; charset=UTF-8' },
      { Authorization: authorization, 'Content-Length': length?.toString() },
    ];
    // In any case of letters the protocol's headers replace the connection's own, and those the usual ones.
    const given = all.flatMap((some) => Object.entries(withoutUndefined(some)));
    const byName = new Map(given.map((header) => [header[0].toLowerCase(), header]));
    const headers: Record<string, string> = Object.fromEntries(byName.values());
    const config = request.idempotent ? this.#pooled : this.#single;
    if (asItIs) {
      const options = { method, path: url.pathname + query, agent: config.httpAgent, headers };
      return this.#sendBare(url, options, data, kill.signal);
    }
    const sent = { method, url: url.href, headers: new AxiosHeaders(headers), data, signal: kill.signal };
    return (await sendWith({ ...config, ...sent })).data;
  }

  /** Sends a request without axios, which would take a fifth of the time that a small one takes here. */
  #sendBare(
    { protocol, hostname, port }: URL,
    options: RequestOptions,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const to = { ...options, protocol, host: hostname.replace(/^\[|\]$/g, ''), port };
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const sent = this.#request(to, resolve);
      signal.addEventListener('abort', () => sent.destroy());
      sent.on('upgrade', (_, socket) => {
        socket.destroy(); // Nobody has asked for another protocol.
        reject(brokenOff(this.host));
      });
      sent.on('error', reject).end(body);
    });
  }

  #redirect(message: IncomingMessage, from: URL, method: string, hop: number): URL {
    const status = message.statusCode ?? 0;
    const { location = '' } = message.headers;
    const to = location.trim() === '' ? null : URL.parse(location, from.href); // It would be the same address.
    const refusal = ({ template, args = [] }: Message) =>
      new TokensError('E_PROTOCOL', template, [this.host, ...args], { status });
    if (to === null) {
      throw refusal({ template: '{0} redirects without saying where to.' });
    }
    if (to.origin !== this.#base.origin) {
      throw refusal({
        template: '{0} redirects to {1}, and nothing is sent to another address than that of the connection.',
        // A hostile server may put a secret that it was sent into a host name.
        args: [this.deps.redactor.redact(to.origin === 'null' ? to.protocol : to.origin)],
      });
    }
    if (method !== 'GET' && method !== 'HEAD' && status !== 307 && status !== 308) {
      throw refusal({
        template: '{0} redirects a request that cannot be redirected; check the address of the connection.',
      });
    }
    if (hop === maxRedirects) {
      throw refusal({ template: '{0} redirects more than {1} times.', args: [maxRedirects] });
    }
    to.username = '';
    to.password = '';
    to.hash = '';
    return to;
  }

  /** Seconds or a date of the server's clock (RFC 9110, 10.2.3), in milliseconds from now. */
  #retryAfter(value: string | undefined, serverNow = this.deps.clock.now().wall): number | undefined {
    if (value === undefined) {
      return undefined;
    }
    const seconds = /^\d{1,9}$/.test(value.trim()) ? Number(value) : Number.NaN;
    const ms = Number.isNaN(seconds) ? Date.parse(value) - serverNow : seconds * 1000;
    return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
  }

  /** Prepares TLS and the connection's own headers with the secrets that are known now. */
  async #prepare({ onSecrets }: HttpRequest): Promise<Record<string, string>> {
    const { connection, redactor, secrets } = this.deps;
    const { passphrase, headers: known } = (hasSecrets(connection) ? await secrets?.() : undefined) ?? {};
    onSecrets?.(Object.values(known ?? {}));
    for (const secret of [passphrase, ...Object.values(known ?? {})]) {
      if (secret !== undefined) {
        redactor.add(secret);
      }
    }
    if (this.#secure && (this.#isStale || this.#passphrase !== passphrase)) {
      this.#tls = await tlsOptions(this.deps, passphrase);
      this.#passphrase = passphrase;
      this.#isStale = false;
    }
    return Object.fromEntries(
      Object.entries(connection.headers ?? {}).map(([name, value]) => {
        const secret = known?.[name.toLowerCase()];
        if (secret === undefined && value.includes(secretPlace)) {
          throw new TokensError(
            'E_CREDENTIALS',
            'The secret of the header {0} of {1} is not known: sign in manually to be asked for it.',
            [name, connection.name],
            { sent: false },
          );
        }
        return [name, value.replaceAll(secretPlace, () => secret ?? '')];
      }),
    );
  }
}
