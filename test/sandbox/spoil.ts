import type { SentAnswer as Answer } from './send.ts';

/** The whole text of an answer; large ones are made now. */
export function textOf(answer: Answer): string {
  return typeof answer.body === 'string' ? answer.body : Buffer.concat([...answer.body]).toString('utf8');
}

/** The first half of a body, as an answer that is complete by its length. */
export function truncated(answer: Answer): Answer {
  const text = textOf(answer);
  return { ...answer, body: text.slice(0, Math.ceil(text.length / 2)) };
}

/** The same JSON with every value of another type: what was text is an object, what was a list is a number… */
export function wrongTypes(answer: Answer): Answer {
  if (!answer.headers['Content-Type']?.startsWith('application/json')) {
    return answer; // An error page has no types.
  }
  const value: unknown = JSON.parse(textOf(answer).replace(/^\ufeff/, ''));
  const spoilt = Array.isArray(value)
    ? { items: value.length }
    : Object.fromEntries(Object.entries(value ?? {}).map(([key, member]) => [key, otherType(member)]));
  return { ...answer, body: JSON.stringify(spoilt) };
}

function otherType(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length;
  }
  if (typeof value === 'string') {
    return { text: value.length };
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return [value];
  }
  // The members of SARUS's Result and Errors are spoilt, the object around them stays.
  return value === null
    ? 0
    : Object.fromEntries(Object.entries(value ?? {}).map(([key, member]) => [key, otherType(member)]));
}

/** What stands for an answer that was never made: JSON of no protocol. */
export function standIn(): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=UTF-8' },
    body: JSON.stringify({ message: 'The operation was not carried out.', list: [1, 2, 3], number: 4 }),
  };
}
