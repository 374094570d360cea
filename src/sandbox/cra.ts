import { type Answer, craRefusal, json, Refusal, tomcatPage } from './answer.ts';
import { type Call, parameter } from './call.ts';
import { collectionTime, dataAnswer, isAskedFor, readSelection, server } from './craData.ts';
import { type CraSession, newSecret, type State } from './state.ts';
import { systems } from './views/cells.ts';
import { idOf, type View } from './views/view.ts';

/** Who may log on. */
const user = { name: 'demo', password: 'demo' };

/** The functions of a CRA gateway, for both dialects (docs/protocols.md 2). */
export class Cra {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  /** The list of services (2a). */
  services(): Answer {
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

  /** Logs on to a service: the user token, or a 401. */
  logon(service: string, username: unknown, password: unknown): string {
    if (!this.#state.services.includes(service)) {
      throw new Refusal(tomcatPage(404, `Service ${service} is not known`));
    }
    if (username !== user.name || password !== user.password) {
      throw new Refusal(
        json({ rc: 8, error: 'Logon failed: the user ID or the password is not valid.' }, 401),
      );
    }
    const token = newSecret(36);
    const { userTokens, now, lifeMs } = this.#state;
    userTokens.set(token, { service, lastUsed: now(), lifeMs });
    return token;
  }

  /** Uses a user token, at its own service or where none is named; a 401 when it is not alive. */
  authorize(token: string | undefined, service?: string): string {
    const found = token === undefined ? undefined : this.#state.userTokens.get(token);
    if (token === undefined || found === undefined || (service !== undefined && found.service !== service)) {
      throw new Refusal(tomcatPage(401, 'The user token is not valid or has expired'));
    }
    this.#state.useUserToken(token);
    return token;
  }

  /** A view, or the error under 200 that an unknown one gives. */
  view(product = '', name = ''): View {
    const view = this.#state.views.find((one) => one.product === product && one.name === name);
    if (view === undefined) {
      throw craRefusal(`View ${name} of product ${product} is not known.`);
    }
    return view;
  }

  /** A data call in the session that is named, or in a new one. It ends that if `close`; undefined: a new one only. */
  data(call: Call, token: string, view: View, close: boolean | undefined): Answer {
    const { counters, wall } = this.#state;
    const selection = readSelection(call.query, view);
    const moment = collectionTime(call.query, wall());
    const refresh = yesOrNo(call.query, 'refresh') ?? parameter(call.query, 'period') !== undefined;
    const known = sessionIn(call);
    const id = known ?? this.#open(token, view, moment);
    const session = this.#session(id, token);
    if (session.product !== view.product || session.view !== view.name) {
      throw craRefusal(`The session belongs to view ${session.product}/${session.view}.`);
    }
    if (known !== undefined) {
      counters.reused += 1;
      session.collectedAt = refresh ? moment : session.collectedAt;
    }
    const ends = close ?? known === undefined;
    if (ends) {
      this.#end(id);
    }
    return dataAnswer(view, selection, session.collectedAt, ends ? undefined : id);
  }

  close(token: string, call: Call): Answer {
    const id = sessionIn(call);
    if (id === undefined) {
      throw new Refusal(tomcatPage(400, "Required parameter 'session' is not present"));
    }
    this.#session(id, token);
    this.#end(id);
    return json({ rc: 0, message: 'The session is closed.' });
  }

  /** Keeps the user token alive, and the session where one is named. */
  keepAlive(token: string, call: Call): Answer {
    const id = sessionIn(call);
    if (id !== undefined) {
      this.#session(id, token);
    }
    this.#state.counters.keepAlives += 1;
    return json({ rc: 0, message: 'The timeout is reset.' });
  }

  /** Logs off: ends the user token and what is open under it. */
  logOff(token: string): Answer {
    this.#state.logOff(token);
    return json({ rc: 0, message: 'You are logged off.' });
  }

  /** A view's definition (2b). It leaves its session open unless told otherwise; a header is a line for each word. */
  definition(token: string, view: View, close: boolean): Answer {
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
      ...(close ? {} : { session: this.#open(token, view, this.#state.wall()) }),
    });
  }

  /** The columns, under other names than the newer dialect's: clients must read both (2a). */
  columns(view: View): Answer {
    return json({
      rc: 0,
      productName: view.product,
      viewName: view.name,
      title: view.title,
      Columns: view.columns.map(({ field, label }) => ({ name: field, heading: label })),
    });
  }

  products(): Answer {
    return table([...new Set(this.#state.views.map(({ product }) => product))], 'productName');
  }

  /** The lists of a product: views, systems or servers, of a context where one is named. */
  choices(call: Call, product = '', list = ''): Answer {
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
    const { product, name } = view;
    const session = { userToken: token, product, view: name, collectedAt, lastUsed: now(), lifeMs };
    craSessions.set(id, session);
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

/** A switch in the query: `Y`/`N` or `true`/`false` (docs/protocols.md 2b). */
export function yesOrNo(query: URLSearchParams, name: string): boolean | undefined {
  const text = parameter(query, name)?.toLowerCase();
  if (text === undefined || text === 'y' || text === 'true') {
    return text === undefined ? undefined : true;
  }
  if (text === 'n' || text === 'false') {
    return false;
  }
  throw craRefusal(`${name} must be Y or N.`);
}
