import assert from 'node:assert/strict';
import { fill } from '../../../src/core/errors.ts';
import { parseConnection, protocols } from '../../../src/core/protocols/kinds.ts';

const good = { name: 'c', kind: 'bmc-cra', url: 'https://host.example/p' };

function refused(input: unknown, reason: string): void {
  const parsed = parseConnection(input);
  assert.ok(!parsed.ok, reason);
  assert.equal(fill(parsed.reason.template, parsed.reason.args), reason);
}

describe('connections', () => {
  it('say in one clause what is wrong with which field', () => {
    for (const [input, reason] of [
      [7, 'must be an object'],
      [null, 'must be an object'],
      [{ ...good, name: undefined }, '"name" is missing'],
      [{ name: 'c', url: good.url }, '"kind" is missing'],
      [{ ...good, name: ' ' }, '"name" must not be empty'],
      [{ ...good, name: 7 }, '"name" must be a string'],
      [{ ...good, kind: 'soap' }, `"kind" must be one of ${Object.keys(protocols).join(', ')}`],
      [{ ...good, dialect: 7 }, '"dialect" must be one of auto, getData, views'],
      [{ ...good, keepAlive: 'ever' }, '"keepAlive" must be one of manual, auto'],
      [
        { ...good, url: 'ftp://host' },
        '"url" must be an http or https address without user, query or fragment',
      ],
      [
        { ...good, url: 'https://u:p@host' },
        '"url" must be an http or https address without user, query or fragment',
      ],
      [{ ...good, lifeMinutes: Number.POSITIVE_INFINITY }, '"lifeMinutes" must be a number'],
      [{ ...good, maxSessions: 1.5 }, '"maxSessions" must be a whole number'],
      [{ ...good, maxSessions: 0 }, '"maxSessions" must be 1 or more'],
      [{ ...good, requestTimeoutSeconds: 0 }, '"requestTimeoutSeconds" must be more than 0'],
      [{ ...good, requestTimeoutSeconds: '30' }, '"requestTimeoutSeconds" must be a number'],
      [{ ...good, rejectUnauthorized: 'no' }, '"rejectUnauthorized" must be a boolean'],
    ] as const) {
      refused(input, reason);
    }
  });

  it('name a client certificate in one way, whole', () => {
    for (const [files, reason] of [
      [{ keyFile: 'k.pem' }, '"certFile" is missing'],
      [{ pfxFile: 'p.pfx', certFile: 'c.pem' }, '"pfxFile" cannot be used together with "certFile"'],
      [{ pfxFile: 'p.pfx', keyFile: 'k.pem' }, '"pfxFile" cannot be used together with "keyFile"'],
      [{ certFile: 7 }, '"certFile" must be a string'],
      [{ pfxFile: ' ' }, '"pfxFile" must not be empty'],
      [{ login: 'key' }, '"login" must be one of password, certificate'],
      [{ login: 'certificate' }, '"certFile" is missing'],
    ] as const) {
      refused({ ...good, ...files }, reason);
    }
    for (const files of [
      { certFile: 'c.pem', keyFile: 'k.pem' },
      { pfxFile: 'p.pfx', login: 'certificate' },
    ]) {
      const parsed = parseConnection({ ...good, ...files });
      assert.ok(parsed.ok);
      assert.deepEqual({ ...parsed.value, ...files }, parsed.value);
    }
  });

  it('have headers that can be sent and that are theirs to set', () => {
    const no = 'is not a header that can be set: its name is wrong, or each request needs its own';
    for (const name of [
      'Host',
      'content-length',
      'Content-Type',
      'Transfer-Encoding',
      'connection',
      'Keep-Alive',
      'TE',
      'Trailer',
      'Upgrade',
      'Expect',
      'Proxy-Authorization',
      'Accept-Encoding',
      'Cookie',
      'X Y',
      'X:Y',
      'X\r\nY',
      'Ä',
      '',
    ]) {
      refused({ ...good, headers: { [name]: 'v' } }, `"headers.${name}" ${no}`);
    }
    for (const value of ['a\r\nB: c', 'a\nb', 'a\0b', '\u2028', 'ş', ' ', '']) {
      refused(
        { ...good, headers: { 'X-Y': value } },
        '"headers.X-Y" must be text without line breaks that a header can carry',
      );
    }
    refused({ ...good, headers: { 'X-Y': 7 } }, '"headers.X-Y" must be a string');
    refused({ ...good, headers: 'X-Y: 7' }, '"headers" must be an object of headers');
    const headers = { Authorization: `Bearer \${secret}`, 'CF-Access-Client-Id': 'ü', 'user-agent': 'x' };
    const parsed = parseConnection({ ...good, headers });
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value.headers, headers);
  });

  it('have a life within the bounds of their protocol', () => {
    const lifeOf = (settings: object) => {
      const parsed = parseConnection({ ...good, ...settings });
      return parsed.ok ? parsed.value.lifeMinutes : undefined;
    };
    assert.deepEqual(
      [-1, 0, 1, undefined, 30, 9999].map((lifeMinutes) => lifeOf({ lifeMinutes })),
      [5, 5, 5, 15, 30, 1440],
    );
    const sarus = [0.5, undefined, 9999].map((lifeMinutes) => lifeOf({ kind: 'sarus', lifeMinutes }));
    assert.deepEqual(sarus, [1, 30, 1440]);
  });
});
