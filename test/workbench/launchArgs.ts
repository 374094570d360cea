export interface LaunchArgs {
  readonly extensionDevelopmentPaths: readonly string[];
  readonly extensionTestsPath: string | undefined;
  readonly userDataDir: string | undefined;
  readonly extensionsDir: string | undefined;
  readonly folder: string | undefined;
  readonly workspace: string | undefined;
  /** `--install-extension …` and the like: what the server does by itself, without a workbench. */
  readonly serverCommand: readonly string[];
}

const withValue = new Set([
  ...['extensionDevelopmentPath', 'extensionTestsPath', 'user-data-dir', 'extensions-dir', 'folder-uri'],
  ...['file-uri', 'install-extension', 'uninstall-extension', 'profile', 'locale', 'log'],
]);
const serverCommands = new Set([
  'install-extension',
  'uninstall-extension',
  'list-extensions',
  'version',
  'force',
]);

/** The part of VS Code's command line that means something here; `--no-sandbox` and the like are let pass. */
export function parseLaunchArgs(argv: readonly string[]): LaunchArgs {
  const values = new Map<string, string[]>();
  const serverCommand: string[] = [];
  const places: string[] = [];
  const rest = [...argv];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('-')) {
      places.push(arg);
      continue;
    }
    const [name = '', given] = splitOnce(arg.replace(/^--?/, ''));
    const value = given ?? (withValue.has(name) ? rest.shift() : undefined);
    if (serverCommands.has(name)) {
      serverCommand.push(`--${name}`, ...(value === undefined ? [] : [value]));
    } else if (value !== undefined) {
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  const uri = values.get('folder-uri')?.at(-1);
  const place = places.at(-1) ?? (uri ? decodeURIComponent(new URL(uri).pathname) : undefined);
  const isWorkspace = place?.endsWith('.code-workspace') === true;
  return {
    extensionDevelopmentPaths: values.get('extensionDevelopmentPath') ?? [],
    extensionTestsPath: values.get('extensionTestsPath')?.at(-1),
    userDataDir: values.get('user-data-dir')?.at(-1),
    extensionsDir: values.get('extensions-dir')?.at(-1),
    folder: isWorkspace ? undefined : place,
    workspace: isWorkspace ? place : undefined,
    serverCommand,
  };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
