import { deepEqual, equal } from 'node:assert/strict';
import { SessionMask } from '../../../../src/core/protocols/cra/sessionMask.ts';
import { SecretMask } from '../../../../src/core/relay/secretMask.ts';
import { plainReader } from '../../../simulate/window.ts';

/** What comes out of a mask when a text comes in parts of so many bytes. */
function through(text: string, size: number): { text: string; found: string[] } {
  const out: Buffer[] = [];
  const found: string[] = [];
  const reader = {
    ...plainReader({ member: '', mayWrap: false }, () => undefined),
    write: (chunk: Uint8Array) => void out.push(Buffer.from(chunk)),
    end: async () => ({}) as never,
  };
  const mask = new SessionMask(reader, (id) => found.push(id));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    mask.write(Uint8Array.from(bytes.subarray(at, at + size)));
  }
  void mask.end();
  return { text: Buffer.concat(out).toString(), found };
}

describe('masks of a relay', () => {
  it('takes a session out of the top of a body, and leaves a column of that name', () => {
    const body = (id: string) =>
      `{ "rc" : 0, "text":"a \\"sessionId\\":\\"no\\" }", "SessionId" : "${id}","Rows":[{"session":"mine é","a":[{"0":"}"}]},` +
      `{"session":[{"0":"x"}]}], "sessionless":"y"}`;
    const after = (id: string) => `{"a":{"session":"mine"},"Rows":[{"session":"mine"}],"session_id":"${id}"}`;
    const hidden = '*'.repeat('id-1/2\\u00e9'.length);
    for (let size = 1; size < 200; size++) {
      const got = through(body('id-1/2\\u00e9'), size);
      equal(got.text, body(hidden), String(size));
      deepEqual(got.found, ['id-1/2é']);
      deepEqual(through(after('id-1/2\\u00e9'), size), { text: after(hidden), found: ['id-1/2é'] });
    }
  });

  it('takes out a session that is a number, to the last digit', () => {
    const after = (id: string) => `{"rc":0,"session":${id},"Rows":[{"session":0}]}`;
    for (const [id, hidden] of [
      ['0', '""'],
      ['12345678901234567890', `"${'*'.repeat(18)}"`],
    ] as const) {
      for (let size = 1; size < 60; size++) {
        deepEqual(through(after(id), size), { text: after(hidden), found: [id] });
      }
    }
  });

  it('takes out a session that stands behind the rows where an empty one stands before them', () => {
    const after = (id: string) => `{"session":"","Rows":[{"a":"b"},{"a":"b"}],"sessionId":"${id}"}`;
    for (let size = 1; size < 80; size++) {
      const { text, found } = through(after('id-1/2'), size);
      deepEqual([text, found.at(-1)], [after('******'), 'id-1/2'], String(size));
    }
  });

  it('passes on what is no JSON', () => {
    for (const text of [
      '',
      '[]',
      'no {"session',
      '"session":"x"',
      '{"session":',
      '{"session":"x',
      '}}{"a":1}',
    ]) {
      for (let size = 1; size <= text.length + 1; size++) {
        equal(through(text, size).text, text);
      }
    }
  });

  it('finds secrets in every form, wherever the parts end', () => {
    const secret = 'to/k"en+123=';
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      'to\\/k\\"en+123=',
      encodeURIComponent(secret),
      'to/k\\u0022en\\u002B123=',
      'to/k\\"en+123\\u003d',
      'to\\u002fk\\u0022en\\u002b123\\u003D',
      'to/k&quot;en+123=',
      'to/k&quot;en+123&#x3D;',
      'to/k&#34;en&#43;123=',
      'to&#x2F;k&#x22;en&#x2B;123&#x3D;',
      Buffer.from(`user:${secret}`).toString('base64').slice(7, -2),
    ];
    const text = `${forms.join('|')}|to/k"en+12|to/to/k"en+123`;
    const wanted = `${forms.map((form) => '*'.repeat(form.length)).join('|')}|to/k"en+12|to/to/k"en+123`;
    for (let size = 1; size <= text.length; size++) {
      const mask = new SecretMask();
      mask.add([secret, 'short']);
      const out: Buffer[] = [];
      for (let at = 0; at < text.length; at += size) {
        out.push(Buffer.from(mask.take(Buffer.from(text.slice(at, at + size)))));
      }
      equal(Buffer.concat([...out, mask.end()]).toString(), wanted, String(size));
    }
  });

  it('finds a secret within the beginning of another one', () => {
    for (let size = 1; size <= 14; size++) {
      const mask = new SecretMask();
      mask.add(['name:pass-word!', 'pass-word']);
      const parts = 'name:pass-word'.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
      const out = parts.map((part) => String(mask.take(Buffer.from(part))));
      equal(`${out.join('')}${mask.end()}`, 'name:*********', String(size));
    }
  });
});
