import assert from 'node:assert/strict';
import { request } from 'node:http';
import {
  type Body,
  data,
  get,
  logon,
  openSession,
  type Reply,
  TestClock,
  text,
  viewsRoot,
  withSandbox,
} from './support.ts';

const documented: Readonly<Record<string, string>> = {
  JCPU: 'ASGNAME ASGJBID ASGCNMC ASICPSCA ASICPPAU ASIUCPP JACT$INT',
  JCSA: 'CDREJNAM CDREJID CDREASID CDRECSUP CDREECUP CDRESQUP CDREESUP CDRECSAU CDREECSU CDRESQAU CDREESQU CDRETU CDRETUP JACT$INT',
  XCFMBR: 'XDGSNAM XDGGRP XDGMEM XDDJNAM XDIRGTP XDISGTP XDIRCNT XDISCNT XDGSTAC',
  JESPOOL: 'SCGID SCIJ2VOL SCIUTI SCITKT SCITKTU',
  ZFSFSZ: 'ZFFNAME ZSASYSN ZFSOWNER ZFCASIZE ZFCAUPCT ZFSMNTS',
};

type Rows = Record<string, unknown>[];

function rowsOf(reply: Reply): Rows {
  assert.equal(reply.body.error, undefined);
  return reply.body.Rows as Rows;
}

function names(reply: Reply): unknown[] {
  return rowsOf(reply).map((row) => row.ASGNAME);
}

