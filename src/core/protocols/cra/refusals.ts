import type { HttpAnswer } from '../../http/request.ts';
import { looksLikeHtml } from '../../http/text.ts';

/**
 * Whether the answer to a log-on says no to who signs in, so that a gateway has counted it against them. A 403 with
 * another server's page is of something in front of the gateway; an `error` under another status says it by its words (A).
 */
export function refusesLogin(answer: HttpAnswer, words: string): boolean {
  const { status, text } = answer;
  if (status === 403) {
    return !looksLikeHtml(text) || /HTTP Status 403|Apache Tomcat/i.test(text);
  }
  const mayTell = status < 400 || status === 400 || status === 500;
  return status === 401 || (mayTell && /password|credential|revoked/i.test(words));
}

/** Words by which a gateway says that a session is not there any more; they are not documented. */
export function saysSessionIsGone(words: string): boolean {
  return (
    /session/i.test(words) &&
    /not known|unknown|not found|no such|expired|invalid|not valid|does not exist/i.test(words)
  );
}

/** Words by which a gateway says that it has no session left; they are not documented. */
export function speaksOfLimit(words: string): boolean {
  return (
    /session/i.test(words) &&
    /limit|max|exceed|too many|no more|no free|not available|unavailable|exhaust|in use|full/i.test(words)
  );
}
