import * as v from 'valibot';
import { isGatewayUserRefused, TokensError } from '../../errors.ts';
import type { HttpClient } from '../../http/client.ts';
import { basicCredentials } from '../../http/encode.ts';
import { type HttpAnswer, type HttpRequest, isSuccess } from '../../http/request.ts';
import { isError, looksLikeHtml, parseJson, wordsOf, wordsOfError } from '../../http/text.ts';
import { readData } from '../data.ts';
import {
  atLimit,
  detailsOf,
  lacking,
  notJson,
  refused,
  signInRefused,
  tokenExpired,
  tokenText,
} from '../failures.ts';
import type { DataAnswer, DataCall, GatewayDeps, Tokens } from '../protocol.ts';
import {
  lowered,
  refusesLogin,
  saidBeside,
  saysSessionIsGone,
  saysUserTokenIsGone,
  speaksOfLimit,
  totalRows,
} from './reading.ts';
import { type CraQuery, rowsAt } from './request.ts';
import { SessionMask } from './sessionMask.ts';
import { SessionWatch } from './sessionWatch.ts';
import type { CraConnection } from './settings.ts';

/** Somebody's name and password; undefined for the connection's client certificate alone. */
export type CraLogin = { readonly username: string; readonly password: string } | undefined;
export type CraCall = DataCall<CraQuery>;
export type CraDeps = GatewayDeps & { readonly connection: CraConnection };

/** The purpose of a call, where it changes what a failure means. */
interface Purpose {
  readonly logOn?: boolean;
  /** Whether the call opens a session, so that the lack of one may be the reason. */
  readonly opens?: boolean;
  /** Which token a refusal counts for that may as well be about the request. */
  readonly about?: 'sign-in' | 'either';
}

/** What all dialects share: the gateway in front of the services, its errors and its Basic authorization. */
export class CraWire {
  readonly http: HttpClient;
  readonly deps: CraDeps;
  /** The last challenge for Basic. */
  #challenge: string | undefined;

  constructor(http: HttpClient, deps: CraDeps) {
    this.http = http;
    this.deps = deps;
  }

