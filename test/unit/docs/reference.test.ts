import assert from 'node:assert/strict';
import { glob, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ErrorCode, SessionTokensApi } from '../../../docs/session-tokens.d.ts';
import type { SessionTokensApi as Real } from '../../../src/api.ts';
import type { ErrorCode as RealCode } from '../../../src/core/errors.ts';
import { parseConnection } from '../../../src/core/protocols/kinds.ts';
import { made } from '../../docs/reference.ts';
import { findStrings } from '../../docs/strings.ts';
import { root } from '../../workbench/paths.ts';

/** Checked by the compiler: each is what the other is. */
export const asDocumented = (real: Real, code: RealCode): [SessionTokensApi, ErrorCode] => [real, code];
export const asBuilt = (api: SessionTokensApi, code: ErrorCode): [Real, RealCode] => [api, code];

describe('the documentation', () => {
  for (const [file, make] of Object.entries(made)) {
    it(`has what is made of the sources as it is now: ${file} (npm run docs)`, async () => {
      const text = await readFile(join(root, file), 'utf8');
      assert.equal(text, await make(text));
    });
  }

  it('says what helps against every error (docs/troubleshooting.md)', async () => {
    const plain = (text: string): string => text.replace(/\s+/g, ' ');
    const page = plain(await readFile(join(root, 'docs/troubleshooting.md'), 'utf8'));
    const { found } = await findStrings();
    const errors = new Set(found.filter(({ isError }) => isError).map(({ text }) => text));
    errors.delete('Cancelled.'); // Nobody is shown it.
    const missing = [...errors].filter((text) => !page.includes(`**${plain(text.replace(/\{\d+\}/g, '…'))}`));
    assert.ok(errors.size > 50);
    assert.deepEqual(missing, []);
  });

  it('has examples of connections that can be used', async () => {
    for (const file of ['README.md', 'docs/rest.md', 'docs/sarus.md', 'docs/bmc-ami-cra.md']) {
      const text = await readFile(join(root, file), 'utf8');
      const examples = [...text.matchAll(/^```json\n(.*?)^```$/gms)]
        .flatMap(([, example = '']) => JSON.parse(example.replace(/^"[\w.]+": /, '')) as unknown)
        .filter((example) => Object(example).kind !== undefined);
      assert.ok(examples.length > 0, file);
      for (const example of examples) {
        assert.deepEqual(parseConnection(example).ok, true, JSON.stringify(example));
      }
    }
  });

  it('leads nowhere that is not there', async () => {
    const broken: string[] = [];
    for await (const file of glob(['*.md', 'docs/**/*.md'], { cwd: root })) {
      const text = await readFile(join(root, file), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        const isHere = !/^[a-z]+:/.test(target);
        if (isHere && !(await stat(join(root, dirname(file), target)).catch(() => undefined))) {
          broken.push(`${file}: ${target}`);
        }
      }
      for (const [, path = ''] of text.matchAll(/`((?:src|media|test|docs)\/[\w./-]+)`/g)) {
        if (file !== 'CHANGELOG.md' && !(await stat(join(root, path)).catch(() => undefined))) {
          broken.push(`${file}: ${path}`);
        }
      }
    }
    assert.deepEqual(broken, []);
  });
});
