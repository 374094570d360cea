import { setTimeout as delay } from 'node:timers/promises';

/** How long anything may take that a person waits for, in milliseconds: on a busy machine VS Code alone takes half of it. */
export const waitMs = 30_000;

/**
 * Asks again and again until there is an answer (neither undefined nor false). What it saw last is in the error:
 * a test that fails must say what was there instead.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = waitMs,
  seen: () => string = () => '',
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let lastError: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) {
        return answer;
      }
    } catch (error) {
      lastError = error;
    }
    await delay(50);
  } while (Date.now() < end);
  const details = [seen(), lastError instanceof Error ? lastError.message : ''].filter(Boolean).join('; ');
  throw new Error(`Waited ${timeoutMs / 1000} s for ${what}${details ? `: ${details}` : ''}`);
}
