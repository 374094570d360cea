import { type Answer, json, tomcatPage } from '../../src/sandbox/answer.ts';
import { type Call, form } from '../../src/sandbox/call.ts';

/**
 * A release of the CRA gateway (docs/protocols.md 2). The extension's sandbox plays the newest one; here that answers the classic
 * calls as well.
 */
export const profiles = ['classic', 'cmi', 'newest'] as const;
export type Profile = (typeof profiles)[number];

/** A call of any release as the extension's sandbox knows it; undefined where the release has nothing at that path. */
export function asNewest(profile: Profile, call: Call): Call | undefined {
  const [first = '', root, services, ...path] = call.path;
  if (first !== 'cra') {
    return { ...call, path: [olderNames.get(first) ?? first, ...call.path.slice(1)] };
  }
  if (profile === 'newest' && root !== 'ServiceGateway') {
    return call;
  }
  if (root !== 'ServiceGateway' || services !== 'Services') {
    return undefined;
  }
  return profile === 'cmi' ? cmiAsNewest(call, path) : classicAsNewest(call, path);
}

/** What SARUS called some endpoints before (1.3). */
const olderNames = new Map([
  ['GetDatasetValues', 'GetValues'],
  ['GetDatasetValuesRC', 'GetValuesRC'],
  ['GetMyAccountDetails', 'GetAccountDetails'],
]);

/** CMI has the newer calls under the classic root, with the service in every path and without the log-on by JSON. */
function cmiAsNewest(call: Call, path: readonly string[]): Call | undefined {
  const isNewer = path[1] === 'login' || ['products', 'Logoff'].includes(path[0] ?? '');
  return isNewer ? undefined : { ...call, path: [...root, ...path] };
}

const root = ['cra', 'serviceGateway', 'services'];

/** The classic dialect (docs/protocols.md 2a): what the newer one GETs is POSTed, with the user token in the form. */
function classicAsNewest(call: Call, path: readonly string[]): Call | undefined {
  const [service = '', verb = '', ...more] = path;
  const query = new URLSearchParams(call.query);
  const [product, view] = ['product', 'view'].map((name) => query.get(name) ?? '');
  const got = (...to: (string | undefined)[]): Call => {
    const token = call.method === 'POST' ? form(call).get('userToken') : null;
    // Where it closes, it looks for the token in the header as well.
    const inHeader = verb === 'close' ? call.authorization : '';
    return {
      ...call,
      method: call.method === 'POST' ? 'GET' : 'PUT', // Which nobody may.
      path: [...root, ...to.map(String)],
      query,
      authorization: token === null ? inHeader : `Bearer ${token}`,
    };
  };
  if (more.length > 0) {
    return undefined;
  }
  switch (verb) {
    case '':
      return path.length > 0
        ? undefined
        : { ...call, path: root, method: call.method === 'GET' ? 'GET' : 'PUT' };
    case 'Logon':
      return { ...call, path: [...root, service, 'logon'] };
    case 'Logoff':
    case 'keepalive':
      return { ...call, path: [...root, service, verb] };
    case 'close':
      query.set('close', 'Y');
      return got();
    case 'getData':
      query.set('close', query.get('close') ?? 'N');
      return got(service, 'products', product, 'views', view, 'data');
    case 'getView':
      query.set('close', 'Y');
      return got(service, 'products', product, 'views', view, 'definition');
    default:
      return undefined;
  }
}

/** A view's columns have other names in the classic dialect: clients must read both. */
export function inOldWords({ path }: Call, answer: Answer): Answer {
  if (path.at(-1) !== 'getView' || answer.status !== 200) {
    return answer;
  }
  const { columns, description, ...more } = JSON.parse(answer.body) as Record<string, unknown>;
  const named = (columns as { field: string; header: string[] }[] | undefined)?.map((column) => ({
    name: column.field,
    heading: column.header.join(' '),
  }));
  return json({ ...more, title: description, Columns: named });
}

/** The 401 by which a gateway asks for its Tomcat user, `tomcat:tomcat`; undefined where nothing is missing. */
export function basicChallenge({ method, path, authorization }: Call): Answer | undefined {
  const isGuarded =
    method === 'POST' && path[0] === 'cra' && ['keepalive', 'close', 'Logoff'].includes(path.at(-1) ?? '');
  const challenge = { 'WWW-Authenticate': 'Basic realm="Common REST API", charset="UTF-8"' };
  return isGuarded && authorization !== `Basic ${btoa('tomcat:tomcat')}`
    ? tomcatPage(401, 'This request requires the Tomcat user', challenge)
    : undefined;
}
