import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** Stands before a server and notes what it is asked. */
export interface Recorder {
  readonly url: string;
  /** Method and path of every request so far, without its query. */
  readonly asked: string[];
  /** Sends the last request of this method and path once more, as it was; returns the status of its answer. */
  again(what: string): Promise<number>;
  /** What the last request of this method and path was authorized by. */
  authorization(what: string): string;
  stop(): Promise<void>;
}

interface Asked extends RequestOptions {
  readonly what: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function record(url: string): Promise<Recorder> {
  const requests: Asked[] = [];
  const asked: string[] = [];
  const { host, hostname, port } = new URL(url);
  const pass = async ({ body, ...options }: Asked): Promise<IncomingMessage> => {
    const [answer] = await once(request({ hostname, port, ...options }).end(body), 'response');
    return answer as IncomingMessage;
  };
  const server = createServer(async (from, to) => {
    const { method = '', url: path = '' } = from;
    const what = `${method} ${path.split('?')[0]}`;
    asked.push(what);
    try {
      const body = await buffer(from);
      const one = { what, method, path, body, headers: { ...from.headers, host } };
      requests.push(one);
      const answer = await pass(one);
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      await pipeline(answer, to);
    } catch {
      to.destroy(); // Whoever asked has left, or the server has.
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const last = (what: string): Asked => {
    const found = requests.findLast((one) => one.what === what);
    if (found === undefined) {
      throw new Error(`${what} was not asked.`);
    }
    return found;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    again: async (what) => {
      const answer = await pass(last(what));
      answer.resume();
      return answer.statusCode ?? 0;
    },
    authorization: (what) => last(what).headers.authorization ?? '',
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
