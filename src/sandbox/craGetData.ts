import { type Answer, json } from './answer.ts';
import { allow, type Call, form, parameter } from './call.ts';
import { bearer, type Cra, formToken, yesOrNo } from './cra.ts';
import type { Quirks } from './quirks.ts';

/** The classic dialect, docs/protocols.md 2a. `path` is what follows `/cra/ServiceGateway/Services`. */
export function craGetData(
  cra: Cra,
  quirks: Quirks,
  call: Call,
  path: readonly string[],
): Answer | undefined {
  const [service, action] = path;
  if (service === undefined) {
    allow(call, 'GET');
    if (quirks.servicesNeedToken) {
      cra.authorize(bearer(call));
    }
    return cra.services();
  }
  if (path.length !== 2) {
    return undefined;
  }
  switch (action) {
    case 'Logon': {
      allow(call, 'POST');
      const fields = form(call);
      return json({ userToken: cra.logon(service, fields.get('username'), fields.get('password')) });
    }
    case 'getView': {
      allow(call, 'POST');
      cra.authorize(formToken(call), service);
      return definition(cra, call);
    }
    case 'getData': {
      allow(call, 'POST');
      const token = cra.authorize(formToken(call), service);
      const view = cra.view(parameter(call.query, 'product'), parameter(call.query, 'view'));
      const wish = { id: parameter(call.query, 'session'), close: yesOrNo(call.query, 'close') ?? false };
      return cra.data(call, token, view, wish);
    }
    case 'keepalive': {
      cra.allowAssumed(call, 'POST');
      cra.requireBasic(call);
      return cra.keepAlive(cra.authorize(eitherToken(call), service), parameter(call.query, 'session'));
    }
    case 'Logoff':
      return cra.logOff(call, service);
    case 'close': {
      cra.allowAssumed(call, 'POST');
      cra.requireBasic(call);
      return cra.close(cra.authorize(eitherToken(call), service), parameter(call.query, 'session'));
    }
    default:
      return undefined;
  }
}

/** A GET has no form: there, where the methods are swapped, the token comes as a Bearer. */
function eitherToken(call: Call): string | undefined {
  return formToken(call) ?? bearer(call);
}

/** The columns, under other names than the newer dialect's: clients must read both (docs/protocols.md 2b). */
function definition(cra: Cra, call: Call): Answer {
  const view = cra.view(parameter(call.query, 'product'), parameter(call.query, 'view'));
  return json({
    rc: 0,
    productName: view.product,
    viewName: view.name,
    title: view.title,
    Columns: view.columns.map(({ field, label }) => ({ name: field, heading: label })),
  });
}
