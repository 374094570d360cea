import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { DataRequest } from '../../../../src/core/request.ts';
import { type RequestForm, requestForms, requestText } from '../../../../src/core/results/requestText.ts';
import { connectionOf } from '../../../connectionOf.ts';

const to = (kind: string) =>
  connectionOf({ name: 'c', kind, url: 'https://host.example:8443/p', service: 'SVC' });

const nasty = `it's "$(id)" \`x\` \\ %1 {{y}} ’; é`;
const cra: DataRequest = {
  connection: 'c',
  product: 'MVMVS',
  view: 'JCPU',
  filter: nasty,
  rows: 5,
  session: 'own-id',
};
const sarus: DataRequest = {
  connection: 'c',
  endpoint: 'GetSnapshot',
  params: { Name: nasty, SessionToken: 'leak-me', apikey: 'leak-me' },
};

describe('results: the text of a request', () => {
  const text = (request: DataRequest, dialect: 'getData' | 'views', form: RequestForm) =>
    requestText(request, to('endpoint' in request ? 'sarus' : 'bmc-cra'), dialect, form);

  it('never holds a secret or a session', () => {
    for (const form of requestForms) {
      for (const request of [cra, sarus]) {
        for (const dialect of ['getData', 'views'] as const) {
          const written = text(request, dialect, form);
          assert.doesNotMatch(written, /leak-me|own-id/);
          assert.match(written, 'endpoint' in request ? /SESSION_TOKEN/ : /USER_TOKEN/);
        }
      }
    }
  });

  it('speaks the dialect of the connection', () => {
    assert.match(
      text(cra, 'getData', 'curl'),
      /\/p\/cra\/ServiceGateway\/Services\/SVC\/getData\?product=MVMVS&view=JCPU&/,
    );
    assert.match(
      text(cra, 'getData', 'curl'),
      /--request POST[\s\S]*--data-urlencode "userToken=\$USER_TOKEN"/,
    );
    assert.match(
      text(cra, 'views', 'curl'),
      /\/services\/SVC\/products\/MVMVS\/views\/JCPU\/data\?[^']*&close=Y'/,
    );
    assert.match(
      text(cra, 'views', 'http'),
      /^GET https:[\s\S]*\nAuthorization: Bearer \{\{\$processEnv USER_TOKEN\}\}\n$/,
    );
    assert.match(
      text(sarus, 'views', 'http'),
      /^GET https:\/\/host\.example:8443\/p\/GetSnapshot\?Name=.*&SessionToken=\{\{/,
    );
    assert.match(text(sarus, 'views', 'powershell'), /EscapeDataString\(\$env:SESSION_TOKEN\)/);
  });

  it('is safe in a shell, whatever the values hold', function () {
    let args: string[];
    try {
      const script = `curl() { printf '%s\\0' "$@"; }\n${text(cra, 'getData', 'curl')}`;
      args = execFileSync('sh', ['-c', script], { env: { USER_TOKEN: 'tok en' }, encoding: 'utf8' }).split(
        '\0',
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.skip(); // No POSIX shell on this system.
      }
      throw error;
    }
    const address = args.find((arg) => arg.startsWith('https:'));
    assert.equal(new URL(address ?? '').searchParams.get('filter'), nasty);
    assert.ok(args.includes('userToken=tok en'));
  });
});
