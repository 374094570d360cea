import { type Answer, craError, json, Refusal, reasonError, tomcatPage } from './answer.ts';
import { allow, type Call, form, parameter } from './call.ts';
import { collectionTime, dataAnswer, isAskedFor, readSelection, type Selection, server } from './craData.ts';
import type { Setup } from './setup.ts';
import { type CraSession, newSecret } from './state.ts';
import { Catalog } from './views/catalog.ts';
import { systems } from './views/cells.ts';
import { SelectionError } from './views/select.ts';
import type { View } from './views/view.ts';

/** Who may log on. */
const user = { name: 'demo', password: 'demo' };
/** `tomcat:tomcat`, as a Basic authorization carries it. */
const tomcatUser = `Basic ${Buffer.from('tomcat:tomcat').toString('base64')}`;

/** How a data call treats its session. */
interface SessionWish {
  /** The session to use again. */
  readonly id: string | undefined;
  /** Whether it is the session's last call. */
  readonly close: boolean;
}

/** What a CRA gateway does, whichever dialect asks for it (docs/protocols.md 2). */
export class Cra {
  readonly #setup: Setup;
  readonly #catalog = new Catalog();

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** The list of services (2a). */
  services(): Answer {
    const { services, secure, port } = this.#setup;
    return json(
      services.map((name) => ({
        WEBSERVICEName: name,
        STATUS: 'ACTIVE',
        HOSTIP: '127.0.0.1',
        PORT: String(port()),
        HOSTCN: 'localhost',
        TLS: secure ? 'Y' : 'N',
        TYPE: 'MVE',
      })),
    );
  }

  /** Logs on to a service: the user token, or a 401. */
  logon(service: string, username: unknown, password: unknown): string {
    if (!this.#setup.services.includes(service)) {
      throw new Refusal(tomcatPage(404, `Service ${service} is not known`));
    }
    if (username !== user.name || password !== user.password) {
      throw new Refusal(
        json({ rc: 8, error: 'Logon failed: the user ID or the password is not valid.' }, 401),
      );
    }
    const token = newSecret(36);
    const { state, lifeMs } = this.#setup;
    state.userTokens.add(token, { service, lastUsed: state.now(), lifeMs });
    return token;
  }

  /** Uses a user token, at its own service or where none is named; a 401 when it is not alive. */
  authorize(token: string | undefined, service?: string): string {
    const found = token === undefined ? undefined : this.#setup.state.userTokens.get(token);
    if (token === undefined || found === undefined || (service !== undefined && found.service !== service)) {
      throw new Refusal(tomcatPage(401, 'The user token is not valid or has expired'));
    }
    this.#setup.state.useUserToken(token);
    return token;
  }

  /** A view, or the error under 200 that an unknown one gives. */
  view(product: string | undefined, name: string | undefined): View {
    const view = this.#catalog.find(product ?? '', name ?? '');
    if (view === undefined) {
      throw new Refusal(craError(`View ${name ?? ''} of product ${product ?? ''} is not known.`));
    }
    return view;
  }

  /** A data call: opens, uses again or closes a session, as wished. */
  data(call: Call, token: string, view: View, wish: SessionWish): Answer {
    const { state, quirks, wall } = this.#setup;
    const selection = select(call, view);
    const moment = collectionTime(call.query, wall());
    const refresh = yesOrNo(call.query, 'refresh') ?? parameter(call.query, 'period') !== undefined;
    if (wish.id === undefined) {
      const id = this.open(token, view, moment);
      if (wish.close) {
        this.#end(id);
      }
      return dataAnswer(view, selection, moment, wish.close ? undefined : id, quirks);
    }
    const session = this.#session(wish.id, token);
    if (session.product !== view.product || session.view !== view.name) {
      throw new Refusal(craError(`The session belongs to view ${session.product}/${session.view}.`));
    }
    if (refresh) {
      session.collectedAt = moment;
    }
    state.counters.reused += 1;
    if (wish.close) {
      this.#end(wish.id);
    }
    return dataAnswer(view, selection, session.collectedAt, wish.close ? undefined : wish.id, quirks);
  }

