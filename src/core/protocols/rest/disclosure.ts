import type { Handing } from '../protocol.ts';
import {
  basicNames,
  type Description,
  keptNames,
  memberNames,
  type RestRequest,
  textsIn,
} from './description.ts';
import { namesAround, namesInText } from './template.ts';

/** Where each secret goes by a description: what is asked for, the token, and what is kept with it. */
function handingsOf(description: Description): readonly Handing[] {
  const { signIn, query, renew, revoke, send, headers } = description;
  const requests = [...signIn, query, renew, revoke].filter((one) => one !== undefined);
  return [
    ...requests.flatMap((request) => handingsIn(request, description)),
    ...inHeaders(headers, description),
    { names: ['token'], place: send.in, name: send.name },
    ...dataHandings(description),
  ];
}

/** Where requests for data take a secret besides the token in its place. */
export function dataHandings(description: Description): Handing[] {
  return Object.values(description.requests).flatMap((request) => handingsIn(request, description));
}

function isSecretIn(description: Description): (name: string) => boolean {
  const names = new Set(['token', ...description.ask, ...keptNames(description)]);
  return (name) => names.has(name);
}

/** Members that say nothing of where a secret goes: beside a preset they leave it what it is. */
const harmless: readonly string[] = ['inputs', 'life', 'refused', 'expired', 'limit', 'requests', 'rows'];

/**
 * The same where the settings of a connection say it themselves; undefined where they leave it to a preset.
 * @param settings as a person wrote them
 * @param description what they come to, with the preset
 */
export function ownHandings(
  settings: Readonly<Record<string, unknown>>,
  description: Description,
): readonly Handing[] | undefined {
  const has = (name: string) => settings[name] !== undefined && !harmless.includes(name);
  const isOwn =
    settings.preset === undefined ||
    memberNames.some(has) ||
    (settings.requests !== undefined && dataHandings(description).length > 0);
  return isOwn ? handingsOf(description) : undefined;
}

function handingsIn(request: RestRequest, description: Description): Handing[] {
  const { path, headers, form, json, basic } = request;
  const isSecret = isSecretIn(description);
  const of = { request: lineOf(request) };
  const [before, query] = namesAround(path);
  const inBody = textsIn([form, json]).flatMap((text) => namesInText(text, isSecret));
  const login = basic ? basicNames(description.ask) : [];
  const all: Handing[] = [
    { names: login, place: 'header', name: 'Authorization', ...of },
    { names: before.filter(isSecret), place: 'path', ...of },
    { names: query.filter(isSecret), place: 'query', ...of },
    { names: [...new Set(inBody)], place: 'body', ...of },
    ...inHeaders(headers, description).map((one) => ({ ...one, ...of })),
  ];
  return all.filter(({ names }) => names.length > 0);
}

function inHeaders(headers: Readonly<Record<string, string>>, description: Description): Handing[] {
  return Object.entries(headers).flatMap(([name, value]): Handing[] => {
    const names = namesInText(value, isSecretIn(description));
    return names.length === 0 ? [] : [{ names, place: 'header', name }];
  });
}

/** A request as documentation writes it. */
function lineOf({ method, path }: RestRequest): string {
  const signs = { simple: '', query: '?', whole: '+' };
  const texts = path.map((part) =>
    'text' in part ? part.text : `{${signs[part.form]}${part.names.join()}}`,
  );
  return `${method} ${texts.join('')}`;
}
