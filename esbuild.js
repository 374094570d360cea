// Bundles the extension into dist/: one small file that is loaded at activation, and one for each thing that is
// loaded when it is first used. `--watch` rebuilds, `--analyze` prints what each bundle is made of.

const { relative, resolve } = require('node:path');
const { rm } = require('node:fs/promises');
const { existsSync } = require('node:fs');
const esbuild = require('esbuild');
const { writeNotices } = require('./notices.js');

const watch = process.argv.includes('--watch');
const analyze = process.argv.includes('--analyze');

/** Modules that are bundles of their own: `import()` of them anywhere loads the file of this name. */
const lazy = {
  'src/app.ts': 'app',
  'src/commands/table.ts': 'commands',
  'src/core/protocols/connect.ts': 'gateways',
  'src/sandbox/gateway.ts': 'sandbox',
  'src/tools/tools.ts': 'tools',
  'src/views/queries/queries.ts': 'queries',
  'src/views/results/results.ts': 'results',
};

/** Leaves `import()` of a lazy module to run time, as a `require` of its bundle. */
const lazyImports = {
  name: 'lazy-imports',
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
      const bundle = lazy[relative(__dirname, resolve(resolveDir, path)).replaceAll('\\', '/')];
      return kind === 'dynamic-import' && bundle !== undefined
        ? { path: `./${bundle}.js`, external: true }
        : undefined;
    });
  },
};

/**
 * Parts of axios that cannot run here, though it imports them: the adapters other than `http`, which the client names,
 * and a library of forms with a list of all types of media, in place of which Node has a class of its own.
 */
const unused = {
  'form-data': 'export default globalThis.FormData;',
  './xhr.js': 'export default null;',
  './fetch.js': 'export const getFetch = null;',
};

const unusedParts = {
  name: 'unused-parts',
  setup(build) {
    build.onResolve({ filter: /^(form-data|\.\/(xhr|fetch)\.js)$/ }, ({ path, importer }) =>
      /[\\/]axios[\\/]lib[\\/](adapters[\\/]adapters|platform[\\/]node[\\/]classes[\\/]FormData)\.js$/.test(
        importer,
      )
        ? { path, namespace: 'unused' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({ contents: unused[path] }));
  },
};

const common = {
  bundle: true,
  outdir: 'dist',
  minify: true,
  keepNames: false,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/** The extension host's side. */
const host = {
  ...common,
  entryPoints: {
    extension: 'src/extension.ts',
    worker: 'src/core/results/worker.ts',
    ...Object.fromEntries(
      Object.entries(lazy)
        .filter(([file]) => existsSync(file))
        .map(([file, bundle]) => [bundle, file]),
    ),
  },
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  external: ['vscode'],
  // Without it an `import()` would go around the loader that knows the module `vscode`.
  supported: { 'dynamic-import': false },
  plugins: [lazyImports, unusedParts],
};

/** The webviews' side; each script has its style sheet beside it. */
const webviews = {
  ...common,
  entryPoints: [
    { in: 'media/table/main.ts', out: 'table' },
    { in: 'media/table/table.css', out: 'table' },
    { in: 'media/table/plot.ts', out: 'plot' },
  ].filter(({ in: file }) => existsSync(file)),
  platform: 'browser',
  format: 'iife',
  target: 'chrome138',
};

async function main() {
  await rm('dist', { recursive: true, force: true });
  const metafiles = [];
  for (const options of [host, webviews]) {
    if (watch) {
      const context = await esbuild.context({ ...options, logLevel: 'info' });
      await context.watch();
      continue;
    }
    const { metafile } = await esbuild.build(options);
    metafiles.push(metafile);
    if (analyze) {
      console.log(await esbuild.analyzeMetafile(metafile));
    }
  }
  if (!watch) {
    await writeNotices(metafiles, 'dist/THIRD-PARTY-NOTICES.txt', __dirname);
  }
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
