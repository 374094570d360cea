import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pause } from '../async.ts';
import type { Clock } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import type { Disposable } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import type { HttpRequest } from '../http/request.ts';
import { type Log, logFault } from '../log.ts';
import { identityOf } from '../protocols/kinds.ts';
import type { ScriptRequest } from '../protocols/relayed.ts';
import type { RelayOptions } from '../tokens/dataCall.ts';
import { isEqual, isOfProgram, placeIn, requestHeaders, staysBelow } from './guards.ts';
import { RelayedAnswer, sendError } from './relayedAnswer.ts';

/** Bounds: sizes in bytes, times in milliseconds. */
const maxBodyBytes = 16_777_216;
const maxAtOnce = 32;
/**
 * The delay for a wrong capability, and after how many of them `onWrong` is called first; then after ten times as many, and
 * so on.
 */
const wrongMs = 1_000;
const firstTold = 10;
/** A script's request may take as long as so many requests to the gateway, since it may include a sign-in. */
const maxTimes = 4;

const bounds = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
/** Sockets that wait for a first request; as many again may be in use. */
const maxSilent = 64;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface RelayDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The connection as it is set now. @throws E_CONFIG where it has gone */
  connection(): Connection;
  /** Sends a request to its gateway. */
  send(request: ScriptRequest, options: RelayOptions): Promise<unknown>;
  /** A failure in one sentence. */
  sentence(error: TokensError): string;
  /** Is called at the end of a request; with the error if it failed. */
  onDone(error?: TokensError): void;
  /** Is called when so many wrong capabilities were tried. */
  onWrong(count: number): void;
}

/** A relay's address. Whoever knows it can use the connection, but never gets a token. */
export interface RelayAddress {
  readonly port: number;
  readonly capability: string;
}

/**
 * A server for the scripts of one terminal, on this machine alone: it sends their requests on to the gateway of a
 * connection, with the token that the scripts do not have.
 */
export class Relay implements Disposable, RelayAddress {
  readonly capability: string;
  port = 0;
  readonly #deps: RelayDeps;
  readonly #server: Server;
  readonly #name: string;
  /** The identity (`identityOf`) of its connection: it sends nothing elsewhere. */
  readonly identity: string;
  readonly #underWay = new Set<ServerResponse>();
  #wrong = 0;
  #told = firstTold;
  /** Delayed answers to wrong capabilities, which do not count as requests at work. */
  readonly #refusing = new Set<ServerResponse>();
  /** Sockets without a request so far, the oldest first. */
  readonly #silent = new Set<Socket>();
  /** Requests that were sent on so far. */
  requests = 0;

