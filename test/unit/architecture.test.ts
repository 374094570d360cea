import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readSources, type Source } from '../docs/sources.ts';
import { root } from '../workbench/paths.ts';

const maxFunctionLines = 60;
const maxFileLines = 400;

/** The folders of ARCHITECTURE.md in the order of the map, each with those that it imports from. */
async function readMap(): Promise<Map<string, string[]>> {
  const text = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');
  const lines = [...text.matchAll(/^([\w./]+) +→(.*)$/gm)];
  return new Map(lines.map(([, from = '', to = '']) => [from, to.match(/[\w./]+/g) ?? []]));
}

/** The files in folders of the repository, as paths below it, with slashes. */
async function filesBelow(...folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map((folder) => readdir(join(root, folder), { recursive: true, withFileTypes: true })),
  );
  const files = found.flat().filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(root, join(parentPath, name)).replaceAll('\\', '/'));
}

/** What a file is on the map: the longest of its names there. */
function placeOf(path: string, places: Iterable<string>): string {
  const name = path.replace(/^src\//, '');
  const found = [...places].filter((place) => name === place || name.startsWith(`${place}/`));
  return found.sort((a, b) => b.length - a.length)[0] ?? `${path} (not on the map)`;
}

/** The files of an import cycle, if there is one. */
function cycleIn(sources: readonly Source[]): string[] | undefined {
  const imports = new Map(sources.map((source) => [source.path, source.imports]));
  const done = new Set<string>();
  const search = (path: string, above: readonly string[]): string[] | undefined => {
    if (above.includes(path)) {
      return [...above.slice(above.indexOf(path)), path];
    }
    if (done.has(path)) {
      return undefined;
    }
    for (const next of imports.get(path) ?? []) {
      const cycle = search(next, [...above, path]);
      if (cycle !== undefined) {
        return cycle;
      }
    }
    done.add(path);
    return undefined;
  };
  return sources.map(({ path }) => search(path, [])).find((cycle) => cycle !== undefined);
}

describe('the architecture', () => {
  let sources: Source[];
  before(() => {
    sources = readSources();
  });

  it('is read whole', () => {
    const extension = sources.find(({ path }) => path === 'src/extension.ts');
    ok(extension?.imports.includes('src/app.ts'), 'what is loaded later counts');
    ok(extension?.imports.includes('src/api.ts'), 'imports of types count');
    ok(extension?.functions.some(({ lines }) => lines > 40));
    ok(sources.some(({ path }) => path === 'media/table/main.ts'));
  });

  it('has no import cycle, those of types included', () => {
    const cycle = cycleIn(sources);
    equal(cycle?.join(' → '), undefined);
  });

  it('finds cycles', () => {
    const source = (path: string, ...imports: string[]): Source => ({
      path,
      imports,
      lines: 1,
      functions: [],
    });
    deepEqual(cycleIn([source('a', 'b', 'c'), source('b', 'c'), source('c', 'b')]), ['b', 'c', 'b']);
    equal(cycleIn([source('a', 'b', 'c'), source('b', 'c'), source('c')]), undefined);
  });

  it('is as ARCHITECTURE.md draws it: every import between folders, and no other', async () => {
    const map = await readMap();
    const found = new Map([...map.keys()].map((place) => [place, new Set<string>()]));
    for (const { path, imports } of sources) {
      const from = placeOf(path, map.keys());
      for (const to of imports.map((target) => placeOf(target, map.keys()))) {
        if (from !== to) {
          found.set(from, (found.get(from) ?? new Set()).add(to));
        }
      }
    }
    const plain = (all: Iterable<[string, Iterable<string>]>) =>
      Object.fromEntries([...all].map(([from, to]) => [from, [...to].sort()]));
    deepEqual(plain(found), plain(map));
  });

  it('is told in files that there are', async () => {
    const text = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');
    const names = [...text.matchAll(/`([\w./]+\.(?:ts|css|json))`/g)].map(([, name = '']) => name);
    const known = (await filesBelow('src', 'media')).map((path) => `/${path}`);
    const missing = names.filter(
      (name) => !name.startsWith('test/') && !known.some((path) => path.endsWith(`/${name}`)),
    );
    ok(names.length > 200);
    deepEqual(missing, []);
  });

  it('has a row for every file of sources and styles, which says what each does', async () => {
    const text = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');
    const [, list = ''] = /^## Every file$(.*?)^## /ms.exec(text) ?? [];
    const rows = [...list.matchAll(/^\| (`.*?`) \| (.+) \|$/gm)].map(([, files = '', words = '']) => ({
      files: [...files.matchAll(/`(.*?)`/g)].map(([, file = '']) => file),
      parts: words.split(' · '),
    }));
    const told = rows.flatMap(({ files }) => files.map((file) => file.replace(/^(?!media\/)/, 'src/')));
    const isTold = (path: string) =>
      /\.(?:ts|css|json)$/.test(path) && !/(?:package|tsconfig)\.json$/.test(path);
    const all = (await filesBelow('src', 'media')).filter(isTold);
    deepEqual(told.sort(), all.sort());
    deepEqual(
      rows.filter(({ files, parts }) => files.length !== parts.length),
      [],
    );
  });

  it('has imports go down the map only', async () => {
    const map = await readMap();
    const order = [...map.keys()];
    const up = [...map].flatMap(([from, targets]) =>
      targets.filter((to) => order.indexOf(to) <= order.indexOf(from)).map((to) => `${from} → ${to}`),
    );
    deepEqual(up, []);
  });

  it(`has no function of more than ${maxFunctionLines} lines`, () => {
    const long = sources
      .flatMap(({ functions }) => functions)
      .filter(({ lines }) => lines > maxFunctionLines);
    deepEqual(long, []);
  });

  it(`has no file of more than ${maxFileLines} lines`, () => {
    const long = sources
      .filter(({ path, lines }) => lines > maxFileLines && path.endsWith('.ts'))
      .map(({ path, lines }) => ({ path, lines }));
    deepEqual(long, []);
  });
});
