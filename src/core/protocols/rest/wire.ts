import { type Connection, secretPlace } from '../../connection.ts';
import type { WireRequest } from '../protocol.ts';
import { knownNames } from './description.ts';
import { pathOf } from './place.ts';
import { dataRequest, descriptionOf, headersOf, openValues, type RestQuery } from './request.ts';
import { fillJson, fillPath, fillText } from './template.ts';

/** The environment variable that has the token. */
const variable = 'SESSION_TOKEN';

/** A request for data as it is sent, for copying: what is kept with the token is written as its name in capitals. */
export function wire(query: RestQuery, connection: Connection): WireRequest {
  const description = descriptionOf(connection);
  const request = dataRequest(query, connection);
  const known = knownNames(description);
  const isKnown = (name: string) => known.has(name) || request.params.has(name);
  const open = openValues(connection, request.params);
  const textOf = (name: string) => open.get(name) ?? (known.has(name) ? name.toUpperCase() : undefined);
  const isBesideToken = (name: string) => name !== 'token' && known.has(name);
  const value = fillText(description.send.value, isBesideToken, textOf) ?? '';
  const headers = Object.entries(headersOf(request, description, request.send)).map(([name, text]) => [
    name,
    fillText(text, isKnown, (one) => open.get(one) ?? secretPlace) ?? '',
  ]);
  const form = Object.entries(request.form ?? {}).map(
    ([name, text]) => [name, fillText(text, isKnown, textOf) ?? ''] as const,
  );
  const json = request.isOwnBody ? request.json : request.json && fillJson(request.json, isKnown, textOf);
  return {
    method: request.method,
    path: fillPath(request.path, textOf, connection.url).path,
    query: request.query,
    headers: Object.fromEntries(headers),
    ...(request.form === undefined ? {} : { form }),
    ...(json === undefined ? {} : { json }),
    token: request.send
      ? tokenIn({ ...description.send, value }, form.length > 0)
      : { place: 'nowhere', name: '', variable },
  };
}

function tokenIn(send: ReturnType<typeof descriptionOf>['send'], isForm: boolean): WireRequest['token'] {
  const [before = '', after = ''] = send.value.split('{token}');
  switch (send.in) {
    case 'header':
      return { place: 'header', name: send.name, around: [before, after], variable };
    case 'cookie':
      return {
        place: 'header',
        name: 'Cookie',
        around: [`${send.name.replace(/\*$/, '')}=${before}`, after],
        variable,
      };
    case 'query':
      return { place: 'query', name: send.name, variable };
    case 'body': {
      const path = pathOf(send.name) ?? [];
      return isForm
        ? { place: 'form', name: path.at(-1) ?? '', variable }
        : { place: 'json', name: path, variable };
    }
  }
}
