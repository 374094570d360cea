import { withoutUndefined } from '../../connection.ts';
import { type Pairs, segment } from '../../http/encode.ts';
import type { HttpRequest } from '../../http/request.ts';
import type { GatewayMemory } from '../protocol.ts';
import type { CraQuery } from './request.ts';
import type { CraConnection } from './settings.ts';

/** The dialects in use (docs/protocols.md 2): the newer one, the older one, and the newer one under the older one's root. */
const profiles = ['views', 'getData', 'cmi'] as const;
export type CraProfile = (typeof profiles)[number];

/** Where the services are: the roots differ in capitals alone. */
export const roots: Readonly<Record<CraProfile, string>> = {
  getData: '/cra/ServiceGateway/Services',
  views: '/cra/serviceGateway/services',
  cmi: '/cra/ServiceGateway/Services',
};

/** A request under a user token, in the way that most of a dialect's are. */
export function underToken(profile: CraProfile, userToken: string, path: string, query: Pairs): HttpRequest {
  return profile === 'getData'
    ? { method: 'POST', path, query, form: [['userToken', userToken]] }
    : { method: 'GET', path, query, authorization: `Bearer ${userToken}` };
}

/** Path and query of a data call, without what says in which session it runs. */
export function dataPath(
  profile: CraProfile,
  query: CraQuery,
  service: string | undefined,
): readonly [path: string, query: Pairs] {
  const [path, pairs] = viewPath(profile, query, service, 'data');
  return [path, [...pairs, ...paramsOf(query)]];
}

/** Path and query of a view's data or definition; in the newer dialect the service may be left out. */
export function viewPath(
  profile: CraProfile,
  { product, view }: CraQuery,
  service: string | undefined,
  what: 'data' | 'definition',
): readonly [path: string, query: Pairs] {
  const path = servicePath(roots[profile], service);
  return profile === 'getData'
    ? [`${path}/${what === 'data' ? 'getData' : 'getView'}`, Object.entries({ product, view })]
    : [`${path}/products/${segment(product)}/views/${segment(view)}/${what}`, []];
}

/** Path of a service in the newer dialect; without a name, of all of them. */
export function servicePath(root: string, service: string | undefined): string {
  return service === undefined ? root : `${root}/${segment(service)}`;
}

/** What a query is about where it does not say it: every default is written out. */
const everything = { context: '*', server: '*', system: '*', scope: '*' };

/** The parameters of a data call, those beside its target as they are. */
function paramsOf({ product: _, view: __, ...given }: CraQuery): Pairs {
  const params = Object.entries({ ...everything, ...withoutUndefined(given) });
  return params.map(([name, value]) => [name, typeof value === 'boolean' ? yesNo(value) : String(value)]);
}

export function yesNo(value: boolean): string {
  return value ? 'Y' : 'N';
}

/** How a connection's gateway is spoken to, by its settings and what was found out; undefined where it is not known yet. */
export function profileOf(connection: CraConnection, memory: GatewayMemory): CraProfile | undefined {
  const remembered = memory.get(memoryKey(connection));
  const found = profiles.find((profile) => profile === remembered);
  switch (connection.dialect) {
    case 'getData':
      return 'getData';
    case 'views':
      return found === 'cmi' ? 'cmi' : 'views';
    default:
      return found;
  }
}

/** The key under which the profile of a gateway is remembered. */
export function memoryKey({ url }: CraConnection): string {
  return `dialect/${url}`;
}
