import { type Connection, secretPlace } from '../../connection.ts';
import type { HttpRequest } from '../../http/request.ts';
import { keptNames } from './description.ts';
import { dataRequest, descriptionOf, headersOf, type RestQuery, storedHeaders } from './request.ts';
import { Sending } from './sending.ts';

/** A request for data as it is sent, for copying: what is kept with the token is written as its name in capitals. */
export function wire(query: RestQuery, connection: Connection, token: string): HttpRequest {
  const description = descriptionOf(connection);
  const request = dataRequest(query, connection);
  const names = [...description.ask, ...keptNames(description)];
  const sending = new Sending({ connection });
  const filled = (textOf: (name: string) => string) => {
    const more = Object.fromEntries(names.map((name) => [name, textOf(name)]));
    return sending.fill(request, { token, more, login: {}, params: request.params });
  };
  const stored = storedHeaders(headersOf(request, description, request.send));
  const { headers } = filled(() => secretPlace);
  return { ...filled((name) => name.toUpperCase()), headers: { ...stored, ...headers } };
}
