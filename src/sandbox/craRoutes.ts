import { type Answer, json, Refusal, tomcatPage } from './answer.ts';
import { allow, type Call, form, jsonFields, parameter } from './call.ts';
import { type Cra, yesOrNo } from './cra.ts';
import type { State } from './state.ts';

interface Asked {
  readonly call: Call;
  readonly service: string;
  /** The living user token, where the path asks for one. */
  readonly token: string;
  /** Named in the path by the newer dialect, in the query by the classic one. */
  readonly product: string | undefined;
  readonly view: string | undefined;
  /** Which list of a product is wanted. */
  readonly list: string | undefined;
  readonly lifeMs: number;
}

/** The handler of a path. */
interface Route {
  readonly methods: readonly string[];
  /** Where the user token is; without it none is needed. */
  readonly tokenIn?: (call: Call) => string | undefined;
  readonly answer: (cra: Cra, asked: Asked) => Answer;
}

const logon: Route = {
  methods: ['POST'],
  answer: (cra, { call, service }) => {
    const fields = form(call);
    return json({ userToken: cra.logon(service, fields.get('username'), fields.get('password')) });
  },
};
const login: Route = {
  methods: ['POST'],
  answer: (cra, { call, service, lifeMs }) => {
    const fields = jsonFields(call);
    if (fields === undefined) {
      throw new Refusal(tomcatPage(415, 'The body must be a JSON object'));
    }
    const { username, password } = fields;
    const userToken = cra.logon(service, username, password);
    // In minutes, unlike HTTP's own header of that name, and only here (docs/protocols.md 2b).
    return json({ userToken }, 200, { 'Keep-Alive': `timeout=${lifeMs / 60_000}` });
  },
};
const logOff: Route = {
  methods: ['POST'],
  tokenIn: formToken,
  answer: (cra, { token }) => cra.logOff(token),
};
const keepAlive: Route = {
  methods: ['POST'],
  // One header cannot carry Bearer and Basic: the form's token serves where Basic is asked for.
  tokenIn: (call) => formToken(call) ?? bearer(call),
  answer: (cra, { call, token }) => cra.keepAlive(token, call),
};
const byForm = { methods: ['POST'], tokenIn: formToken };
const byBearer = { methods: ['GET'], tokenIn: bearer };
const choices: Route = {
  ...byBearer,
  answer: (cra, { call, product, list }) => cra.choices(call, product, list),
};

/** The classic dialect (docs/protocols.md 2a), by what follows the service. */
const classic = new Map<string, Route>([
  ['', { methods: ['GET'], answer: (cra) => cra.services() }],
  ['Logon', logon],
  ['Logoff', logOff],
  ['keepalive', keepAlive],
  ['close', { ...keepAlive, answer: (cra, { call, token }) => cra.close(token, call) }],
  ['getView', { ...byForm, answer: (cra, { product, view }) => cra.columns(cra.view(product, view)) }],
  ['getData', { ...byForm, answer: data(false) }],
]);

/** The newer dialect (2b), `*` for the name of a product or a view. The list of views is assumed (A). */
const newest = new Map<string, Route>([
  ['', { methods: ['GET', 'POST'], answer: servicesOrClose }],
  ['logon', logon],
  ['login', login],
  ['Logoff', logOff],
  ['keepalive', keepAlive],
  ['products', { ...byBearer, answer: (cra) => cra.products() }],
  ['products/*/views', choices],
  ['products/*/systems', choices],
  ['products/*/servers', choices],
  ['products/*/views/*/data', { ...byBearer, answer: data(undefined) }],
  [
    'products/*/views/*/definition',
    {
      ...byBearer,
      answer: (cra, { call, token, product, view }) =>
        cra.definition(token, cra.view(product, view), yesOrNo(call.query, 'close') ?? false),
    },
  ],
]);

/** Case tells the roots apart (docs/protocols.md 2). */
const roots: Readonly<Record<string, ReadonlyMap<string, Route>>> = {
  'ServiceGateway/Services': classic,
  'serviceGateway/services': newest,
};

/** Answers `/cra/…`; undefined for an unknown path. */
export function craAnswer(cra: Cra, { lifeMs }: State, call: Call): Answer | undefined {
  const [, root, services, ...path] = call.path;
  const routes = roots[`${root}/${services}`];
  // The newest release may do without the service: then the user token says which one is meant.
  const isBare = path.length === 0 || (routes === newest && ['products', 'Logoff'].includes(path[0] ?? ''));
  const [service, ...rest] = isBare ? [undefined, ...path] : path;
  const key = rest.map((part, index) => (index % 2 === 1 ? '*' : part)).join('/');
  const route = key === '' && !isBare ? undefined : routes?.get(key);
  if (route === undefined) {
    return undefined;
  }
  allow(call, ...route.methods);
  const [, product = parameter(call.query, 'product'), list, view = parameter(call.query, 'view')] = rest;
  const token = route.tokenIn === undefined ? '' : cra.authorize(route.tokenIn(call), service);
  return route.answer(cra, { call, service: service ?? '', token, product, list, view, lifeMs });
}

/** A data call. `close` is the default of the parameter; undefined: only a new session is closed. */
function data(close: boolean | undefined): Route['answer'] {
  return (cra, { call, token, product, view }) =>
    cra.data(call, token, cra.view(product, view), yesOrNo(call.query, 'close') ?? close);
}

/** The list of services, and the way of closing that shares its path. */
function servicesOrClose(cra: Cra, { call }: Asked): Answer {
  if (!yesOrNo(call.query, 'close')) {
    return cra.services();
  }
  allow(call, 'GET');
  return cra.close(cra.authorize(bearer(call)), call);
}

/** The token of an `Authorization: Bearer` header. */
export function bearer(call: Call): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(call.authorization)?.[1];
}

function formToken(call: Call): string | undefined {
  return form(call).get('userToken') ?? undefined;
}
