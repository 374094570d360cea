import { type Answer, json } from './answer.ts';
import { allow, type Call, form, jsonFields, parameter } from './call.ts';
import { bearer, type Cra, formToken, yesOrNo } from './cra.ts';
import type { Setup } from './setup.ts';

/** The newer dialect, docs/protocols.md 2b. `path` is what follows `/cra/serviceGateway/services`. */
export function craViews(cra: Cra, setup: Setup, call: Call, path: readonly string[]): Answer | undefined {
  if (path.length === 0) {
    return services(cra, setup, call);
  }
  // A product's path may leave the service out: then the user token says which one is meant.
  if (path[0] === 'products' && path.length === 5) {
    return product(cra, setup, call, undefined, path);
  }
  const [service, action] = path;
  if (service === undefined) {
    return undefined;
  }
  if (action === 'products' && path.length === 6) {
    return product(cra, setup, call, service, path.slice(1));
  }
  if (path.length !== 2) {
    return undefined;
  }
  switch (action) {
    case 'logon': {
      allow(call, 'POST');
      const fields = form(call);
      return json({ userToken: cra.logon(service, fields.get('username'), fields.get('password')) });
    }
    case 'login': {
      allow(call, 'POST');
      const { username, password } = jsonFields(call);
      const userToken = cra.logon(service, username, password);
      // In minutes, unlike HTTP's own header of that name, and only here (docs/protocols.md 2b).
      return json({ userToken }, 200, { 'Keep-Alive': `timeout=${setup.lifeMs / 60_000}` });
    }
    case 'keepalive': {
      cra.allowAssumed(call, 'POST');
      cra.requireBasic(call);
      // One header cannot carry Bearer and Basic: the form's token serves where Basic is asked for.
      const token = cra.authorize(formToken(call) ?? bearer(call), service);
      return cra.keepAlive(token, parameter(call.query, 'session'));
    }
    default:
      return undefined;
  }
}

/** The list of services, and the way of closing that shares its path. */
function services(cra: Cra, setup: Setup, call: Call): Answer {
  if (yesOrNo(call.query, 'close')) {
    cra.allowAssumed(call, 'GET');
    return cra.close(cra.authorize(bearer(call)), parameter(call.query, 'session'));
  }
  allow(call, 'GET', 'POST');
  if (setup.quirks.servicesNeedToken) {
    cra.authorize(bearer(call));
  }
  return cra.services();
}

/** `products/<product>/views/<view>/data` and `…/definition`. */
function product(
  cra: Cra,
  setup: Setup,
  call: Call,
  service: string | undefined,
  path: readonly string[],
): Answer | undefined {
  const [, productName, views, viewName, action] = path;
  if (views !== 'views' || (action !== 'data' && action !== 'definition')) {
    return undefined;
  }
  allow(call, 'GET');
  const token = cra.authorize(bearer(call), service);
  const view = cra.view(productName, viewName);
  if (action === 'data') {
    const id = parameter(call.query, 'session');
    // Without a word a new session closes at once; one that is used again stays.
    return cra.data(call, token, view, { id, close: yesOrNo(call.query, 'close') ?? id === undefined });
  }
  // Without close=Y a definition leaves its session open, which is why clients must say it.
  const session = yesOrNo(call.query, 'close') ? undefined : cra.open(token, view, setup.wall());
  return json({
    rc: 0,
    productName: view.product,
    viewName: view.name,
    description: view.title,
    ...(session === undefined ? {} : { session }),
    columns: view.columns.map(({ field, label }) => ({ field, displayName: label, visible: true })),
  });
}
