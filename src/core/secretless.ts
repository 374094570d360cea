import type { DataRequest } from './request.ts';

/** What says where a request goes; without it there is no request. */
const essential = new Set(['connection', 'product', 'view', 'endpoint']);

/**
 * A request as it may be written down or copied: without the session it ran in, and without the texts and parameters in
 * which there is a secret.
 * @param finds whether there is a secret in a text, by its value or by its shape
 */
export function withoutSecrets(request: DataRequest, finds: (text: string) => boolean): DataRequest {
  const isOpen = ([name, value]: [string, unknown]): boolean =>
    typeof value !== 'string' || !(finds(value) || finds(`${name}=${value}`));
  const members = Object.entries(request)
    .filter((entry) => entry[0] !== 'session' && (essential.has(entry[0]) || isOpen(entry)))
    .map(([name, value]) =>
      name === 'params' && typeof value === 'object' && value !== null
        ? [name, Object.fromEntries(Object.entries(value).filter(isOpen))]
        : [name, value],
    );
  return Object.fromEntries(members) as DataRequest;
}
