import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';

interface Manifest {
  capabilities: Record<string, unknown>;
  contributes: {
    configuration: { properties: Record<string, { scope?: string }> };
    authentication: { id: string }[];
  };
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
}

describe('security: the manifest', () => {
  let manifest: Manifest;

  before(async () => {
    manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  });

  it('lets no workspace set what decides where a credential goes, or how it is kept', () => {
    const { properties } = manifest.contributes.configuration;
    const open = Object.entries(properties)
      .filter(([, { scope }]) => scope !== 'application')
      .map(([name]) => name);
    // What only concerns the look of things, and requests, which a person agrees to before one of a folder runs.
    deepEqual(open.sort(), [
      'sessionTokens.queries',
      'sessionTokens.results.open',
      'sessionTokens.statusBar.enabled',
      'sessionTokens.statusBar.warnAtSeconds',
    ]);
    equal(properties['sessionTokens.connections']?.scope, 'application');
  });

  it('declares how it works in untrusted and virtual workspaces', () => {
    deepEqual(manifest.capabilities, {
      untrustedWorkspaces: { supported: true },
      virtualWorkspaces: true,
    });
  });

  it('needs nothing installed and runs nothing when it is', () => {
    equal(manifest.dependencies, undefined);
    for (const name of ['preinstall', 'install', 'postinstall', 'vscode:uninstall', 'prepare']) {
      ok(!(name in manifest.scripts), name);
    }
  });

  it('reads the connections from the user settings alone', async () => {
    const list = await readFile(join(root, 'src/connections/entryList.ts'), 'utf8');
    ok(list.includes("from === 'user' ? inspected?.globalValue : inspected?.workspaceValue"));
    ok(!/workspaceFolderValue|defaultValue|\.get\(/.test(list));
    const source = await readFile(join(root, 'src/connections/settings.ts'), 'utf8');
    const owners = [...source.matchAll(/this\.(?:read|write)\(([^,)]*)/g)].map(([, owner]) => owner);
    deepEqual([...new Set(owners)], ["'user'"]);
    ok(!/getConfiguration|workspace/.test(source.replace(/^\s*\/\*\*.*$/gm, '')));
  });
});
