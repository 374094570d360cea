import { deepEqual, ok } from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';

/** Ways to make markup or code of text. */
const ways =
  /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|eval|new Function|setHTMLUnsafe)\b|\.(?:href|src)\s*=/;

describe('security: webviews', () => {
  it('make no markup, no code and no link of data', async () => {
    const found: string[] = [];
    for await (const file of glob('media/**/*.ts', { cwd: root })) {
      for (const [index, line] of (await readFile(join(root, file), 'utf8')).split('\n').entries()) {
        if (ways.test(line) && !line.trimStart().startsWith('*') && !line.trimStart().startsWith('//')) {
          found.push(`${file}:${index + 1}: ${line.trim()}`);
        }
      }
    }
    deepEqual(found, []);
  });

  it('load nothing but our own files, by a nonce that cannot be guessed', async () => {
    const source = await readFile(join(root, 'src/views/results/html.ts'), 'utf8');
    for (const part of [
      "default-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "script-src 'nonce-",
    ]) {
      ok(source.includes(part), part);
    }
    ok(source.includes("from 'node:crypto'") && !source.includes('Math.random'));
    ok(!/unsafe-|https:|\*[;' ]/.test(source.slice(source.indexOf('policy'))));
    const panels: string[] = [];
    for await (const file of glob('src/**/*.ts', { cwd: root })) {
      if ((await readFile(join(root, file), 'utf8')).includes('.webview.html =')) {
        panels.push(file);
      }
    }
    deepEqual(panels, ['src/views/results/resultPanel.ts'], 'webviews that nobody has looked at');
  });
});
