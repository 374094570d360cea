import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';

/** A sandbox behind a relay that keeps what was answered: for comparing it with what a person gets. */
export interface Recorder {
  /** What a connection's `url` is set to. */
  readonly url: string;
  readonly sandbox: Sandbox;
  /** The rows of each answer with data that had some, as they were sent. */
  readonly answers: readonly SentRow[][];
  /** Leaves out the first row of each answer from now on. */
  shorten(): void;
  close(): Promise<void>;
}

export type SentRow = Readonly<Record<string, string | readonly Readonly<Record<string, string>>[]>>;

export async function startRecorder(): Promise<Recorder> {
  const sandbox = await startSandbox({});
  const answers: SentRow[][] = [];
  let isShort = false;
  const relay = (asked: IncomingMessage, answer: ServerResponse): void => {
    const { method, headers } = asked;
    // Not compressed, so that what passes is what is read.
    const onward = request(
      new URL(asked.url ?? '/', sandbox.url),
      { method, headers: { ...headers, 'accept-encoding': 'identity' } },
      (sent) => {
        const parts: Buffer[] = [];
        const { 'content-length': _, ...headers } = sent.headers;
        answer.writeHead(sent.statusCode ?? 502, isShort ? headers : sent.headers);
        const passes = !isShort;
        sent.on('data', (part: Buffer) => parts.push(part));
        sent.on('end', () => {
          const whole = Buffer.concat(parts);
          const body = whole.toString();
          // Lists to choose from come as rows, too, and may come late.
          const rows = /data(?:\?|$)/i.test(asked.url ?? '') ? rowsIn(body).slice(passes ? 0 : 1) : [];
          if (rows.length > 0) {
            answers.push(rows); // Before anybody gets it.
          }
          answer.end(passes ? whole : shortened(body, rows));
        });
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  };
  const server = createServer(relay);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sandbox,
    answers,
    shorten: () => {
      isShort = true;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await sandbox.close();
    },
  };
}

/** A body with other rows, where it has some. */
function shortened(body: string, rows: readonly SentRow[]): string {
  return rows.length === 0 ? body : JSON.stringify({ ...(JSON.parse(body) as object), Rows: rows });
}

function rowsIn(body: string): SentRow[] {
  try {
    return (JSON.parse(body) as { Rows?: SentRow[] }).Rows ?? [];
  } catch {
    return [];
  }
}

/** A cell as it was sent, as its plain value: one element is its text, several are a list. */
export function plain(cell: SentRow[string]): string | string[] {
  if (typeof cell === 'string') {
    return cell;
  }
  const texts = cell.map((element) => Object.values(element)[0] ?? '');
  return texts.length === 1 ? (texts[0] ?? '') : texts;
}

/** A row as it was sent, with plain values. */
export function plainRow(row: SentRow): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(row).map(([field, cell]) => [field, plain(cell)]));
}
