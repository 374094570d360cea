import * as vscode from 'vscode';
import type { TokenInfo } from '../core/tokens/token.ts';

/** The name of a token: its view or service, and its connection in brackets; without either the connection. */
export function nameOf({ target, service, connection }: TokenInfo): string {
  const what = target ?? service;
  return what === undefined ? connection : `${what} (${connection})`;
}

/** A life in milliseconds as `mm:ss`, from an hour up `h:mm:ss`; rounded down. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(Math.floor(ms / 1_000), 0);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const tail = `${two(minutes % 60)}:${two(seconds % 60)}`;
  return minutes < 60 ? tail : `${Math.floor(minutes / 60)}:${tail}`;
}

/** A number of minutes as text, such as `1 minute`. */
export function minutesText(minutes: number): string {
  const unit = { style: 'unit', unit: 'minute', unitDisplay: 'long', maximumFractionDigits: 1 } as const;
  return minutes.toLocaleString(vscode.env.language, unit);
}
