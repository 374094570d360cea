import { isRecord } from '../http/text.ts';
import { type DataRequest, targetNames } from './request.ts';

/** A copy of a JSON value with `change` applied to every text, names of members included. */
export function withTexts<T>(value: T, change: (text: string) => string): T;
export function withTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') {
    return change(value);
  }
  if (Array.isArray(value)) {
    return value.map((one) => withTexts(one, change));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), withTexts(one, change)]))
    : value;
}

/**
 * A request as it may be written down or copied: without the session it ran in, and without the texts and parameters in
 * which there is a secret.
 * @param finds whether there is a secret in a text, by its value or by its shape
 */
export function withoutSecrets(request: DataRequest, finds: (text: string) => boolean): DataRequest {
  // Without its target it would be no request.
  const essential = new Set(['connection', ...targetNames(request)]);
  const isOpen = ([name, value]: [string, unknown]): boolean => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return !finds(text) && (typeof value !== 'string' || !finds(`${name}=${text}`));
  };
  const members = Object.entries(request)
    .filter(
      ([name, value]) =>
        name !== 'session' && (essential.has(name) || typeof value !== 'string' || isOpen([name, value])),
    )
    .map(([name, value]) =>
      isRecord(value) ? [name, Object.fromEntries(Object.entries(value).filter(isOpen))] : [name, value],
    );
  return Object.fromEntries(members) as DataRequest;
}