describe('sandbox, data of CRA views', () => {
  it('has the documented fields in every view, in order, and the envelope around them', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      for (const [view, fields] of Object.entries(documented)) {
        const reply = await get(`${viewsRoot(sandbox)}/products/MVMVS/views/${view}/data`, token);
        const rows = rowsOf(reply);
        for (const row of rows) {
          const wanted = fields.split(' ');
          assert.deepEqual(
            Object.keys(row).filter((field) => wanted.includes(field)),
            wanted,
          );
        }
        const { rc, productName, viewName, totalRows, numRows } = reply.body;
        assert.deepEqual(
          { rc, productName, viewName, totalRows, numRows },
          { rc: 0, productName: 'MVMVS', viewName: view, totalRows: rows.length, numRows: rows.length },
        );
      }
      for (const view of ['STACKS', 'TCPCONS', 'VTAMCSA']) {
        assert.ok(
          rowsOf(await get(`${viewsRoot(sandbox)}/products/MVIP/views/${view}/data`, token)).length > 0,
        );
      }
    });
  });

  it('writes cells as text or lists of one-key objects: numbers, units, times, several elements, gaps', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const view = async (path: string): Promise<Rows> =>
        rowsOf(await get(`${viewsRoot(sandbox)}/products/${path}/data`, token));
      const [job] = await view('MVMVS/views/JCPU');
      assert.match(text(job?.ASIUCPP), /^\d+\.\d{6}$/);
      assert.match(JSON.stringify(job?.ASICPSCA), /^\[\{"0":"\d+\.\d{6}"\}\]$/);
      assert.match(JSON.stringify(job?.JACT$INT), /^\[\{"0":"\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}"\}\]$/);
      assert.match(text((await view('MVMVS/views/JCSA'))[0]?.CDRETU), /^\d+[KM]i$/);
      assert.deepEqual((await view('MVIP/views/STACKS'))[0]?.STKADDR, [
        { '0': '10.1.0.1' },
        { '1': '10.2.0.1' },
      ]);
      const ragged = (await view('MVMVS/views/JCPU')).map((row) => 'ASGZIITC' in row);
      assert.ok(ragged.includes(true) && ragged.includes(false));
    });
  });

  it('moves with time, but a session shows what it collected until it is refreshed', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const token = await logon(sandbox);
      const first = rowsOf(await data(sandbox, token));
      assert.deepEqual(rowsOf(await data(sandbox, token)), first);
      const session = await openSession(sandbox, token);
      clock.ms += 60_000;
      assert.notDeepEqual(rowsOf(await data(sandbox, token)), first);
      assert.deepEqual(rowsOf(await data(sandbox, token, `session=${session}`)), first);
      assert.deepEqual(rowsOf(await data(sandbox, token, `session=${session}&refresh=N`)), first);
      const fresh = rowsOf(await data(sandbox, token, `session=${session}&refresh=Y`));
      assert.notDeepEqual(fresh, first);
      assert.deepEqual(rowsOf(await data(sandbox, token, `session=${session}`)), fresh);
    });
  });

  it('goes back in time by period', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const token = await logon(sandbox);
      const at = async (period: string): Promise<string> =>
        JSON.stringify(
          rowsOf(await data(sandbox, token, `rows=1&period=${encodeURIComponent(period)}`))[0]?.JACT$INT,
        );
      assert.match(await at('2026/01/02 03:04:05 1h'), /2026\/01\/02 03:04:05\.000000/);
      assert.match(await at('* * PREV'), /:(00|15|30|45):00\.000000/);
      assert.equal(await at('='), await at('*'));
    });
  });

  it('gives the rows asked for: startRow from 1, rows or row, totals of all', async () => {
    await withSandbox({ now: () => 0 }, async (sandbox) => {
      const token = await logon(sandbox);
      const all = names(await data(sandbox, token));
      const part = await data(sandbox, token, 'startRow=3&rows=2');
      assert.deepEqual(names(part), all.slice(2, 4));
      assert.deepEqual([part.body.totalRows, part.body.numRows], [48, 2]);
      assert.deepEqual(names(await data(sandbox, token, 'row=2')), all.slice(0, 2));
      assert.deepEqual(names(await data(sandbox, token, 'startRow=48&rows=9')), all.slice(47));
      assert.deepEqual(names(await data(sandbox, token, 'startRow=49')), []);
      for (const query of ['startRow=0', 'rows=-1', 'rows=x', 'close=maybe', 'refresh=1']) {
        const reply = await data(sandbox, token, query);
        assert.equal(reply.status, 200);
        assert.equal(typeof reply.body.error, 'string', query);
      }
    });
  });

  it('refuses filters and sorts that it cannot read', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      for (const [query, words] of [
        ['filter=NOSUCH%3D1', /NOSUCH/],
        ['filter=what?', /cannot be read/],
        ['sort=NOSUCH.A', /NOSUCH/],
        ['sort=ASGNAME', /cannot be read/],
      ] as const) {
        assert.match(text((await data(sandbox, token, query)).body.error), words);
      }
    });
  });

  it('sorts numbers by size, with their units', async () => {
    await withSandbox({ now: () => 0 }, async (sandbox) => {
      const token = await logon(sandbox);
      const up = rowsOf(await data(sandbox, token, 'sort=asiucpp.a')).map((row) => Number(row.ASIUCPP));
      assert.deepEqual(
        up,
        [...up].sort((a, b) => a - b),
      );
      const url = `${viewsRoot(sandbox)}/products/MVMVS/views/JCSA/data?sort=CDRETU.D`;
      const sizes = rowsOf(await get(url, token)).map((row) => {
        const size = String(row.CDRETU);
        return Number.parseInt(size, 10) * (size.endsWith('Mi') ? 1024 : 1);
      });
      assert.deepEqual(
        sizes,
        [...sizes].sort((a, b) => b - a),
      );
    });
  });

  it('narrows by system, scope, context and server', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const counts: Readonly<Record<string, number>> = {
        'system=*': 48,
        'system=SYSA': 24,
        'scope=SYS*': 48,
        'context=ALL': 48,
        'context=SYSB': 24,
        'context=PLEX1&system=SYSB': 24,
        'system=NOSUCH': 0,
        'server=BBI3': 48,
        'server=OTHER': 0,
      };
      for (const [query, count] of Object.entries(counts)) {
        assert.equal((await data(sandbox, token, query)).body.totalRows, count, query);
      }
      assert.equal((await data(sandbox, token, 'system=SYSB')).body.system, 'SYSB');
    });
  });

  it('compresses small answers for those who accept it', async () => {
    await withSandbox({}, async (sandbox) => {
      const url = `${viewsRoot(sandbox)}/products/MVMVS/views/JCPU/data`;
      const headers = { Authorization: `Bearer ${await logon(sandbox)}` };
      for (const [accept, encoding] of [
        ['gzip, deflate', 'gzip'],
        ['identity', undefined],
        ['gzip;q=0', undefined],
      ] as const) {
        assert.equal(await encodingOf(url, { ...headers, 'Accept-Encoding': accept }), encoding);
      }
      const big = url.replace('JCPU', 'BIG');
      assert.equal(await encodingOf(big, { ...headers, 'Accept-Encoding': 'gzip' }), undefined);
    });
  });

  it('has a view of 200,000 rows and 20 columns in about 60 MB', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const url = `${viewsRoot(sandbox)}/products/MVMVS/views/BIG/data`;
      // All answers first: while rows by the hundred thousand are parsed, this thread's server would close idle sockets.
      const reply = await get(`${url}?rows=200000`, token);
      const part = await get(`${url}?rows=1001&startRow=1500`, token);
      assert.ok(reply.text.length > 55e6 && reply.text.length < 70e6, String(reply.text.length));
      const rows = rowsOf(reply);
      assert.equal(rows.length, 200_000);
      assert.equal(new Set(rows.map((row) => row.BNUM)).size, 200_000);
      assert.ok(rows.every((row) => Object.keys(row).length === 20));
      assert.deepEqual(
        rowsOf(part).map((row) => row.BNUM),
        rows.slice(1499, 2500).map((row) => row.BNUM),
      );
    });
  });

  it('leaves open what the protocol leaves open: quirks turn it round', async () => {
    const field = { quirks: { sessionIdIn: { field: 'SessionToken' }, noCounts: true, byteOrderMark: true } };
    await withSandbox(field, async (sandbox) => {
      const reply = await data(sandbox, (await logonWithMark(sandbox.url)) as string, 'close=N');
      assert.equal(reply.text.startsWith('{'), true); // fetch takes the mark off text
      const body: Body = reply.body;
      assert.equal(typeof body.SessionToken, 'string');
      assert.ok(!('session' in body) && !('numRows' in body) && !('totalRows' in body));
    });
    await withSandbox(
      { quirks: { sessionIdIn: { header: 'session_id' }, limitAnswer: 429 }, maxSessions: 1 },
      async (sandbox) => {
        const token = await logon(sandbox);
        const reply = await data(sandbox, token, 'close=N');
        assert.ok(!('session' in reply.body));
        const session = reply.headers.get('session_id') ?? '';
        assert.equal((await data(sandbox, token, `session=${session}`)).status, 200);
        assert.equal((await data(sandbox, token)).status, 429);
      },
    );
    await withSandbox(
      { quirks: { deadSession: 'error', servicesNeedToken: true, swappedMethods: true } },
      async (sandbox) => {
        const token = await logon(sandbox);
        assert.match(text((await data(sandbox, token, 'session=x')).body.error), /session/);
        assert.equal((await get(viewsRoot(sandbox))).status, 401);
        assert.equal((await get(viewsRoot(sandbox), token)).status, 200);
        assert.equal((await get(`${viewsRoot(sandbox)}/BBI3SYSA/keepalive`, token)).status, 200);
      },
    );
  });
});

async function logonWithMark(url: string): Promise<unknown> {
  const body = new URLSearchParams({ username: 'demo', password: 'demo' });
  const response = await fetch(`${url}/cra/serviceGateway/services/BBI3SYSA/logon`, { method: 'POST', body });
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  return (JSON.parse(bytes.toString('utf8').slice(1)) as Body).userToken;
}

/** The encoding on the wire, which fetch would hide. */
function encodingOf(url: string, headers: Record<string, string>): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.headers['content-encoding']));
    })
      .once('error', reject)
      .end();
  });
}
