import { isSuccess } from '../../http/request.ts';
import { NumberText, type Sent } from '../../json.ts';
import type { Description } from './description.ts';
import { type Seen, valueAt, wordsAt } from './place.ts';

/** A condition on an answer: all of its members must hold. */
type Criterion = Description['refused'][number];

/** Whether an answer of success may meet any of these. */
export function mayMatch(criteria: readonly Criterion[]): boolean {
  return criteria.some(({ status }) => status?.some(isSuccess) ?? true);
}

/** Whether an answer meets any of these. */
export function matches(criteria: readonly Criterion[], answer: Seen): boolean {
  return criteria.some(({ status, at = { in: 'text' }, is, like }) => {
    const value = status?.includes(answer.status) === false ? undefined : valueAt(at, answer);
    // A null counts only where `is` has null: JSON-RPC answers without an error have `"error": null`.
    return (
      value !== undefined &&
      (is === undefined ? value !== null : is.some((one) => isSame(one, value))) &&
      (like === undefined || wordsAt(at, answer).includes(like))
    );
  });
}

/** Servers write numbers as text, and text as numbers. */
function isSame(wanted: string | number | boolean | null, value: Sent | undefined): boolean {
  if (wanted === null || value === null || value === undefined) {
    return wanted === value;
  }
  if (Array.isArray(value) || value instanceof Map) {
    return false;
  }
  const text = String(value);
  const isNumber = typeof wanted === 'number' || value instanceof NumberText;
  return text === String(wanted) || (isNumber && text.trim() !== '' && Number(text) === Number(wanted));
}