  /** Tells the redactor of what is about to be sent. */
  #guard({ user = '', session = '' }: Partial<Tokens>): void {
    this.deps.redactor.add(user);
    this.deps.redactor.add(session);
  }

  /**
   * Sends; where the method is not allowed, the other one is tried once. A form's token then moves into a header, if
   * nothing else is in the form, and never into the address.
   */
  async eitherMethod(request: HttpRequest, tokens: Partial<Tokens> = {}): Promise<HttpAnswer> {
    const answer = await this.http.send(request);
    if (answer.status !== 405) {
      return answer;
    }
    const { form, method, authorization } = request;
    const bearer = form === undefined || tokens.user === undefined ? undefined : `Bearer ${tokens.user}`;
    return this.http.send({
      ...request,
      form: undefined,
      method: method === 'GET' ? 'POST' : 'GET',
      authorization: authorization ?? bearer,
    });
  }

  /**
   * Sends; where a 401 asks for the Tomcat user, once more with it. Nothing has been done then, so this is safe.
   * @param byEither whether the method is only assumed, so that the other one may be tried
   * @throws E_CREDENTIALS where its password is not known, or is refused
   */
  async asked(request: HttpRequest, tokens: Partial<Tokens>, byEither = false): Promise<HttpAnswer> {
    this.#guard(tokens);
    const send = (one: HttpRequest) => (byEither ? this.eitherMethod(one, tokens) : this.http.send(one));
    const answer = await send(request);
    if (!asksForBasic(answer)) {
      return answer;
    }
    const refused = this.basicRefused(answer);
    const again = this.withBasic(request, tokens);
    const last = again === undefined ? answer : await send(again);
    if (asksForBasic(last)) {
      throw refused;
    }
    return last;
  }

  /**
   * A request with the gateway's Tomcat user added, where its password is known, in the form that Basic was asked for last;
   * undefined where it is not known, or in the request already. Bearer would need the same header, so the token moves into a
   * form.
   */
  withBasic(request: HttpRequest, tokens: Partial<Tokens>): HttpRequest | undefined {
    const { gatewayUser: given, gatewayPassword } = tokens.gateway ?? {};
    const { gatewayUser = given } = this.deps.connection;
    if (gatewayUser === undefined || gatewayPassword === undefined) {
      return undefined;
    }
    const credentials = basicCredentials(gatewayUser, gatewayPassword, this.#challenge);
    for (const secret of [gatewayPassword, `${gatewayUser}:${gatewayPassword}`, credentials]) {
      this.deps.redactor.add(secret);
    }
    const authorization = `Basic ${credentials}`;
    if (authorization === request.authorization) {
      return undefined;
    }
    return tokens.user === undefined || !request.authorization?.startsWith('Bearer')
      ? { ...request, authorization }
      : { ...request, method: 'POST', form: [['userToken', tokens.user]], authorization };
  }

  /** The user token of an answer to a log-on. @throws the error that the answer tells, or E_PROTOCOL without a token */
  userToken(answer: HttpAnswer): string {
    const { status, text } = answer;
    const body = isSuccess(status) ? parseJson(text) : undefined;
    const token = body?.ok && lowered(body.value).get('usertoken');
    if (v.is(tokenText, token)) {
      this.deps.redactor.add(token);
      return token;
    }
    if (this.refusesLogin(answer)) {
      throw this.#logOnRefused(answer, wordsOf(text, this.deps.redactor));
    }
    this.json(answer, { logOn: true });
    throw lacking(this.http.host, status, 'a token');
  }

  /** Whether the answer to a log-on, which is no success, has been counted against the account: see {@link refusesLogin}. */
  refusesLogin(answer: HttpAnswer): boolean {
    return refusesLogin(answer, wordsOf(answer.text, this.deps.redactor));
  }

  /** The JSON of an answer to anything but a data call. @throws the error that the answer tells */
  json(answer: HttpAnswer, purpose: Purpose = {}): unknown {
    const { isFailure, parsed } = this.#read(answer);
    if (isFailure || !parsed.ok) {
      throw this.failure(answer, purpose);
    }
    return parsed.value;
  }

  /** Checks an answer without a result, whose body is not documented: any but HTML. @throws the error that it tells */
  acknowledged(answer: HttpAnswer, about: 'sign-in' | 'either'): void {
    const { isFailure, words } = this.#read(answer);
    if (isFailure || looksLikeHtml(answer.text)) {
      throw this.failure(answer, { about });
    }
    if (saysSessionIsGone(words) || saysUserTokenIsGone(words)) {
      throw this.refusal(answer, words, { about });
    }
  }

  /**
   * Checks the answer to the closing of a session; one that is unknown counts as closed.
   * @throws what else the gateway said
   */
  closed(answer: HttpAnswer): void {
    if (answer.status !== 404 && answer.status !== 410 && !this.speaksOfSession(answer)) {
      this.acknowledged(answer, 'either');
    }
  }

  /**
   * Whether an answer says that a session does not exist any more. The words are not documented, and the status may be any
   * (docs/protocols.md 2).
   */
  speaksOfSession(answer: HttpAnswer): boolean {
    return saysSessionIsGone(wordsOf(answer.text, this.deps.redactor));
  }

  /** The error for an answer that is a failure: by its status, by its body, or because it is not of the protocol. */
  failure(answer: HttpAnswer, purpose: Purpose): TokensError {
    const { isFailure, words } = this.#read(answer);
    return isFailure ? this.refusal(answer, words, purpose) : notJson(this.http.host, answer);
  }

  /** Whether an answer without rows is a failure, by its status or its body, and its words. */
  #read({ status, text }: HttpAnswer) {
    const parsed = parseJson(text);
    const head = isSuccess(status) && parsed.ok ? parsed.value : undefined;
    const said = saidBeside({ head, rowCount: 0 }, this.deps.redactor);
    return {
      parsed,
      isFailure: !isSuccess(status) || said.isFailure,
      words: said.isFailure ? said.words.join(' ') : wordsOf(text, this.deps.redactor),
    };
  }

  /** The error for what the gateway itself called a failure. */
  refusal(answer: HttpAnswer, words: string, { logOn, opens, about }: Purpose): TokensError {
    const { status } = answer;
    const { host } = this.http;
    if (asksForBasic(answer)) {
      return this.basicRefused(answer);
    }
    if (logOn) {
      return this.#logOnRefused(answer, words);
    }
    const details = detailsOf(answer, words);
    const isGone = (status === 403 || mayBeOfToken.has(status)) && saysUserTokenIsGone(words);
    if (status === 401 || status === 410 || isGone) {
      return tokenExpired(host, words, { ...details, refused: about ?? 'sign-in' });
    }
    if (opens && (status === 429 || status === 503 || speaksOfLimit(words))) {
      return atLimit(host, words, details);
    }
    if (about === 'either' && saysSessionIsGone(words)) {
      return refused(host, words, { ...details, refused: 'session' });
    }
    const mayBe = about !== undefined && mayBeOfToken.has(status);
    return refused(host, words, mayBe ? { ...details, refused: about } : details);
  }

  #logOnRefused(answer: HttpAnswer, words: string): TokensError {
    const { status } = answer;
    const { host } = this.http;
    const isRefused = refusesLogin(answer, words);
    const details = { ...detailsOf(answer, words), ...(isRefused ? { refused: 'login' as const } : {}) };
    if (status !== 401 && status !== 403) {
      return refused(host, words, details);
    }
    const byCertificate = { template: '{0} refused the sign-in by client certificate.' };
    const byPassword = { template: '{0} refused the sign-in: wrong user or password.' };
    const isByCertificate = this.deps.connection.login === 'certificate';
    return signInRefused(host, words, details, isByCertificate ? byCertificate : byPassword);
  }

  /** The error for a 401 that asks for the Tomcat user. */
  basicRefused({ status, text, headers }: HttpAnswer): TokensError {
    this.#challenge = headers['www-authenticate'];
    return new TokensError(
      'E_CREDENTIALS',
      '{0} asks for its Tomcat user, or refused it: check the connection’s gatewayUser and its password.',
      [this.http.host],
      { status, detail: wordsOf(text, this.deps.redactor), refused: 'gatewayUser' },
    );
  }

  /**
   * A data call of any dialect.
   * @param opens Whether it opens a session that outlives it.
   */
  async data(
    request: HttpRequest,
    call: Omit<CraCall, 'query' | 'keepOpen'>,
    opens: boolean,
  ): Promise<{ answer: DataAnswer; session: string | undefined }> {
    const { redactor, clock } = this.deps;
    this.#guard(call.tokens);
    const known = call.tokens.session;
    const purpose: Purpose = known === undefined ? { opens: true } : { about: 'either' };
    const watch = new SessionWatch(known, (session) => {
      redactor.add(session.value);
      call.relayed?.script.onSecrets([session.value]);
      return opens || known !== undefined ? call.onSession?.(session) : undefined;
    });
    // A script gets the rows without the session's id.
    const makeReader: CraCall['makeReader'] = (path, onScalar) =>
      new SessionMask(call.makeReader(path, onScalar), (id) => onScalar('session', id));
    const reading = call.relayed === undefined ? call : { ...call, makeReader };
    let error: string | undefined;
    const attempt = (one: HttpRequest) =>
      readData(this.http, one, reading, {
        rowsAt,
        onHead: (head) => watch.onHead(head),
        onScalar: (name, value) => {
          watch.onScalar(name, value);
          error = name.toLowerCase() === 'error' ? value : error;
        },
        awaitsSession: opens ? () => watch.id === undefined : undefined,
        failure: (answered) => {
          watch.onFailure(answered.text);
          return this.failure(answered, purpose);
        },
      });
    try {
      const { http, answer } = await attempt(request).catch((reason: unknown) => {
        if (isError(error) && reason instanceof TokensError && reason.code === 'E_PROTOCOL') {
          // It broke off after its error had arrived.
          const answered = { status: 200, headers: {}, sent: clock.now(), text: '' };
          throw this.refusal(answered, wordsOfError(error, redactor), purpose);
        }
        const again = isGatewayUserRefused(reason) ? this.withBasic(request, call.tokens) : undefined;
        if (again === undefined) {
          throw reason;
        }
        return attempt(again);
      });
      const { words, isFailure } = saidBeside(answer, redactor);
      if (isFailure) {
        answer.dispose();
        throw this.refusal(http, words.join(' '), purpose);
      }
      const warnings = words.length === 0 ? {} : { warnings: words };
      const got = { sent: http.sent, answer, totalRows: totalRows(answer), ...warnings };
      return { answer: got, session: watch.id ?? known };
    } finally {
      await watch.settled();
    }
  }

  /** @throws E_CONFIG where the dialect needs a service and there is none. */
  service(tokens: Pick<Tokens, 'service'>): string {
    const service = tokens.service ?? this.deps.connection.service;
    if (service === undefined) {
      throw new TokensError('E_CONFIG', 'Say which service of {0} to sign in to.', [
        this.deps.connection.name,
      ]);
    }
    return service;
  }
}

/** Statuses under which a gateway may have refused a token, and not the request; an `error` under 200 may say anything. */
const mayBeOfToken = new Set([200, 400, 404]);

export function asksForBasic(answer: Pick<HttpAnswer, 'status' | 'headers'>): boolean {
  return answer.status === 401 && /\bbasic\b/i.test(answer.headers['www-authenticate'] ?? '');
}
