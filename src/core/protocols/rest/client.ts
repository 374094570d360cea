import { Part } from '../../disposable.ts';
import { HttpClient, type HttpDeps } from '../../http/client.ts';
import { CookieJar } from '../../http/cookies.ts';
import type { HttpAnswer, HttpHead, HttpRequest } from '../../http/request.ts';
import { isNameField } from '../../redact.ts';
import { readData, revokingLate } from '../data.ts';
import { notJson } from '../failures.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  Grant,
  Kept,
  Life,
  Login,
  Tokens,
  Tried,
  TryOptions,
} from '../protocol.ts';
import { notRelayed, type ScriptRequest } from '../relayed.ts';
import { Answers } from './answers.ts';
import { matches, mayMatch } from './criteria.ts';
import { isByKept, isSafe, namesOf, type RestRequest } from './description.ts';
import { HeldReader } from './held.ts';
import { fixedMs, newLife, toldIn, toldMs, type Unit } from './life.ts';
import { type Place, type Seen, seen, seenInPart } from './place.ts';
import { isSamePath, scriptRequest, withBody } from './relay.ts';
import { type DataRequest, dataRequest, descriptionOf, type RestQuery, storedHeaders } from './request.ts';
import { endsSignIn, leadsOn, type Scope, Sending } from './sending.ts';
import { namesInText } from './template.ts';

