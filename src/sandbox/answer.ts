/** What a handler answers; `send.ts` puts it on the wire, `faults.ts` may spoil it on the way. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, or chunks made while they are sent, for answers too large to hold. */
  readonly body: string | Iterable<Buffer>;
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

/** A JSON answer whose text is made while it is sent. */
export function streamedJson(chunks: Iterable<Buffer>): Answer {
  return { status: 200, headers: { 'Content-Type': jsonType }, body: chunks };
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The name of an HTTP status, as error pages show it. */
export function reasonOf(status: number): string {
  return reasons[status] ?? 'Error';
}

/** Tomcat's HTML error page: what a CRA gateway's 4xx and 5xx often carry instead of JSON (docs/protocols.md 2). */
export function tomcatPage(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const title = `HTTP Status ${status} – ${reasonOf(status)}`;
  const body =
    `<!doctype html><html lang="en"><head><title>${title}</title>` +
    '<style type="text/css">body {font-family:Tahoma,Arial,sans-serif;} h1 {background-color:#525D76;color:white;}</style>' +
    `</head><body><h1>${title}</h1><hr class="line" /><p><b>Type</b> Status Report</p>` +
    `<p><b>Message</b> ${escapeHtml(message)}</p><hr class="line" /><h3>Apache Tomcat/9.0.98</h3></body></html>`;
  return { status, headers: { 'Content-Type': htmlType, 'Content-Language': 'en', ...headers }, body };
}

/** 200 with a top-level `error`: how a CRA gateway says that a request made no sense (docs/protocols.md 2). */
export function craError(message: string): Answer {
  return json({ rc: 8, error: message });
}

/** The JSON error of one documented page of CRA: a reason code and a message. */
export function reasonError(status: number, reasonCode: number, message: string): Answer {
  return json({ reasonCode, message }, status);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
