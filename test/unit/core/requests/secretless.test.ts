import { deepEqual, equal } from 'node:assert/strict';
import { Redactor } from '../../../../src/core/redact.ts';
import type { DataRequest } from '../../../../src/core/requests/request.ts';
import { withoutSecrets } from '../../../../src/core/requests/secretless.ts';

describe('security: what is written down of a request', () => {
  const redactor = new Redactor();
  redactor.add('Canary-User-1');
  redactor.add('Canary/Pass 2');
  const finds = (text: string) => redactor.finds(text);

  it('has no parameter of a secret’s name, none with a secret’s value, and no session', () => {
    const params = {
      Symbols: 'ABC',
      SessionToken: 'anything',
      apiKey: 'anything',
      Password: 'anything',
      email: 'somebody@example.com',
      owner: 'x-Canary-User-1-x',
      memo: encodeURIComponent('Canary/Pass 2'),
      header: 'Bearer abcdef',
    };
    deepEqual(withoutSecrets({ connection: 'c', endpoint: 'GetData', params }, finds), {
      connection: 'c',
      endpoint: 'GetData',
      params: { Symbols: 'ABC' },
    });
    const request: DataRequest = {
      connection: 'c',
      product: 'P',
      view: 'V',
      filter: 'OWNER = Canary-User-1',
      sort: 'JOB',
      session: 'an id',
      rows: 5,
    };
    deepEqual(withoutSecrets(request, finds), {
      connection: 'c',
      product: 'P',
      view: 'V',
      sort: 'JOB',
      rows: 5,
    });
  });

  it('is the request itself where there is no secret', () => {
    const request: DataRequest = { connection: 'c', product: 'P', view: 'V', filter: 'A > 5', refresh: true };
    equal(JSON.stringify(withoutSecrets(request, finds)), JSON.stringify(request));
  });

  it('survives names that belong to prototypes', () => {
    const params = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const clean = withoutSecrets({ connection: 'c', endpoint: 'e', params }, finds);
    equal(
      JSON.stringify(clean),
      '{"connection":"c","endpoint":"e","params":{"__proto__":"x","constructor":"y"}}',
    );
    equal(({} as { x?: unknown }).x, undefined);
  });
});
