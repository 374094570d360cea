import fc from 'fast-check';

/** What breaks parsers, or what parsers are there to refuse. */
const spices = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\u0000',
  '\uFEFF',
  '\u2028',
  '\uD800',
  ' ',
  '\n',
  'null',
  'true',
  '-',
  '1e999',
  '-0',
  '123456789012345678901234567890',
  '"__proto__":',
  '"constructor":',
  '"prototype":',
  '"toString":',
  '"hasOwnProperty"',
  '<html>',
  '<script>',
  '&#60;',
  '&#1114112;',
  '[['.repeat(40),
  '{"a":'.repeat(70),
  '\\u00',
  '\\uD83D',
  '"Result":',
  '"Errors":',
  '"Rows":',
  '"error":',
  '"Status":"410"',
  '"session":""',
  '"userToken":5',
  '\r\nSet-Cookie: a=b',
  'javascript:',
  '../',
  '%2e%2e/',
  'x'.repeat(300),
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(60)),
  put: fc.oneof(fc.constantFrom(...spices), fc.constant(''), fc.string({ maxLength: 8 })),
});

/** Texts that are nearly right: seeds with a few edits; and some that are nothing of the kind. */
export function nearly(...seeds: readonly string[]): fc.Arbitrary<string> {
  const edited = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 4 })).map(([seed, edits]) =>
    edits.reduce((text, { at, cut, put }) => {
      const from = Math.floor(at * (text.length + 1));
      return text.slice(0, from) + put + text.slice(from + cut);
    }, seed),
  );
  return fc.oneof(
    { weight: 8, arbitrary: edited },
    { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  );
}

/** Any value that JSON can hold, with the names that hurt among its keys. */
function anything(...names: readonly string[]): fc.Arbitrary<unknown> {
  return fc.anything({
    key: fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString', ...names),
      fc.string({ maxLength: 6 }),
    ),
    maxDepth: 3,
    maxKeys: 8,
  });
}

/** An object that is nearly what is wanted: some members as they should be, some of any kind, some missing. */
export function nearlyObject(
  members: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> {
  const names = Object.keys(members);
  const strange = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      '',
      ' ',
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      [],
      {},
      true,
    ),
    anything(...names),
  );
  const model = Object.fromEntries(
    Object.entries(members).map(([name, good]) => [
      name,
      fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: strange }),
    ]),
  );
  return fc.oneof(
    { weight: 8, arbitrary: fc.record(model, { requiredKeys: [] }) },
    { weight: 4, arbitrary: fc.record(model) },
    { weight: 1, arbitrary: anything(...names) },
  );
}