  /** Opens a session, or refuses for the limit. */
  open(token: string, view: View, collectedAt: number): string {
    const { state, lifeMs, maxSessions, quirks } = this.#setup;
    if (state.craSessions.size >= maxSessions) {
      state.counters.refused += 1;
      const error = `No session is available: the limit of ${maxSessions} is reached. Close a session or try again later.`;
      const status = quirks.limitAnswer ?? 503;
      throw new Refusal(status === 'error' ? craError(error) : json({ rc: 8, error }, status));
    }
    const id = newSecret(18);
    const { product, name } = view;
    const session = { userToken: token, product, view: name, collectedAt, lastUsed: state.now(), lifeMs };
    state.craSessions.add(id, session);
    state.counters.opened += 1;
    return id;
  }

  /** Closes a session at once. */
  close(token: string, id: string | undefined): Answer {
    if (id === undefined) {
      throw new Refusal(tomcatPage(400, "Required parameter 'session' is not present"));
    }
    this.#session(id, token);
    this.#end(id);
    return json({ rc: 0, message: 'The session is closed.' });
  }

  /** Keeps the user token alive, and the session where one is named. */
  keepAlive(token: string, id: string | undefined): Answer {
    if (id !== undefined) {
      this.#session(id, token);
    }
    this.#setup.state.counters.keepAlives += 1;
    return json({ rc: 0, message: 'The timeout is reset.' });
  }

  /** Logs off: ends the user token and what is open under it. */
  logOff(call: Call, service?: string): Answer {
    allow(call, 'POST');
    this.requireBasic(call);
    this.#setup.state.logOff(this.authorize(formToken(call), service));
    return json({ rc: 0, message: 'You are logged off.' });
  }

  /** The actions of a view, in an open session; what they change is left out here. */
  actions(token: string, view: View, id: string | undefined): Answer {
    if (id === undefined) {
      throw new Refusal(tomcatPage(400, "Required parameter 'session' is not present"));
    }
    this.#session(id, token);
    return json({ rc: 0, productName: view.product, viewName: view.name, session: id, actions: [] });
  }

  /** The products, or the views of one. */
  products(): Answer {
    return table([...new Set(this.#catalog.views.map(({ product }) => product))], 'productName');
  }

  views(product: string): Answer {
    return table(
      this.#of(product).map(({ name }) => name),
      'viewName',
    );
  }

  /** The systems that a product sees. */
  systems(product: string): Answer {
    this.#of(product);
    return table(systems, 'system');
  }

  /** The servers of a product, of a context where that is named. */
  servers(call: Call, product: string): Answer {
    this.#of(product);
    return table(systems.some((system) => isAskedFor(call.query, system)) ? [server] : [], 'server');
  }

  /** The views of a product. */
  #of(product: string): readonly View[] {
    const found = this.#catalog.views.filter((view) => view.product === product);
    if (found.length === 0) {
      throw new Refusal(reasonError(404, 12, `Product ${product} is not known.`));
    }
    return found;
  }

  /** Asks for the gateway's own Basic authorization where it was started so. */
  requireBasic(call: Call): void {
    if (this.#setup.basic && call.authorization !== tomcatUser) {
      const challenge = { 'WWW-Authenticate': 'Basic realm="Common REST API", charset="UTF-8"' };
      throw new Refusal(tomcatPage(401, 'This request requires the Tomcat user', challenge));
    }
  }

  /** Refuses every method but the one that is assumed (docs/protocols.md 2b). */
  allowAssumed(call: Call, method: 'GET' | 'POST'): void {
    const swapped = method === 'GET' ? 'POST' : 'GET';
    allow(call, this.#setup.quirks.swappedMethods ? swapped : method);
  }

  #session(id: string, token: string): CraSession {
    const { state, quirks } = this.#setup;
    const session = state.craSessions.get(id);
    if (session === undefined || session.userToken !== token) {
      const message = 'The session is not known or has expired';
      const status = quirks.deadSession ?? 404;
      throw new Refusal(status === 'error' ? craError(message) : tomcatPage(status, message));
    }
    state.useSession(session);
    return session;
  }

  #end(id: string): void {
    this.#setup.state.craSessions.delete(id);
    this.#setup.state.counters.closed += 1;
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

function select(call: Call, view: View): Selection {
  try {
    return readSelection(call.query, view);
  } catch (error) {
    if (error instanceof SelectionError) {
      throw new Refusal(craError(`${error.message}.`));
    }
    throw error;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearer(call: Call): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(call.authorization)?.[1];
}

/** The user token of a form body. */
export function formToken(call: Call): string | undefined {
  return form(call).get('userToken') ?? undefined;
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
  throw new Refusal(craError(`${name} must be Y or N.`));
}
