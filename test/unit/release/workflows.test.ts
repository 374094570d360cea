import { deepEqual, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';

const folder = join(root, '.github/workflows');

describe('release: the workflows', () => {
  let scripts: ReadonlySet<string>;
  const workflows = new Map<string, string>();

  before(async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    scripts = new Set(Object.keys(manifest.scripts));
    for (const file of await readdir(folder)) {
      workflows.set(file, await readFile(join(folder, file), 'utf8'));
    }
  });

  it('run only scripts that there are', () => {
    const named = [...workflows.values()].flatMap((text) =>
      [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name),
    );
    ok(named.length >= 5, `only ${named.length} scripts were found`);
    deepEqual(
      named.filter((name) => !scripts.has(name)),
      [],
    );
  });

  it('publish only what was checked, with no more rights than they need', () => {
    ok(workflows.size >= 2);
    for (const [file, text] of workflows) {
      ok(/^permissions:\n {2}contents: read$/m.test(text), `${file}: the least rights are not the default`);
      ok(!/pull_request_target|\$\{\{\s*github\.event\./.test(text), `${file} runs what strangers write`);
      for (const [, action = ''] of text.matchAll(/uses: (\S+)/g)) {
        ok(/^actions\/[\w-]+@v\d+$/.test(action), `${file}: ${action} is nobody’s known version`);
      }
    }
    const release = workflows.get('release.yml') ?? '';
    ok(release.indexOf('npm cit') > 0 && release.indexOf('npm cit') < release.indexOf('vsce publish'));
    ok(/publish:\n {4}needs: package/.test(release));
  });
});
