import { type Answer, json } from './answer.ts';
import { allow, type Call, form, jsonFields, parameter } from './call.ts';
import { bearer, type Cra, formToken, yesOrNo } from './cra.ts';
import type { Setup } from './setup.ts';
import { idOf, type View } from './views/view.ts';

/** The newer dialect, docs/protocols.md 2b. `path` is what follows the root. */
export function craViews(cra: Cra, setup: Setup, call: Call, path: readonly string[]): Answer | undefined {
  if (path.length === 0) {
    return services(cra, setup, call);
  }
  const isNewest = setup.profile === 'newest';
  // The newest release may do without the service: then the user token says which one is meant.
  if (path[0] === 'products') {
    return isNewest ? products(cra, setup, call, undefined, path.slice(1)) : undefined;
  }
  if (path[0] === 'Logoff' && path.length === 1) {
    return isNewest ? cra.logOff(call) : undefined;
  }
  const [service = '', action, ...rest] = path;
  if (action === 'products') {
    return products(cra, setup, call, service, rest);
  }
  if (rest.length > 0) {
    return undefined;
  }
  switch (action) {
    case 'logon': {
      allow(call, 'POST');
      const fields = form(call);
      return json({ userToken: cra.logon(service, fields.get('username'), fields.get('password')) });
    }
    case 'login': {
      if (!isNewest) {
        return undefined;
      }
      allow(call, 'POST');
      const { username, password } = jsonFields(call);
      const userToken = cra.logon(service, username, password);
      // In minutes, unlike HTTP's own header of that name, and only here (docs/protocols.md 2b).
      return json({ userToken }, 200, { 'Keep-Alive': `timeout=${setup.lifeMs / 60_000}` });
    }
    case 'Logoff':
      return cra.logOff(call, service);
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

/** What is behind `products`: what there is to choose from, and a view's data, definition and actions. */
function products(
  cra: Cra,
  setup: Setup,
  call: Call,
  service: string | undefined,
  path: readonly string[],
): Answer | undefined {
  const [product, list, viewName, action] = path;
  allow(call, 'GET');
  const token = cra.authorize(bearer(call), service);
  switch (path.length) {
    case 0:
      return cra.products();
    case 2:
      return product === undefined ? undefined : choices(cra, call, product, list);
    case 4:
      return list === 'views' && action !== undefined
        ? ofView(cra, setup, call, token, cra.view(product, viewName), action)
        : undefined;
    default:
      return undefined;
  }
}

/** The list of views is assumed (A); the others are documented. */
function choices(cra: Cra, call: Call, product: string, list: string | undefined): Answer | undefined {
  switch (list) {
    case 'views':
      return cra.views(product);
    case 'systems':
      return cra.systems(product);
    case 'servers':
      return cra.servers(call, product);
    default:
      return undefined;
  }
}

function ofView(
  cra: Cra,
  setup: Setup,
  call: Call,
  token: string,
  view: View,
  action: string,
): Answer | undefined {
  const id = parameter(call.query, 'session') ?? (call.session || undefined);
  switch (action) {
    case 'data':
      // Without a word a new session closes at once; one that is used again stays.
      return cra.data(call, token, view, { id, close: yesOrNo(call.query, 'close') ?? id === undefined });
    case 'definition': {
      // Without close=Y a definition leaves its session open, which is why clients must say it.
      const session = yesOrNo(call.query, 'close') ? undefined : cra.open(token, view, setup.wall());
      return json({ ...definitionOf(view), ...(session === undefined ? {} : { session }) });
    }
    case 'getActTbl':
      return cra.actions(token, view, id);
    default:
      return undefined;
  }
}

/** A view's definition (docs/protocols.md 2b). A column's header is a line for each word. */
function definitionOf(view: View): object {
  return {
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
  };
}
