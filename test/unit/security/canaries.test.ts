import { equal, ok } from 'node:assert/strict';
import { canaries, SecretSearch } from '../../security/canaries.ts';

describe('security: the search for canaries', () => {
  const search = new SecretSearch(Object.values(canaries));

  it('finds a secret whole, encoded, in base64 wherever it begins, and in parts', () => {
    const { password } = canaries;
    for (const text of [
      `a ${password} b`,
      encodeURIComponent(password),
      JSON.stringify({ password }),
      Buffer.from(password).toString('base64'),
      Buffer.from(`u:${password}`).toString('base64'),
      Buffer.from(`us:${password}`).toString('base64'),
      `(${password.slice(5, 13)})`,
      `${canaries.email.slice(0, 14)}`,
    ]) {
      ok(search.find(`before ${text} after`), text);
    }
  });

  it('finds nothing where there is none', () => {
    equal(
      search.find(`${canaries.password.slice(0, 7)} @example.invalid cnry- ${'x'.repeat(100)}`),
      undefined,
    );
  });
});
