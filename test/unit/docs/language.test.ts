import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  codeBundle,
  compare,
  keysOfManifest,
  languages,
  languagesThere,
  manifestBundle,
  readBundle,
  textsOfCode,
} from '../../docs/bundles.ts';
import { findStrings, stringsIn } from '../../docs/strings.ts';
import { root } from '../../workbench/paths.ts';

const complete = { missing: [], unused: [], broken: [] };

describe('the texts that people see', () => {
  it('are found where they stand, with what cannot be translated named', () => {
    const code = `
      // vscode.l10n.t('in a comment')
      const link = 'https://host'; const slashes = /["'/]/.test(link);
      vscode.l10n.t(many ? '{0} it\\'s' : "one", count);
      throw new TokensError('E_HTTP', '{0} said “{1}”.', [name('x'), 1]);
      return { code: 'E_PROTOCOL', template: 'sent on', args: [] };
      vscode.l10n.t(caught.template, ...caught.args);
      vscode.l10n.t(\`made of \${'parts'}\`);
      vscode.l10n.t(title);
      const refusal = {
        template:
          'in a line of its own',
      };`;
    const { found, unreadable } = stringsIn(code, 'file.ts');
    assert.deepEqual(
      found.map(({ text, place }) => `${place} ${text}`),
      [
        "file.ts:4 {0} it's",
        'file.ts:4 one',
        'file.ts:5 {0} said “{1}”.',
        'file.ts:6 sent on',
        'file.ts:12 in a line of its own',
      ],
    );
    assert.equal(unreadable.length, 2);
    assert.match(unreadable[0] ?? '', /^file\.ts:8: `made of/);
    assert.equal(unreadable[1], 'file.ts:9: title');
  });

  it('can all be translated, and stand in l10n/bundle.l10n.json (npm run l10n)', async () => {
    const { unreadable } = await findStrings();
    assert.deepEqual(unreadable, []);
    assert.deepEqual(await readBundle(codeBundle()), await textsOfCode());
  });

  it('of package.json are all in package.nls.json, and nothing else is', async () => {
    assert.deepEqual(Object.keys(await readBundle(manifestBundle())).sort(), await keysOfManifest());
  });

  it('of package.json are none that stand there in English', async () => {
    const { contributes } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      contributes: unknown;
    };
    assert.deepEqual(plainTexts(contributes), []);
  });
});

describe('translations', () => {
  it('are known to differ when they do', () => {
    assert.deepEqual(compare({ a: 'x {0}', b: 'y' }, { a: 'z {1}', c: 'old' }), {
      missing: ['b'],
      unused: ['c'],
      broken: ['a'],
    });
  });

  it('are there in German, Spanish, French, Japanese and Turkish', async () => {
    assert.deepEqual(await languagesThere(), [...languages]);
  });

  it('have every key of the code, and no other', async () => {
    const english = await readBundle(codeBundle());
    for (const language of await languagesThere()) {
      const translated = await readBundle(codeBundle(language));
      assert.deepEqual({ language, ...compare(english, translated) }, { language, ...complete });
    }
  });

  it('have every key of package.json, and no other', async () => {
    const english = await readBundle(manifestBundle());
    for (const language of await languagesThere()) {
      const translated = await readBundle(manifestBundle(language));
      assert.deepEqual({ language, ...compare(english, translated) }, { language, ...complete });
    }
  });
});

/** Members of package.json whose values people read. */
const read = new Set([
  ...['title', 'description', 'markdownDescription', 'contents', 'name', 'contextualTitle', 'displayName'],
  ...['userDescription', 'altText', 'deprecationMessage', 'label'],
]);

/** Values in `contributes` that people read and that are no `%key%`; the product's own name is one in no language. */
function plainTexts(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => plainTexts(item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const isText = read.has(key) && typeof item === 'string';
    const fine = typeof item === 'string' && (/^%[^%]+%$/.test(item) || item === 'Session Tokens');
    // What a language model reads is in English, and what is typed into settings.json is in no language.
    const notForPeople =
      /\.body|\.inputSchema|^\.languageModelTools\[\d+\]$/.test(path) && key !== 'displayName';
    const own = isText && !fine && !notForPeople;
    return own ? [`${path}.${key}: ${item}`] : plainTexts(item, `${path}.${key}`);
  });
}
