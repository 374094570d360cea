import type { Disclosure } from '../protocol.ts';
import {
  basicNames,
  type Description,
  keptNames,
  memberNames,
  type RestRequest,
  textsIn,
} from './description.ts';
import { namesAround, namesInText } from './template.ts';

/** Where a description sends each secret: what is asked for, the token, and what is kept with it. */
function disclosuresOf(description: Description): readonly Disclosure[] {
  const { signIn, query, renew, revoke, send, headers } = description;
  const requests = [...signIn, query, renew, revoke].filter((one) => one !== undefined);
  return [
    ...requests.flatMap((request) => disclosuresIn(request, description)),
    ...inHeaders(headers, description),
    { names: namesInText(send.value, isSecretIn(description)), place: send.in, name: send.name },
    ...dataDisclosures(description),
  ];
}

/** Where requests for data have a secret, besides the token in its place. */
export function dataDisclosures(description: Description): Disclosure[] {
  return Object.values(description.requests).flatMap((request) => disclosuresIn(request, description));
}

function isSecretIn(description: Description): (name: string) => boolean {
  const names = new Set(['token', ...description.ask, ...keptNames(description)]);
  return (name) => names.has(name);
}

/** Members that do not change where secrets are sent: beside a preset they need no consent. */
const harmless: readonly string[] = ['inputs', 'life', 'refused', 'expired', 'limit', 'requests', 'rows'];

/**
 * Where a connection's own settings send each secret; undefined where a preset alone decides it.
 * @param settings as a person wrote them
 * @param description the description that they make with the preset
 */
export function ownDisclosures(
  settings: Readonly<Record<string, unknown>>,
  description: Description,
): readonly Disclosure[] | undefined {
  const has = (name: string) => settings[name] !== undefined && !harmless.includes(name);
  const isOwn =
    settings.preset === undefined ||
    memberNames.some(has) ||
    (settings.requests !== undefined && dataDisclosures(description).length > 0);
  return isOwn ? disclosuresOf(description) : undefined;
}

function disclosuresIn(request: RestRequest, description: Description): Disclosure[] {
  const { path, headers, form, json, basic } = request;
  const isSecret = isSecretIn(description);
  const of = { request: lineOf(request) };
  const [before, query] = namesAround(path);
  const inBody = textsIn([form, json]).flatMap((text) => namesInText(text, isSecret));
  const login = basic ? basicNames(description.ask) : [];
  const all: Disclosure[] = [
    { names: login, place: 'header', name: 'Authorization', ...of },
    { names: before.filter(isSecret), place: 'path', ...of },
    { names: query.filter(isSecret), place: 'query', ...of },
    { names: [...new Set(inBody)], place: 'body', ...of },
    ...inHeaders(headers, description).map((one) => ({ ...one, ...of })),
  ];
  return all.filter(({ names }) => names.length > 0);
}

function inHeaders(headers: Readonly<Record<string, string>>, description: Description): Disclosure[] {
  return Object.entries(headers).flatMap(([name, value]): Disclosure[] => {
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
