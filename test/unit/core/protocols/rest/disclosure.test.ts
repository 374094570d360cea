import { deepEqual, equal, ok } from 'node:assert/strict';
import { parseDescription, presetsByName } from '../../../../../src/core/protocols/rest/description.ts';
import { ownDisclosures } from '../../../../../src/core/protocols/rest/disclosure.ts';

function disclosures(input: Record<string, unknown>) {
  const parsed = parseDescription(input);
  ok(parsed.ok);
  return ownDisclosures(input, parsed.value) ?? [];
}

describe('where secrets go by a description', () => {
  it('is told of paths, queries, bodies, headers and Basic, of each request, and of the token', () => {
    const found = disclosures({
      ask: ['username', 'password', 'apiKey', 'pin'],
      headers: { 'X-Key': '{apiKey}', Accept: 'text/{plain}' },
      signIn: [
        { request: 'POST /{username}/login{?pin}', json: { a: ['{password}', { b: '{password}x' }] } },
        { request: 'GET /me?pin={pin}', basic: true, headers: { 'X-Pin': '{pin}' } },
      ],
      token: '/t',
      keep: { refresh: '/r', location: '$response.header.Location' },
      send: { in: 'query', name: 'sid', value: '{refresh}.{token}' },
      renew: { request: 'POST /renew', form: { r: '{refresh}' } },
      revoke: { request: 'DELETE {+location}' },
    });
    deepEqual(found, [
      { names: ['username'], place: 'path', request: 'POST /{username}/login{?pin}' },
      { names: ['pin'], place: 'query', request: 'POST /{username}/login{?pin}' },
      { names: ['password'], place: 'body', request: 'POST /{username}/login{?pin}' },
      {
        names: ['username', 'password'],
        place: 'header',
        name: 'Authorization',
        request: 'GET /me?pin={pin}',
      },
      { names: ['pin'], place: 'query', request: 'GET /me?pin={pin}' },
      { names: ['pin'], place: 'header', name: 'X-Pin', request: 'GET /me?pin={pin}' },
      { names: ['refresh'], place: 'body', request: 'POST /renew' },
      { names: ['location'], place: 'path', request: 'DELETE {+location}' },
      { names: ['apiKey'], place: 'header', name: 'X-Key' },
      { names: ['refresh', 'token'], place: 'query', name: 'sid' },
    ]);
  });

  it('is a person’s own where they describe, also beside a preset, unless that says nothing of secrets', () => {
    const own = (members: Record<string, unknown>, preset = 'redfish') => {
      const settings = { preset, ...members };
      const parsed = parseDescription(settings);
      ok(parsed.ok);
      return ownDisclosures(settings, parsed.value) !== undefined;
    };
    equal(own({}), false);
    const data = { Chassis: { request: 'GET /redfish/v1/Chassis/{id}' } };
    equal(
      own({ life: { minutes: 5 }, inputs: {}, rows: '/x', expired: { status: [403] }, requests: data }),
      false,
    );
    equal(own({ requests: { Leak: { request: 'GET /log?t={token}' } } }), true);
    for (const request of ['signIn', 'query', 'renew', 'revoke']) {
      ok(own({ [request]: { request: 'GET /x' } }), request);
    }
    ok(own({ ask: ['username', 'password', 'pin'] }));
    ok(own({ headers: { A: 'b' } }));
    ok(own({ token: '/token' }));
    ok(own({ keep: { location: '/location' } }));
    ok(own({ send: { in: 'query', name: 'token' } }));
  });

  it('is told of what a data request has kept', () => {
    const requests = {
      Csrf: { request: 'GET /csrf', keep: { csrf: '/csrf' } },
      Log: { request: 'GET /log{?csrf}' },
    };
    deepEqual(
      disclosures({ signIn: { request: 'POST /login' }, token: '/token', requests }).map(
        ({ names }) => names,
      ),
      [['token'], ['csrf']],
    );
  });

  it('is told of the user and the password that go by Basic, whatever else is asked for', () => {
    const ask = ['company', 'username', 'password'];
    const [first] = disclosures({ ask, signIn: { request: 'POST /login', basic: true }, token: '/token' });
    deepEqual(first?.names, ['username', 'password']);
  });

  it('is in no query with any preset', () => {
    for (const [name, { description }] of Object.entries(presetsByName)) {
      deepEqual(
        disclosures(description).filter(({ place }) => place === 'query'),
        [],
        name,
      );
    }
  });
});
