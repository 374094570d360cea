import { equal } from 'node:assert/strict';
import { CookieJar } from '../../../../src/core/protocols/cookies.ts';

describe('protocols: cookies', () => {
  it('sends a cookie below its path only, and by default below the path of its request', () => {
    const jar = new CookieJar();
    jar.take(['JSESSIONID=abc; Path=/cra; HttpOnly', 'here=1'], '/a/b/c', false);
    equal(jar.header('/cra/x'), 'JSESSIONID=abc');
    equal(jar.header('/cra'), 'JSESSIONID=abc');
    equal(jar.header('/crab'), undefined);
    equal(jar.header('/a/b/d'), 'here=1');
    equal(jar.header('/a'), undefined);
  });

  it('replaces and deletes', () => {
    const jar = new CookieJar();
    jar.take(['a=1; Path=/'], '/', false);
    jar.take(['a=2; Path=/'], '/', false);
    equal(jar.header('/'), 'a=2');
    jar.take(['a=; Path=/; Max-Age=0'], '/', false);
    equal(jar.header('/'), undefined);
    jar.take(['b=1; Path=/', 'b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], '/', false);
    equal(jar.header('/'), undefined);
  });

  it('takes no secure cookie over plain http, and nothing that cannot be sent', () => {
    const jar = new CookieJar();
    jar.take(
      ['s=1; Path=/; Secure', '=x', 'novalue', 'a=b\tc; Path=/', `l=${'x'.repeat(5_000)}; Path=/`],
      '/',
      false,
    );
    equal(jar.header('/'), undefined);
    jar.take(['s=1; Path=/; Secure'], '/', true);
    equal(jar.header('/'), 's=1');
  });

  it('is bounded', () => {
    const jar = new CookieJar();
    jar.take(
      Array.from({ length: 1_000 }, (_, index) => `c${index}=1; Path=/`),
      '/',
      false,
    );
    equal(jar.header('/')?.split('; ').length, 50);
  });
});
