import { type Pairs, segment } from '../../http/encode.ts';
import type { GatewayMemory, WireRequest } from '../protocol.ts';
import type { CraQuery } from './request.ts';
import type { CraConnection } from './settings.ts';

export type CraDialectName = 'getData' | 'views';

/** Where the services are: the dialects differ in capitals alone (docs/protocols.md 2a, 2b). */
export const roots: Readonly<Record<CraDialectName, string>> = {
  getData: '/cra/ServiceGateway/Services',
  views: '/cra/serviceGateway/services',
};

/** A data call, without what says in which session it runs. */
export function dataRequest(
  dialect: CraDialectName,
  query: CraQuery,
  service: string | undefined,
): WireRequest {
  return dialect === 'views'
    ? {
        method: 'GET',
        path: viewPath(query, service, 'data'),
        query: [...target(query), ...selection(query)],
        token: { place: 'bearer', name: 'Authorization', variable: 'USER_TOKEN' },
      }
    : {
        method: 'POST',
        path: `${roots.getData}/${segment(service ?? '')}/getData`,
        query: [['product', query.product], ['view', query.view], ...target(query), ...selection(query)],
        token: { place: 'form', name: 'userToken', variable: 'USER_TOKEN' },
      };
}

/** Path of a view in the newer dialect, where the service may be left out. */
export function viewPath(
  { product, view }: CraQuery,
  service: string | undefined,
  what: 'data' | 'definition',
): string {
  return `${servicePath(service)}/products/${segment(product)}/views/${segment(view)}/${what}`;
}

/** Path of a service in the newer dialect; without a name, of all of them. */
export function servicePath(service: string | undefined): string {
  return service === undefined ? roots.views : `${roots.views}/${segment(service)}`;
}

/** The target of a data call, every default said outright. */
export function target(query: CraQuery): Pairs {
  return [
    ['context', query.context ?? '*'],
    ['server', query.server ?? '*'],
    ['system', query.system ?? '*'],
    ['scope', query.scope ?? '*'],
  ];
}

/** What else somebody gave for a data call, passed on as it is. */
function selection(query: CraQuery): Pairs {
  const given: [string, string | undefined][] = [
    ['period', query.period],
    ['startRow', query.startRow?.toString()],
    ['rows', query.rows?.toString()],
    ['filter', query.filter],
    ['sort', query.sort],
    ['refresh', query.refresh === undefined ? undefined : yesNo(query.refresh)],
  ];
  return given.flatMap(([name, value]): Pairs => (value === undefined ? [] : [[name, value]]));
}

export function yesNo(value: boolean): string {
  return value ? 'Y' : 'N';
}

/** The dialect of a connection: what its settings say, else what was found out; undefined where that is still to do. */
export function dialectOf(connection: CraConnection, memory: GatewayMemory): CraDialectName | undefined {
  const found = connection.dialect === 'auto' ? memory.get(memoryKey(connection)) : connection.dialect;
  return found === 'getData' || found === 'views' ? found : undefined;
}

/** Under which the dialect of a gateway is remembered. */
export function memoryKey({ url }: CraConnection): string {
  return `dialect/${url}`;
}
