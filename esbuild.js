// Bundles the extension into dist/, as ES modules: one small file that is loaded at activation, and for each `import()`
// in the sources one that is loaded when it is first used, or one for several (`together`); what several of these need is
// a file of its own. `--watch` rebuilds, `--analyze` prints what each file is made of.

import { rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import esbuild from 'esbuild';
import { writeNotices } from './notices.js';

const watch = process.argv.includes('--watch');
const analyze = process.argv.includes('--analyze');

/**
 * Parts of axios that cannot run here, though it imports them: the adapters other than `http`, which the client names;
 * redirects and proxies, which the client follows and finds by itself; HTTP/2; addresses that are data; progress, since nobody
 * asks for it; forms, which are sent as text, with a library that has a list of all types of media; and what calls an adapter,
 * since the client does that itself.
 */
const none = 'export default null;';
const unused = {
  'Axios.js': 'export default class {}',
  'mergeConfig.js': none,
  'form-data': 'export default globalThis.FormData;',
  'xhr.js': none,
  'fetch.js': 'export const getFetch = null;',
  'follow-redirects': 'export default {};',
  'https-proxy-agent': none,
  'proxy-from-env': 'export const getProxyForUrl = null;',
  'shouldBypassProxy.js': none,
  'Http2Sessions.js': 'export default class {}',
  'fromDataURI.js': none,
  'estimateDataURLDecodedBytes.js': 'export const estimateDataURLBufferAllocation = null;',
  'AxiosTransformStream.js': none,
  'ZlibHeaderTransformStream.js': none,
  'progressEventReducer.js':
    'export const progressEventReducer = null, progressEventDecorator = null, asyncDecorator = null;',
  'toFormData.js': none,
  'toURLEncodedForm.js': none,
  'formDataToJSON.js': none,
  'formDataToStream.js': none,
  'readBlob.js': none,
  'CancelToken.js': none,
  'HttpStatusCode.js': none,
};

const unusedParts = {
  name: 'unused-parts',
  setup(build) {
    build.onResolve({ filter: /^[\w-]+$|^\.{1,2}\/.*\.js$/ }, ({ path, importer }) => {
      const name = path.split('/').at(-1);
      return name in unused && /[\\/]axios[\\/]lib[\\/]/.test(importer)
        ? { path: name, namespace: 'unused' }
        : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({ contents: unused[path] }));
  },
};

/** What is loaded later in one file instead of in one each, which took twenty more files for what they share. */
const together = {
  commands: ['signIn', 'getData', 'table', 'results'].map((name) => `src/commands/${name}.ts`),
  clients: ['cra/client', 'sarus/client', 'rest/client', 'rest/describing'].map(
    (name) => `src/core/protocols/${name}.ts`,
  ),
};

const filesTogether = {
  name: 'files-together',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      const file = relative(import.meta.dirname, join(resolveDir, path)).replaceAll('\\', '/');
      const name = Object.keys(together).find((one) => together[one].includes(file));
      return kind === 'dynamic-import' && name !== undefined
        ? { path: name, namespace: 'together' }
        : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'together' }, async ({ path }) => {
      // By name: one that two of them export is then an error of the build.
      const options = {
        entryPoints: together[path],
        outdir: 'dist',
        format: 'esm',
        write: false,
        metafile: true,
      };
      const { outputs } = (await esbuild.build(options)).metafile;
      const lines = Object.values(outputs).map(
        ({ entryPoint, exports }) => `export { ${exports} } from './${entryPoint}';`,
      );
      return { contents: lines.join('\n'), resolveDir: import.meta.dirname };
    });
  },
};

const common = {
  bundle: true,
  outdir: 'dist',
  minify: true,
  keepNames: false,
  sourcemap: watch ? 'linked' : 'external', // None is in the package for a link to lead to.
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
};

/** The extension host's side, but for what activation loads. */
const host = {
  ...common,
  entryPoints: { app: 'src/app.ts', tools: 'src/tools/tools.ts', worker: 'src/core/results/worker.ts' },
  platform: 'node',
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  target: 'node22',
  external: ['vscode'],
  plugins: [unusedParts, filesTogether],
};

/** What activation imports later: entries of the other files. */
const later = {
  name: 'later',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path }) => {
      if (kind === 'dynamic-import') {
        const name = basename(path, '.ts');
        const errors = name in host.entryPoints ? [] : [{ text: `${path} is no entry of the other files` }];
        return { path: `./${name}.js`, external: true, errors };
      }
    });
  },
};

/** One file, though others have parts of it, too: to load five takes five times as long. */
const activation = {
  ...host,
  entryPoints: { extension: 'src/extension.ts' },
  splitting: false,
  plugins: [later],
};

/** The webviews' side; each script has its style sheet beside it. */
const webviews = {
  ...common,
  entryPoints: [
    { in: 'media/table/main.ts', out: 'table' },
    { in: 'media/table/table.css', out: 'table' },
  ],
  platform: 'browser',
  format: 'iife',
  target: 'chrome138',
};

async function main() {
  await rm('dist', { recursive: true, force: true });
  const metafiles = [];
  for (const options of [activation, host, webviews]) {
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
    await writeNotices(metafiles, 'dist/THIRD-PARTY-NOTICES.txt', import.meta.dirname);
  }
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
