import type { Handing } from '../protocol.ts';
import {
  basicNames,
  type Description,
  keptNames,
  memberNames,
  type RestRequest,
  textsOf,
} from './description.ts';
import { namesAround, namesInText } from './template.ts';

/** Where each secret goes by a description: what is asked for, the token, and what is kept with it. */
function handingsOf(description: Description): readonly Handing[] {
  const { ask, signIn, query, renew, revoke, send, headers } = description;
  const isSecret = isSecretIn(description);
  const requests = [...signIn, query, renew, revoke].filter((one) => one !== undefined);
  const all: Handing[] = [
    ...requests.flatMap((request) => [
      ...(request.basic ? [{ names: basicNames(ask), ...headerOf('Authorization', request) }] : []),
      ...handingsIn(request, isSecret),
    ]),
    ...inHeaders(headers, isSecret),
    { names: ['token'], place: send.in, name: send.name },
    ...dataHandings(description),
  ];
  return all.filter(({ names }) => names.length > 0);
}

/** Where requests for data take a secret besides the token in its place. */
export function dataHandings(description: Description): Handing[] {
  const isSecret = isSecretIn(description);
  return Object.values(description.requests)
    .flatMap((request) => handingsIn(request, isSecret))
    .filter(({ names }) => names.length > 0);
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

function handingsIn(request: RestRequest, isSecret: (name: string) => boolean): Handing[] {
  const { path, headers, form, json } = request;
  const of = { request: lineOf(request) };
  const [before, query] = namesAround(path);
  const inBody = textsOf({ headers: {}, form, json }).flatMap((text) => namesInText(text, isSecret));
  return [
    { names: before.filter(isSecret), place: 'path', ...of },
    { names: query.filter(isSecret), place: 'query', ...of },
    { names: [...new Set(inBody)], place: 'body', ...of },
    ...inHeaders(headers, isSecret, request),
  ];
}

function inHeaders(
  headers: Readonly<Record<string, string>>,
  isSecret: (name: string) => boolean,
  request?: RestRequest,
): Handing[] {
  return Object.entries(headers).map(([name, value]) => ({
    names: namesInText(value, isSecret),
    ...headerOf(name, request),
  }));
}

function headerOf(name: string, request: RestRequest | undefined): Omit<Handing, 'names'> {
  return { place: 'header', name, ...(request === undefined ? {} : { request: lineOf(request) }) };
}

/** A request as documentation writes it. */
function lineOf({ method, path }: RestRequest): string {
  const signs = { simple: '', query: '?', whole: '+' };
  const texts = path.map((part) =>
    'text' in part ? part.text : `{${signs[part.form]}${part.names.join()}}`,
  );
  return `${method} ${texts.join('')}`;
}