/** Speaks to an API as the settings of its connection describe it (docs/rest.md). */
export class RestClient extends Part<HttpDeps> implements Gateway<RestQuery> {
  readonly #description = descriptionOf(this.deps.connection);
  readonly #http = this.add(
    new HttpClient({
      ...this.deps,
      connection: { ...this.deps.connection, headers: storedHeaders(this.#description.headers) },
    }),
  );
  readonly #sending = this.add(new Sending(this.deps));
  readonly #answers = this.add(new Answers(this.deps));
  readonly renewsDead = isByKept(this.#description);
  readonly remainingLife: Gateway['remainingLife'] =
    this.#description.query && this.#ask.bind(this, this.#description.query);

  async signIn(login: Login, _service?: string, options: TryOptions = {}): Promise<Grant> {
    const { before, answers, answer } = await this.#takeSteps(login, options, true);
    return this.#asked(this.#granted(before, answer, answers.slice(0, -1)), {}, options);
  }

  /** A grant with the life that the query for it tells, where the answer itself told none. */
  async #asked(grant: Grant, kept: Kept, options: CallOptions): Promise<Grant> {
    const { life, query } = this.#description;
    if (grant.reportedMs !== undefined || query === undefined || !(toldIn(query) ?? toldIn(life))) {
      return grant;
    }
    try {
      // Whatever its error, cancelling included, the token exists and must not get lost.
      const { isUnchanged: _, estimatedMs: __, ...rest } = grant;
      const told = await this.#ask(query, { user: grant.value, more: { ...kept, ...grant.more } }, options);
      const left = told.reportedMs ? { ...rest, sent: told.sent, reportedMs: told.reportedMs } : grant;
      const more = { ...grant.more, ...told.more };
      return { ...left, ...(Object.keys(more).length === 0 ? {} : { more }) };
    } catch {
      return grant;
    }
  }

  async trySignIn(login: Login, options: TryOptions = {}): Promise<Tried> {
    const { foundIn } = await import('./describing.ts');
    const { before, answers, answer } = await this.#takeSteps(login, options, false);
    const found = foundIn(seen(answer, answer.text));
    for (const { text, isSecret } of found) {
      if (isSecret && text !== undefined) {
        this.deps.redactor.add(text);
      }
    }
    return { status: answer.status, found, answers, cookies: before.cookies };
  }

  async getData({ tokens, query, makeReader, relayed, signal }: DataCall<RestQuery>): Promise<DataAnswer> {
    const request =
      relayed === undefined
        ? dataRequest(query, this.deps.connection)
        : scriptRequest(relayed.request, this.#description);
    const scope = { ...this.#scopeOf(tokens), params: request.params };
    const { expired, limit } = this.#description;
    const mayBeNone =
      relayed !== undefined ||
      mayMatch([...limit, ...expired]) ||
      ['json', 'text'].includes(toldIn(request) ?? '') ||
      tellsMore(request);
    let head: HttpHead | undefined;
    let held: HeldReader | undefined;
    const { http, answer } = await readData(
      this.#http,
      { ...this.#sent(request, scope, relayed?.request), idempotent: isSafe(request) },
      {
        signal,
        relayed,
        makeReader: (...args) => {
          const make = () => this.#answers.masking(makeReader(...args));
          const check = (text: string) => head && this.#answers.check(head, seen(head, text), 'token');
          held = mayBeNone ? new HeldReader({ make, check }) : undefined;
          return held ?? make();
        },
      },
      {
        rowsAt: request.rowsAt,
        mayBeEmpty: true,
        onHead: (one) => {
          head = one;
          relayed?.script.onSecrets(this.#answers.inHeaders(one));
        },
        failure: (answered) => this.#answers.failure(answered) ?? notJson(this.#http.host, answered),
      },
    );
    const text = answer.bytes === 0 ? '' : (held?.text ?? ''); // An empty body was read as one without rows.
    const view = held?.isWhole ? seen(http, text) : seenInPart(http, text, answer.head.Rest);
    try {
      this.#answers.check(http, view, 'token');
    } catch (error) {
      answer.dispose();
      throw error;
    }
    const value = isUse(request) ? this.#answers.rotated(view, request.token) : undefined;
    return {
      sent: http.sent,
      answer,
      totalRows: answer.rowCount,
      ...this.#answers.warnings(answer, request.rowsAt.at ?? []),
      ...this.#lifeAfterData(request, view, tokens.user, value),
      ...this.#answers.newOf(tokens, scope.cookies, value, this.#answers.keptAt(request.keep, view)),
    };
  }

  /** A request for data as it is sent, with the body of a script's where it is one. @throws E_CONFIG for one about the token */
  #sent(request: DataRequest, scope: Scope, script?: ScriptRequest) {
    const sent = this.#sending.fill(request, scope);
    if (script !== undefined && this.#isOfToken(script.path, scope)) {
      throw notRelayed();
    }
    return script === undefined ? sent : withBody(sent, script, this.#description, scope.token ?? '');
  }

  /** Whether a path is that of a request about the token, with what its answers told filled in. */
  #isOfToken(path: string, scope: Scope): boolean {
    const { query, renew, revoke } = this.#description;
    const { pathname } = new URL(this.deps.connection.url);
    return [query, renew, revoke].some((one) => {
      if (one === undefined || !this.#sending.canFill(one.path, scope)) {
        return false;
      }
      const { path: own, isWhole } = this.#sending.fill({ ...one, form: undefined, json: undefined }, scope);
      return isSamePath(own.split('?', 1)[0] ?? '', isWhole ? `${pathname}/${path}` : path);
    });
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const { keep, life, renew, token } = this.#description;
    if (renew === undefined) {
      throw new TypeError('There is no such request.');
    }
    const scope = await this.#scopeWith(renew, tokens);
    this.#sending.requireLogin(renew, scope);
    const idempotent = isSafe(renew) && !this.renewsDead;
    const filled = this.#sending.fill(renew, scope);
    const { answer, view } = await this.#send(filled, idempotent, options);
    this.#answers.check(answer, view, 'renewal');
    const value = this.#answers.tokenAt(renew.token ?? token, view) ?? tokens.user;
    const kept = this.#answers.keptAt({ ...keep, ...renew.keep }, view);
    const unit = isUnit(renew) ? renew : life;
    const lives = value === tokens.user;
    const grant = {
      value,
      sent: answer.sent,
      ...(lives ? this.#lifeOn(unit, view, value, renew) : newLife(unit, answer, value)),
      ...this.#answers.newOf(tokens, scope.cookies, undefined, kept),
    };
    // After a refresh token was used, the new one has to be stored first.
    const isKnown = this.renewsDead || (lives && !grant.isUnchanged);
    return isKnown ? grant : this.#asked(grant, tokens.more ?? {}, options);
  }

  /** Sends a request that is no data call. */
  async #send(filled: HttpRequest, idempotent: boolean, { signal }: CallOptions) {
    const answer = await this.#http.send({ ...filled, signal, idempotent });
    return { answer, view: seen(answer, answer.text) };
  }

  /** Asks for the life left. */
  async #ask(
    query: RestRequest,
    tokens: Tokens,
    options: CallOptions = {},
  ): Promise<Life & Pick<Grant, 'more'>> {
    const { life } = this.#description;
    const scope = this.#scopeOf(tokens);
    const { answer, view } = await this.#send(this.#sending.fill(query, scope), isSafe(query), options);
    this.#answers.check(answer, view, 'token');
    // The expiry inside of the token itself says nothing new.
    const told = toldMs(toldIn(query) ? query : { ...life, jwt: undefined }, view, tokens.user, true);
    return {
      sent: answer.sent,
      ...(told === undefined ? { isUnchanged: true } : { reportedMs: Math.max(told, 0) }),
      ...this.#answers.newOf(tokens, scope.cookies),
    };
  }

  async close(tokens: Tokens, options: CallOptions = {}): Promise<void> {
    const { revoke } = this.#description;
    if (revoke === undefined) {
      return; // It expires by itself.
    }
    const scope = await this.#scopeWith(revoke, tokens);
    if (!this.#sending.canFill(revoke.path, scope)) {
      this.deps.log.warn(
        `${this.deps.connection.name}: no answer told where to end this token, so it ends by itself.`,
      );
      return;
    }
    const { answer, view } = await this.#send(this.#sending.fill(revoke, scope, leadsOn), true, options);
    if (matches(this.#description.expired, view) || answer.status === 401) {
      this.#sending.requireLogin(revoke, scope); // Without all of the login, that may be what was refused.
    } else if (![404, 410].includes(answer.status) && !leadsOn(answer)) {
      this.#answers.check(answer, view, 'token'); // A token that is gone counts as closed.
    }
  }

  /**
   * Sends the steps of a sign-in that were not tried yet, and reads all answers but the last.
   * @param revokesLate whether a token that comes after its caller has cancelled is revoked
   */
  async #takeSteps(login: Login, { signal, tried }: TryOptions, revokesLate: boolean) {
    const { signIn } = this.#description;
    this.deps.redactor.addNamed(login);
    const cookies = tried?.cookies ?? this.#cookies({});
    let before: Scope = { more: this.#keptOf(login), login, cookies };
    const answers: HttpAnswer[] = [];
    for (const [at, step] of signIn.entries()) {
      const isLast = at === signIn.length - 1;
      const scope = before;
      const revoke = async (late: HttpAnswer) => {
        const { value, more } = this.#granted(scope, late, answers);
        await this.close({ user: value, more, login: async () => login });
      };
      const answer =
        tried?.answers[at] ??
        (await this.#http.send({
          ...this.#sending.fill(step, scope, endsSignIn),
          signal,
          background: isLast && revokesLate ? revokingLate(this.deps, revoke) : undefined,
        }));
      answers.push(answer);
      if (isLast) {
        return { before, answers, answer };
      }
      before = this.#afterStep(step, before, answer);
    }
    throw new TypeError('A sign-in has at least one step.');
  }

  /** Reads the answer of a step of the sign-in. */
  #afterStep(step: RestRequest | undefined, before: Scope, answer: HttpAnswer, usual?: Place): Scope {
    const view = seen(answer, answer.text);
    this.deps.redactor.addNamed(before.cookies.kept());
    this.#answers.check(answer, view, 'signIn');
    const places = { ...this.#description.keep, ...step?.keep };
    const more = { ...before.more, ...this.#answers.keptAt(places, view, before.cookies) };
    const place = step?.token ?? usual;
    const token = place === undefined ? before.token : this.#answers.tokenAt(place, view, before.cookies);
    return { ...before, more, token };
  }

  /** What the last answer of a sign-in has granted. */
  #granted(before: Scope, answer: HttpAnswer, earlier: readonly HttpAnswer[]): Grant {
    const { life, signIn, token: usual } = this.#description;
    const step = signIn.at(-1);
    const { token, more, cookies } = this.#afterStep(step, before, answer, usual);
    const view = seen(answer, answer.text);
    if (token === undefined) {
      const isPage = usual.in === 'text' && view.text.trim() !== '';
      throw isPage || (usual.in === 'json' && view.json === undefined)
        ? notJson(this.#http.host, answer)
        : this.#answers.lacking(answer, step?.token ?? usual, 'token');
    }
    const unit = step !== undefined && isUnit(step) ? step : life;
    return {
      value: token,
      ...newLife(unit, answer, token, earlier),
      more: { ...more, ...cookies.kept() },
    };
  }

  /** The life of a token after a request that did not replace it. */
  #lifeOn(unit: Unit, view: Seen, token: string, request: RestRequest): Omit<Life, 'sent'> {
    const told = toldMs(unit, view, token, true);
    const fixed = fixedMs(request);
    if (told !== undefined) {
      return { reportedMs: Math.max(told, 0) };
    }
    if (fixed !== undefined) {
      return { estimatedMs: fixed };
    }
    const { life, renew } = this.#description;
    // The request that renews sets the life back even without the token.
    return life.sliding && (request === renew || isUse(request)) ? {} : { isUnchanged: true };
  }

  #lifeAfterData(request: RestRequest, view: Seen, old: string, rotated?: string): Omit<Life, 'sent'> {
    const { life } = this.#description;
    const by = toldIn(life);
    // Any answer may have headers and cookies, and data cannot be mistaken for those.
    const isTold = by === 'header' || by === 'cookie' || (by === 'jwt' && rotated !== undefined);
    const unit = isUnit(request) ? request : isTold && isUse(request) ? life : {};
    return this.#lifeOn(unit, view, rotated ?? old, request);
  }

  /**
   * The parts of a login that are kept with the token: those in the headers of every request, and names for its renewal or
   * revocation.
   */
  #keptOf(login: Login): Kept {
    const { headers, renew, revoke } = this.#description;
    const isAsked = (name: string) => Object.hasOwn(login, name);
    const always = Object.values(headers).flatMap((text) => namesInText(text, isAsked));
    const later = [renew, revoke].flatMap((one) => (one === undefined ? [] : namesOf(one, isAsked)));
    const names = [...always, ...later.filter(isNameField)];
    return Object.fromEntries(names.map((name) => [name, login[name] ?? '']));
  }

