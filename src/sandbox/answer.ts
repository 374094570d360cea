import { STATUS_CODES } from 'node:http';

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Thrown by handlers deep down to answer at once; never leaves the gateway. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

const jsonType = 'application/json;charset=UTF-8';
const htmlType = 'text/html;charset=utf-8';

/** A JSON answer. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'Content-Type': jsonType, ...headers }, body: JSON.stringify(value) };
}

/** Tomcat's HTML error page: what a CRA gateway's 4xx and 5xx often carry instead of JSON (docs/protocols.md 2). */
export function tomcatPage(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const title = `HTTP Status ${status} – ${STATUS_CODES[status]}`;
  const body =
    `<!doctype html><html lang="en"><head><title>${title}</title>` +
    '<style type="text/css">body {font-family:Tahoma,Arial,sans-serif;} h1 {background-color:#525D76;color:white;}</style>' +
    `</head><body><h1>${title}</h1><hr class="line" /><p><b>Type</b> Status Report</p>` +
    `<p><b>Message</b> ${escapeHtml(message)}</p><hr class="line" /><h3>Apache Tomcat/9.0.98</h3></body></html>`;
  return { status, headers: { 'Content-Type': htmlType, 'Content-Language': 'en', ...headers }, body };
}

/** 200 with a top-level `error`: how a CRA gateway says that a request made no sense (docs/protocols.md 2). */
export function craRefusal(message: string): Refusal {
  return new Refusal(json({ rc: 8, error: message }));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
