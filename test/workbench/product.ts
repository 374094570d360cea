import { type IncomingMessage, Server, type ServerResponse } from 'node:http';

/*
 * Loaded into the VS Code server's process, for what a product around it does and the server alone does not.
 */
const key = Buffer.from(process.env.WORKBENCH_SECRET_KEY ?? '', 'hex');
const view = process.env.WORKBENCH_FIRST_VIEW;
const emit = Server.prototype.emit;

Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]): boolean {
  if (event === 'request') {
    const [request, response] = args as [IncomingMessage, ServerResponse];
    // The workbench encrypts the secrets that it stores in the browser with a key that it asks its server for.
    // Without one secrets end with the page; with it they survive a reload, as they do for everybody else.
    if (request.method === 'POST' && /^[^?]*\/mint-key(\?|$)/.test(request.url ?? '')) {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(key);
      return true;
    }
    if (view !== undefined && request.method === 'GET' && /^\/(\?|$)/.test(request.url ?? '')) {
      showFirst(response, view);
    }
  }
  return Reflect.apply(emit, this, [event, ...args]) as boolean;
};

/** Puts a view into the layout that a folder's first window begins with; later it is as the person left it. */
function showFirst(response: ServerResponse, id: string): void {
  const layout = JSON.stringify({ defaultLayout: { views: [{ id }] } }).replaceAll('"', '&quot;');
  const end = response.end;
  response.end = ((page: unknown, ...rest: unknown[]) =>
    Reflect.apply(end, response, [
      String(page ?? '').replace(
        'id="vscode-workbench-web-configuration" data-settings="{',
        (start) => `${start}${layout.slice(1, -1)},`,
      ),
      ...rest,
    ])) as typeof end;
}