  #scopeOf({ user, more = {} }: Tokens): Scope {
    this.deps.redactor.addNamed({ token: user, ...more });
    return { token: user, more, login: {}, cookies: this.#cookies(more) };
  }

  /** The scope for a request that may need the login again. */
  async #scopeWith(request: RestRequest, tokens: Tokens): Promise<Scope> {
    const scope = this.#scopeOf(tokens);
    const { ask } = this.#description;
    const wanted = namesOf(request, (name) => ask.includes(name)).some(
      (name) => scope.more[name] === undefined,
    );
    const login = wanted || request.basic ? await tokens.login?.() : undefined;
    this.deps.redactor.addNamed(login ?? {});
    return { ...scope, login: login ?? {} };
  }

  #cookies(kept: Kept): CookieJar {
    const jar = new CookieJar(new URL(this.deps.connection.url).hostname, this.deps.clock);
    jar.fill(kept);
    return jar;
  }
}

/** Whether a request has its own `life` members. */
function isUnit(request: RestRequest): boolean {
  return toldIn(request) !== undefined || fixedMs(request) !== undefined;
}

/** Whether the token goes with a request, in its place or where the request names it. */
function isUse(request: RestRequest): boolean {
  return request.send || namesOf(request, (name) => name === 'token').length > 0;
}

/** Whether a request has its own places of the token or of what is kept. */
function tellsMore({ keep, token }: RestRequest): boolean {
  return token !== undefined || Object.keys(keep).length > 0;
}
