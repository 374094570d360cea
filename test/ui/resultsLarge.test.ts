import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox } from '../sandbox/gateway.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, getResult, signIn } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

const rows = 1_000_000;

/** The sandbox, but for the data of every view, which are a million rows. */
async function startLarge(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sandbox = await startSandbox({});
  const server = createServer((asked, answer) => {
    const { method, headers, url = '/' } = asked;
    const onward = request(
      new URL(url, sandbox.url),
      { method, headers: { ...headers, 'accept-encoding': 'identity' } },
      async (sent) => {
        const parts: Buffer[] = [];
        for await (const part of sent as AsyncIterable<Buffer>) {
          parts.push(part);
        }
        const body = Buffer.concat(parts);
        if (!/\/data(\?|$)/.test(url)) {
          answer.writeHead(sent.statusCode ?? 502, sent.headers).end(body);
          return;
        }
        const { Rows: _, ...head } = JSON.parse(body.toString()) as Record<string, unknown>;
        answer.writeHead(200, { 'Content-Type': 'application/json' });
        answer.write(`${JSON.stringify(head).slice(0, -1)},"Rows":[{"N":"0"}`);
        for (let row = 1; row < rows; row += 1000) {
          const some = Array.from({ length: Math.min(1000, rows - row) }, (_, at) => `,{"N":"${row + at}"}`);
          answer.write(some.join(''));
        }
        answer.end(']}');
      },
    );
    asked.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await sandbox.close();
    },
  };
}

describe('a result of a million rows', () => {
  const gateway = useFixture(startLarge);
  const vs = useWorkbench(() => ({ settings: connectionTo(gateway().url) }));

  it('is scrolled to its last row, by bar, wheel and keyboard', async () => {
    await signIn(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    await until('all rows', async () => (await tab.rowCount()) === rows, 60_000);
    const grid = tab.grid('MVMVS/JCPU');
    const text = (row: number) => tab.cell(row, 0).textContent({ timeout: 15_000 });
    const seen = async (row: number) => {
      assert.equal(await text(row), String(row));
      const [cell, whole] = await Promise.all([tab.cell(row, 0).boundingBox(), grid.boundingBox()]);
      assert.ok(
        cell !== null && whole !== null && cell.y >= whole.y,
        `row ${row} is above the table: ${JSON.stringify([cell, whole])}`,
      );
      assert.ok(
        cell.y + cell.height <= whole.y + whole.height,
        `row ${row} is below the table: ${JSON.stringify([cell, whole])}`,
      );
      assert.equal(cell.height, 22);
    };
    await vs().page.keyboard.press('ControlOrMeta+End');
    await seen(rows - 1);
    await vs().page.keyboard.press('ControlOrMeta+Home');
    await seen(0);
    await grid.evaluate((element) => element.scrollTo({ top: 1e9 }));
    await seen(rows - 1);
    await grid.hover();
    await vs().page.mouse.wheel(0, -22 * 10);
    await seen(rows - 11);
    await grid.evaluate((element) =>
      element.scrollTo({ top: (element.scrollHeight - element.clientHeight) / 2 }),
    );
    await tab.cell(rows / 2, 0).waitFor();
    await vs().page.mouse.wheel(0, 22 * 10);
    await tab.cell(rows / 2 + 10, 0).waitFor();
    const drawn = (await tab.cells()).sort((a, b) => a.row - b.row);
    for (const [at, cell] of drawn.entries()) {
      assert.deepEqual([cell.row, cell.text], [(drawn[0]?.row ?? 0) + at, String(cell.row)]);
    }
  });
});