  /**
   * Starts a relay at a free port.
   * @param address where it was before a reload of the window
   * @throws what listening throws, where that port is taken
   */
  static async start(deps: RelayDeps, address?: RelayAddress): Promise<Relay> {
    const relay = new Relay(deps, address?.capability ?? randomBytes(32).toString('base64url'));
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject);
      relay.#server.listen({ host: '127.0.0.1', port: address?.port ?? 0 }, resolve);
    });
    relay.port = (relay.#server.address() as AddressInfo).port;
    relay.#server.on('error', (error) => logFault(deps.log, error));
    return relay;
  }

  private constructor(deps: RelayDeps, capability: string) {
    this.#deps = deps;
    this.capability = capability;
    const connection = deps.connection();
    this.#name = connection.name;
    this.identity = identityOf(connection);
    this.#server = createServer(bounds, (request, response) => void this.#take(request, response));
    this.#server.maxConnections = 2 * maxSilent;
    this.#server.on('connection', (socket: Socket) => {
      this.#silent.add(socket.once('close', () => this.#silent.delete(socket)));
      const [oldest] = this.#silent;
      if (oldest !== undefined && this.#silent.size > maxSilent) {
        this.#silent.delete(oldest.destroy()); // So that sockets without requests do not keep others out.
      }
    });
  }

  /** The address that scripts put before a path. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/${this.capability}/${encodeURIComponent(this.#name)}`;
  }

  /** Ends the relay. Waiting scripts get an answer: after a reload of the window it may be back. */
  dispose(): void {
    this.#server.close();
    for (const response of [...this.#underWay, ...this.#refusing]) {
      sendError(response, 503, 'The relay has ended.');
    }
    setImmediate(() => this.#server.closeAllConnections());
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#silent.delete(request.socket);
    response.on('error', () => undefined); // The script has gone.
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (request.errored !== null) {
        return; // The script has gone before its request was complete.
      }
      logFault(this.#deps.log, error);
      sendError(response, 500, ownFault().message);
    } finally {
      this.#underWay.delete(response);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const place = placeIn(request.url ?? '');
    const method = methods.find((one) => one === request.method);
    if (!isOfProgram(request, `127.0.0.1:${this.port}`)) {
      sendError(response, 403, 'The relay answers programs of this machine alone, and no web pages.');
    } else if (place === undefined || !isEqual(place.capability, this.capability)) {
      await this.#refuse(request, response);
    } else if (this.#underWay.size >= maxAtOnce) {
      sendError(response, 503, 'The relay has too many requests at once.');
    } else if (place.connection !== this.#name || !staysBelow(place.path)) {
      sendError(response, 400, 'This address leads nowhere that the relay sends requests.');
    } else if (method === undefined) {
      sendError(response, 405, 'The relay does not send requests of this method.');
    } else {
      this.#underWay.add(response);
      const body = await bodyOf(request);
      await (body === undefined
        ? sendError(response, 413, 'The body of the request is too large for the relay.')
        : this.#relay(request, response, { ...place, method, body }));
    }
  }

  async #refuse(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (++this.#wrong === this.#told) {
      this.#told *= 10;
      this.#deps.onWrong(this.#wrong);
    }
    if (this.#refusing.size >= maxAtOnce) {
      request.destroy();
      return;
    }
    this.#refusing.add(response);
    await pause(this.#deps.clock, wrongMs);
    this.#refusing.delete(response);
    sendError(response, 404, 'There is no such relay.');
  }

  async #relay(
    incoming: IncomingMessage,
    response: ServerResponse,
    asked: { method: HttpRequest['method']; path: string; query: string; body: Uint8Array },
  ): Promise<void> {
    const { clock, log } = this.#deps;
    const { method, path, query, body } = asked;
    const begun = clock.now().up;
    const answer = new RelayedAnswer(response, (location) => this.#located(location, path));
    const ending = new AbortController();
    const abort = () => ending.abort();
    response.once('close', abort);
    this.requests++;
    let failure: TokensError | undefined;
    let timer: Disposable | undefined;
    try {
      const connection = this.#connection();
      timer = clock.setTimeout(abort, maxTimes * connection.requestTimeoutSeconds * 1000);
      const headers = requestHeaders(incoming.headers, connection);
      const sent = { method, path, query, headers, body: body.length === 0 ? undefined : body };
      await this.#deps.send(sent, { makeReader: () => answer, script: answer, signal: ending.signal });
      answer.finish();
    } catch (error) {
      if (!(error instanceof TokensError)) {
        logFault(log, error);
      }
      failure = error instanceof TokensError ? error : ownFault();
      answer.fail(failure, this.#deps.sentence(failure));
    } finally {
      timer?.dispose();
      response.off('close', abort); // Aborting would create an error for nothing.
      const ms = Math.round(clock.now().up - begun);
      log.info(`Relay of ${this.#name}: ${method} ${path} ${response.statusCode}, ${ms} ms`);
      this.#deps.onDone(failure);
    }
  }

  /** The connection, if it is still bound to what the person has agreed to. */
  #connection(): Connection {
    const connection = this.#deps.connection();
    if (identityOf(connection) !== this.identity) {
      throw new TokensError(
        'E_CONFIG',
        'The connection {0} leads elsewhere now than when its relay was started.',
        [connection.name],
      );
    }
    return connection;
  }

  /** The `Location` of the answer for a path as an address of the relay. */
  #located(location: string, path: string): string {
    const { url } = this.#deps.connection();
    const prefix = new URL(url).pathname.replace(/\/+$/, '');
    const to = URL.parse(location, originOf({ url }) + prefix + path);
    return to?.origin === originOf({ url }) && `${to.pathname}/`.startsWith(`${prefix}/`)
      ? this.url + to.pathname.slice(prefix.length) + to.search + to.hash
      : location;
  }
}

function ownFault(): TokensError {
  return new TokensError('E_PROTOCOL', 'Something went wrong in Session Tokens itself; the log says what.');
}

/** The body of a request; undefined for one that is too large. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && Number(length) === 0) {
    return new Uint8Array();
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > maxBodyBytes) {
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
