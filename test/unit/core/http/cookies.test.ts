import { equal } from 'node:assert/strict';
import { CookieJar } from '../../../../src/core/http/cookies.ts';
import { FakeClock } from '../../fakeClock.ts';

describe('protocols: cookies', () => {
  it('sends a cookie below its path only, and by default below the path of its request', () => {
    const jar = new CookieJar('host.example', new FakeClock());
    jar.take(['JSESSIONID=abc; Path=/cra; HttpOnly', 'here=1'], '/a/b/c', false);
    equal(jar.header('/cra/x'), 'JSESSIONID=abc');
    equal(jar.header('/cra'), 'JSESSIONID=abc');
    equal(jar.header('/crab'), undefined);
    equal(jar.header('/a/b/d'), 'here=1');
    equal(jar.header('/a'), undefined);
  });

  it('replaces and deletes', () => {
    const jar = new CookieJar('host.example', new FakeClock());
    jar.take(['a=1; Path=/'], '/', false);
    jar.take(['a=2; Path=/'], '/', false);
    equal(jar.header('/'), 'a=2');
    jar.take(['a=; Path=/; Max-Age=0'], '/', false);
    equal(jar.header('/'), undefined);
    jar.take(['b=1; Path=/', 'b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], '/', false);
    equal(jar.header('/'), undefined);
  });

  it('takes no secure cookie over plain http, and nothing that cannot be sent', () => {
    const jar = new CookieJar('host.example', new FakeClock());
    jar.take(
      ['s=1; Path=/; Secure', '=x', 'novalue', 'a=b\tc; Path=/', `l=${'x'.repeat(5_000)}; Path=/`],
      '/',
      false,
    );
    equal(jar.header('/'), undefined);
    jar.take(['s=1; Path=/; Secure'], '/', true);
    equal(jar.header('/'), 's=1');
  });

  it('begins with what another jar has kept, also of a parent domain, and of no other host', () => {
    const jar = new CookieJar('api.host.example', new FakeClock());
    jar.take(['a=1; Path=/; Domain=host.example', 'b=2; Path=/b'], '/', false);
    const next = new CookieJar('api.host.example', new FakeClock());
    next.fill(jar.kept());
    equal(next.header('/b'), 'b=2; a=1');
    const other = new CookieJar('host.example', new FakeClock());
    other.fill({ ...jar.kept(), csrf: 'x' });
    equal(other.header('/b'), 'a=1');
  });

  it('is bounded', () => {
    const jar = new CookieJar('host.example', new FakeClock());
    jar.take(
      Array.from({ length: 1_000 }, (_, index) => `c${index}=1; Path=/`),
      '/',
      false,
    );
    equal(jar.header('/')?.split('; ').length, 50);
  });

  describe('RFC 6265', () => {
    /** What is sent to /a/b of host.example after each line has been taken there, by https. */
    function after(
      lines: readonly string[],
      { host = 'host.example', clock = new FakeClock() } = {},
    ): string {
      const jar = new CookieJar(host, clock);
      for (const line of lines) {
        jar.take([line], '/a/b', true);
      }
      return jar.header('/a/b') ?? '';
    }

    it('a date in the past deletes, in whatever form it comes (5.1.1)', () => {
      for (const date of [
        'Tue, 12-Oct-1999',
        'Tue, 12-Oct-1999 00:00:00 GMT',
        'Tue, 12 Oct 1999 08:00:00 GMT',
        'Tuesday, 12-Oct-99 08:00:00 GMT',
        'Tue Oct 12 08:00:00 1999',
        '12 oct 99 8:0:0',
        '08:00:00 12 October 1999',
        '1999 12 OCT 08:00:00',
        'Thu, 01-Jan-1970 00:00:10 GMT',
        'Fri, 01 Jan 2021 00:00:00 GMT',
        'Mon, 01-Jan-1601 00:00:00 GMT',
        'Thu, 01 Jan 2026 23:59:59 UTC',
        'Thu, 01-Jan-70 00:00:00 GMT',
      ]) {
        equal(after(['c=1; Path=/', `c=gone; Path=/; Expires=${date}`]), '', date);
        equal(after(['c=1; Path=/', `c=gone; Path=/; eXpires = ${date} ; HttpOnly`]), '', date);
      }
    });

    it('what is no date is passed over', () => {
      for (const date of [
        '',
        '0',
        '-1',
        'never',
        'Tue, 12-Foo-1999 00:00:00 GMT',
        'Tue, 31-Feb-1999 00:00:00 GMT',
        'Tue, 32-Jan-1999 00:00:00 GMT',
        'Tue, 00-Jan-1999 00:00:00 GMT',
        'Tue, 12-Oct-1600 00:00:00 GMT',
        'Tue, 12-Oct-1999 24:00:00 GMT',
        'Tue, 12-Oct-1999 00:60:00 GMT',
        'Tue, 12-Oct-19999 00:00:00 GMT',
        '1999-10-12T00:00:00Z',
      ]) {
        equal(after(['c=1; Path=/', `c=2; Path=/; Expires=${date}`]), 'c=2', date);
      }
    });

    it('a cookie ends when its time is over, by the clock that does not jump', () => {
      const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5));
      const jar = new CookieJar('host.example', clock);
      jar.take(
        ['m=1; Path=/; Max-Age=60', 'e=1; Path=/; Expires=Fri, 02 Jan 2026 03:06:05 GMT', 's=1; Path=/'],
        '/',
        false,
      );
      clock.advance(59_999);
      equal(jar.header('/'), 'm=1; e=1; s=1');
      clock.jumpWall(-3_600_000);
      clock.advance(1);
      equal(jar.header('/'), 'e=1; s=1');
      clock.advance(60_000);
      equal(jar.header('/'), 's=1');
    });

    it('Max-Age counts more than Expires, and only if it is a number (5.2.2)', () => {
      const past = 'Expires=Tue, 12-Oct-1999 00:00:00 GMT';
      const future = 'Expires=Tue, 12-Oct-2099 00:00:00 GMT';
      for (const [attributes, left] of [
        [`Max-Age=60; ${past}`, 'c=2'],
        [`${past}; max-age=60`, 'c=2'],
        [`${future}; Max-Age=0`, ''],
        ['Max-Age=-1', ''],
        ['Max-Age=-999999999999999999999999', ''],
        ['Max-Age=999999999999999999999999', 'c=2'],
        ['Max-Age=', 'c=2'],
        ['Max-Age', 'c=2'],
        ['Max-Age=-', 'c=2'],
        ['Max-Age=+0', 'c=2'],
        ['Max-Age=0x0', 'c=2'],
        ['Max-Age=0.0', 'c=2'],
        ['Max-Age="0"', 'c=2'],
        [`Max-Age=soon; ${past}`, ''],
        ['Max-Age=60; Max-Age=0', ''],
        ['Max-Age=0; Max-Age=60', 'c=2'],
        ['Max-Age=0; Max-Age=x', ''],
        [`${past}; ${future}`, 'c=2'],
        [`${past}; Expires=x`, ''],
      ] as const) {
        equal(after(['c=1; Path=/', `c=2; Path=/; ${attributes}`]), left, attributes);
      }
    });

    it('a domain that is not the host’s is refused, and one that is counts (5.2.3, 5.3)', () => {
      for (const [domain, host, kept] of [
        ['host.example', 'host.example', true],
        ['.Host.Example', 'host.example', true],
        ['example', 'host.example', true],
        ['', 'host.example', true],
        ['.', 'host.example', true],
        ['other.example', 'host.example', false],
        ['sub.host.example', 'host.example', false],
        ['ost.example', 'host.example', false],
        ['10.0.0.1', '10.0.0.1', true],
        ['0.0.1', '10.0.0.1', false],
      ] as const) {
        equal(after([`c=1; Domain=${domain}`], { host }), kept ? 'c=1' : '', `${domain} at ${host}`);
      }
      equal(after(['c=1; Domain=other.example; Domain=host.example']), 'c=1');
      equal(after(['c=1; Domain=host.example; Domain=other.example']), '');
      equal(after(['c=1; Domain=example', 'c=2', 'c=3; Domain=example']), 'c=3; c=2');
      equal(after(['c=1; Domain=example; Max-Age=60', 'c=; Max-Age=0']), 'c=1');
      equal(after(['c=1; Domain=host.example', 'c=; Max-Age=0']), '');
    });

    it('a path that is none is the default one, and longer paths go first (5.2.4, 5.4)', () => {
      const jar = new CookieJar('host.example', new FakeClock());
      jar.take(
        ['r=1; Path=/', 'd=1', 'n=1; Path=a', 'l=1; Path=/x; Path=', 'e=1; Path=/a/b/', 'f=1; Path="/"'],
        '/a/b',
        false,
      );
      equal(jar.header('/a/b/c'), 'e=1; d=1; n=1; l=1; f=1; r=1');
      equal(jar.header('/a'), 'd=1; n=1; l=1; f=1; r=1');
      equal(jar.header('/ab'), 'r=1');
      jar.take(['t=1'], '/top', false);
      equal(jar.header('/'), 'r=1; t=1');
      jar.take(['r=2; Path=/'], '/', false);
      equal(jar.header('/'), 'r=2; t=1');
    });

    it('names and values are what stands around the first equals sign, trimmed (5.2)', () => {
      for (const [line, sent] of [
        ['c', ''],
        ['=c', ''],
        [' = c', ''],
        ['', ''],
        [';c=1', ''],
        ['c=', 'c='],
        [' c = 1 ; x', 'c=1'],
        ['c=a=b==', 'c=a=b=='],
        ['c="a b"; Path=/', 'c="a b"'],
        ['c=a b,c', 'c=a b,c'],
        ['c=M\xfcller', 'c=M\xfcller'],
        ['Path=/x', 'Path=/x'],
        ['c=1; Secure=no; HttpOnly=; =; ;;', 'c=1'],
        ['c=1\x00', ''],
        ['c=1\x7f', ''],
      ] as const) {
        equal(after([line]), sent, line);
      }
      equal(after(['c=1', 'C=2']), 'c=1; C=2');
    });

    it('a secure cookie is taken and sent by https only', () => {
      const jar = new CookieJar('host.example', new FakeClock());
      jar.take(['s=1; secure=anything', 't=1;SECURE', 'u=1; Secured'], '/', false);
      equal(jar.header('/'), 'u=1');
      jar.take(['s=1; secure=anything'], '/', true);
      equal(jar.header('/'), 'u=1; s=1');
    });

    it('the ended make room for the next', () => {
      const clock = new FakeClock();
      const jar = new CookieJar('host.example', clock);
      jar.take(
        Array.from({ length: 60 }, (_, index) => `c${index}=1; Max-Age=1`),
        '/',
        false,
      );
      clock.advance(1_000);
      jar.take(['last=1'], '/', false);
      equal(jar.header('/'), 'last=1');
    });
  });
});
