import { Server } from 'node:http';

/*
 * Loaded into the VS Code server's process. The workbench encrypts the secrets that it stores in the browser with
 * a key that it asks its server for; this server alone has none to give (the product around it has), and then
 * secrets end with the page. With it they survive a reload, as they do for everybody else.
 */
const key = Buffer.from(process.env.WORKBENCH_SECRET_KEY ?? '', 'hex');
const emit = Server.prototype.emit;

Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]): boolean {
  if (event === 'request') {
    const [request, response] = args as [
      import('node:http').IncomingMessage,
      import('node:http').ServerResponse,
    ];
    if (request.method === 'POST' && /^[^?]*\/mint-key(\?|$)/.test(request.url ?? '')) {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(key);
      return true;
    }
  }
  return Reflect.apply(emit, this, [event, ...args]) as boolean;
};
