import { type Answer, craRefusal, json, Refusal, tomcatPage } from './answer.ts';
import { allow, bearer, type Call, form, jsonFields, parameter, yesOrNo } from './call.ts';
import { collectionTime, isAskedFor, readSelection, server } from './craData.ts';
import { type CraSession, newSecret, type State } from './state.ts';
import { idOf, systems, type View } from './views.ts';

/** A call, and what its path names. */
interface Asked {
  readonly call: Call;
  readonly service: string;
  /** The living user token, where the path asks for one. */
  readonly token: string;
  /** Named in the path by the newer dialect, in the query by the classic one. */
  readonly product: string | undefined;
  readonly name: string | undefined;
  /** Which list of a product is wanted. */
  readonly list: string | undefined;
}

/** The handler of a path. */
interface Route {
  readonly methods: readonly string[];
  /** Where the user token is; without it none is needed. */
  readonly tokenIn?: (call: Call) => string | undefined;
  readonly answer: (asked: Asked) => Answer;
}

/** Who may log on. */
const user = { name: 'demo', password: 'demo' };

const byForm = { methods: ['POST'], tokenIn: formToken };
const byBearer = { methods: ['GET'], tokenIn: bearer };
// One header cannot carry Bearer and Basic: the form's token serves where Basic is asked for.
const byEither = { methods: ['POST'], tokenIn: (call: Call) => formToken(call) ?? bearer(call) };

/** The functions of a CRA gateway, in both dialects (docs/protocols.md 2). */
export class Cra {
  readonly #state: State;
  readonly #logOn: Route = { methods: ['POST'], answer: (asked) => this.#byForm(asked) };
  readonly #logOff: Route = { ...byForm, answer: ({ token }) => this.#endUserToken(token) };
  readonly #keepAlive: Route = { ...byEither, answer: (asked) => this.#kept(asked) };
  readonly #choices: Route = { ...byBearer, answer: (asked) => this.#listed(asked) };

  /** The classic dialect (docs/protocols.md 2a), by what follows the service. */
  readonly #classic = new Map<string, Route>([
    ['', { methods: ['GET'], answer: () => this.#services() }],
    ['Logon', this.#logOn],
    ['Logoff', this.#logOff],
    ['keepalive', this.#keepAlive],
    ['close', { ...byEither, answer: (asked) => this.#close(asked) }],
    ['getView', { ...byForm, answer: (asked) => this.#columns(asked) }],
    ['getData', { ...byForm, answer: (asked) => this.#data(asked, false) }],
  ]);

  /** The newer dialect (2b), `*` for the name of a product or a view. The list of views is assumed (A). */
  readonly #newest = new Map<string, Route>([
    ['', { methods: ['GET', 'POST'], answer: (asked) => this.#servicesOrClose(asked) }],
    ['logon', this.#logOn],
    ['login', { methods: ['POST'], answer: (asked) => this.#byJson(asked) }],
    ['Logoff', this.#logOff],
    ['keepalive', this.#keepAlive],
    ['products', { ...byBearer, answer: () => this.#products() }],
    ['products/*/views', this.#choices],
    ['products/*/systems', this.#choices],
    ['products/*/servers', this.#choices],
    ['products/*/views/*/data', { ...byBearer, answer: (asked) => this.#data(asked) }],
    ['products/*/views/*/definition', { ...byBearer, answer: (asked) => this.#definition(asked) }],
  ]);

  constructor(state: State) {
    this.#state = state;
  }

  /** Answers `/cra/…`; undefined for an unknown path. */
  answer(call: Call): Answer | undefined {
    const [, root, services, ...path] = call.path;
    // Case tells the roots apart (docs/protocols.md 2).
    const roots = new Map([
      ['ServiceGateway/Services', this.#classic],
      ['serviceGateway/services', this.#newest],
    ]);
    const routes = roots.get(`${root}/${services}`);
    // The newest release may do without the service: then the user token says which one is meant.
    const isBare =
      path.length === 0 || (routes === this.#newest && ['products', 'Logoff'].includes(path[0] ?? ''));
    const [service, ...rest] = isBare ? [undefined, ...path] : path;
    const key = rest.map((part, index) => (index % 2 === 1 ? '*' : part)).join('/');
    const route = key === '' && !isBare ? undefined : routes?.get(key);
    if (route === undefined) {
      return undefined;
    }
    allow(call, ...route.methods);
    const [, product = parameter(call.query, 'product'), list, name = parameter(call.query, 'view')] = rest;
    const token = route.tokenIn === undefined ? '' : this.#authorized(route.tokenIn(call), service);
    return route.answer({ call, service: service ?? '', token, product, list, name });
  }

  /** The list of services (2a). */
  #services(): Answer {
    const { services, port } = this.#state;
    return json(
      services.map((name) => ({
        WEBSERVICEName: name,
        STATUS: 'ACTIVE',
        HOSTIP: '127.0.0.1',
        PORT: String(port),
        HOSTCN: 'localhost',
        TLS: 'N',
        TYPE: 'MVE',
      })),
    );
  }

  /** The list of services, and the way of closing that shares its path. */
  #servicesOrClose(asked: Asked): Answer {
    const { call } = asked;
    if (!yesOrNo(call.query, 'close')) {
      return this.#services();
    }
    allow(call, 'GET');
    return this.#close({ ...asked, token: this.#authorized(bearer(call)) });
  }

  #byForm({ call, service }: Asked): Answer {
    const fields = form(call);
    return json({ userToken: this.#newUserToken(service, fields.get('username'), fields.get('password')) });
  }

  #byJson({ call, service }: Asked): Answer {
    const fields = jsonFields(call);
    if (fields === undefined) {
      throw new Refusal(tomcatPage(415, 'The body must be a JSON object'));
    }
    const userToken = this.#newUserToken(service, fields.username, fields.password);
    // In minutes, unlike HTTP's own header of that name, and only here (docs/protocols.md 2b).
    return json({ userToken }, 200, { 'Keep-Alive': `timeout=${this.#state.lifeMs / 60_000}` });
  }

  /** Logs on to a service: the user token, or a 401. */
  #newUserToken(service: string, username: unknown, password: unknown): string {
    const { services, userTokens, now, lifeMs } = this.#state;
    if (!services.includes(service)) {
      throw new Refusal(tomcatPage(404, `Service ${service} is not known`));
    }
    if (username !== user.name || password !== user.password) {
      throw new Refusal(
        json({ rc: 8, error: 'Logon failed: the user ID or the password is not valid.' }, 401),
      );
    }
    const token = newSecret(36);
    userTokens.set(token, { service, lastUsed: now(), lifeMs });
    return token;
  }

  /** Uses a user token, at its own service or where none is named; a 401 when it is not alive. */
  #authorized(token = '', service?: string): string {
    const found = this.#state.userTokens.get(token);
    if (found === undefined || (service !== undefined && found.service !== service)) {
      throw new Refusal(tomcatPage(401, 'The user token is not valid or has expired'));
    }
    this.#state.useUserToken(token);
    return token;
  }

  /** Logs off: ends the user token and what is open under it. */
  #endUserToken(token: string): Answer {
    this.#state.logOff(token);
    return json({ rc: 0, message: 'You are logged off.' });
  }

  /** The view that is named, or the error under 200 that an unknown one gives. */
  #view({ product = '', name = '' }: Asked): View {
    const view = this.#state.views.find((one) => one.product === product && one.name === name);
    if (view === undefined) {
      throw craRefusal(`View ${name} of product ${product} is not known.`);
    }
    return view;
  }

  /**
   * A data call in the session that is named, or in a new one.
   * @param usualClose whether it ends that where the call does not say; undefined: a new one only
   */
  #data(asked: Asked, usualClose?: boolean): Answer {
    const { call, token } = asked;
    const { counters, wall } = this.#state;
    const view = this.#view(asked);
    const close = yesOrNo(call.query, 'close') ?? usualClose;
    const answerOf = readSelection(call.query, view);
    const moment = collectionTime(call.query, wall());
    const refresh = yesOrNo(call.query, 'refresh') ?? parameter(call.query, 'period') !== undefined;
    const known = sessionIn(call);
    const id = known ?? this.#open(token, view, moment);
    const session = this.#session(id, token);
    if (session.view !== view) {
      throw craRefusal(`The session belongs to view ${session.view.product}/${session.view.name}.`);
    }
    if (known !== undefined) {
      counters.reused += 1;
      session.collectedAt = refresh ? moment : session.collectedAt;
    }
    const ends = close ?? known === undefined;
    if (ends) {
      this.#end(id);
    }
    return answerOf(session.collectedAt, ends ? undefined : id);
  }

  #close({ call, token }: Asked): Answer {
    const id = sessionIn(call);
    if (id === undefined) {
      throw new Refusal(tomcatPage(400, "Required parameter 'session' is not present"));
    }
    this.#session(id, token);
    this.#end(id);
    return json({ rc: 0, message: 'The session is closed.' });
  }

  /** Keeps the user token alive, and the session where one is named. */
  #kept({ call, token }: Asked): Answer {
    const id = sessionIn(call);
    if (id !== undefined) {
      this.#session(id, token);
    }
    this.#state.counters.keepAlives += 1;
    return json({ rc: 0, message: 'The timeout is reset.' });
  }

  /** A view's definition (2b). It leaves its session open unless told otherwise; a header is a line for each word. */
  #definition(asked: Asked): Answer {
    const view = this.#view(asked);
    const close = yesOrNo(asked.call.query, 'close') ?? false;
    return json({
      rc: 0,
      productName: view.product,
      viewName: view.name,
      description: view.title,
      columns: view.columns.map(({ field, label, hidden }, index) => ({
        id: idOf(index),
        field,
        visible: hidden !== true,
        header: label.split(' '),
        fieldtype: 'CHARACTER',
      })),
      ...(close ? {} : { session: this.#open(asked.token, view, this.#state.wall()) }),
    });
  }

  /** The columns, under other names than the newer dialect's: clients must read both (2a). */
  #columns(asked: Asked): Answer {
    const view = this.#view(asked);
    return json({
      rc: 0,
      productName: view.product,
      viewName: view.name,
      title: view.title,
      Columns: view.columns.map(({ field, label }) => ({ name: field, heading: label })),
    });
  }

  #products(): Answer {
    return table([...new Set(this.#state.views.map(({ product }) => product))], 'productName');
  }

  /** The lists of a product: views, systems or servers, of a context where one is named. */
  #listed({ call, product = '', list }: Asked): Answer {
    const views = this.#state.views.filter((view) => view.product === product);
    if (views.length === 0) {
      throw new Refusal(json({ reasonCode: 12, message: `Product ${product} is not known.` }, 404));
    }
    const names = views.map(({ name }) => name);
    const isAsked = systems.some((system) => isAskedFor(call.query, system));
    return list === 'views'
      ? table(names, 'viewName')
      : list === 'systems'
        ? table(systems, 'system')
        : table(isAsked ? [server] : [], 'server');
  }

  /** Opens a session, or refuses for the limit. */
  #open(token: string, view: View, collectedAt: number): string {
    const { craSessions, counters, maxSessions, lifeMs, now } = this.#state;
    if (craSessions.live().length >= maxSessions) {
      counters.refused += 1;
      const error = `No session is available: the limit of ${maxSessions} is reached. Close a session or try again later.`;
      throw new Refusal(json({ rc: 8, error }, 503));
    }
    const id = newSecret(18);
    craSessions.set(id, { userToken: token, view, collectedAt, lastUsed: now(), lifeMs });
    counters.opened += 1;
    return id;
  }

  #session(id: string, token: string): CraSession {
    const session = this.#state.craSessions.get(id);
    if (session === undefined || session.userToken !== token) {
      throw new Refusal(tomcatPage(404, 'The session is not known or has expired'));
    }
    this.#state.useSession(session);
    return session;
  }

  #end(id: string): void {
    this.#state.craSessions.delete(id);
    this.#state.counters.closed += 1;
  }
}

/** A list as the pages of products, systems and servers have it: with the other names of the counts. */
function table(names: readonly string[], member: string): Answer {
  const { length } = names;
  return json({
    rc: 0,
    totalRowCount: length,
    rowCount: length,
    Rows: names.map((name) => ({ [member]: name })),
  });
}

/** The session that a call names: in the query, or in the header of newer pages (docs/protocols.md 2b). */
function sessionIn(call: Call): string | undefined {
  return parameter(call.query, 'session') ?? (call.session || undefined);
}

function formToken(call: Call): string | undefined {
  return form(call).get('userToken') ?? undefined;
}
