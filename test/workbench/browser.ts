import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { run, runOrThrow } from './processes.ts';
import { step } from './progress.ts';

/** Opens a headless browser; installs one first where that is a matter of one known command. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureBrowser(),
    headless: true,
    // A browser that tests one page: no sandbox (CI runs as root), nothing that talks to the network by itself.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
      // No compiled code is kept: VS Code's is too large for that, and was made ready for it with each page, in half a second.
      '--blink-settings=v8CacheOptions=1',
      `--disable-features=${unwanted.join(',')}`,
    ],
  });
}

/** The last list that a browser is given counts, so Playwright's own is repeated here. */
const unwanted = [
  // Pages for what is typed into the address bar, in a process of their own for each profile.
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
  ...['AimEnabled', 'AvoidCorsURLLoaderRestartOnRedirect', 'AvoidUnnecessaryBeforeUnloadCheckSync'],
  ...['DestroyProfileOnBrowserClose', 'HttpsFirstBalancedModeAutoEnable', 'HttpsUpgrades', 'LensOverlay'],
  ...['MediaRouter', 'NetworkTimeServiceQuerying', 'OptimizationHints', 'PaintHolding', 'PreconnectToSearch'],
  ...['TcpPortRandomizationWin', 'ThirdPartyStoragePartitioning', 'msForceBrowserSignIn'],
];

export async function ensureBrowser(): Promise<string> {
  const found = findBrowser();
  if (found) {
    return found;
  }
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    await step('Installing the browser chromium', async () => {
      // Old package lists are no reason to fail: the install says whether they were good enough.
      await run('apt-get', ['update', '-qq']);
      await runOrThrow('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    });
    const installed = findBrowser();
    if (installed) {
      return installed;
    }
  }
  throw new Error(
    'No browser found: install Chromium, Chrome or Edge, or set CHROME_PATH to the executable of one of them.',
  );
}

function findBrowser(): string | undefined {
  const asked = process.env.CHROME_PATH;
  if (asked) {
    if (!isExecutable(asked)) {
      throw new Error(`CHROME_PATH is set to ${asked}, and no program can be run from there.`);
    }
    return asked;
  }
  return candidates().find(isExecutable);
}

function candidates(): string[] {
  const names = [
    ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    ...['microsoft-edge', 'microsoft-edge-stable', 'msedge'],
  ];
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = path.flatMap((dir) => names.map((name) => join(dir, name + suffix)));
  return [...onPath, ...wellKnown(), chromium.executablePath()];
}

function wellKnown(): string[] {
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (app) => `/Applications/${app}.app/Contents/MacOS/${app}`,
    );
  }
  if (process.platform === 'win32') {
    const roots = [process.env.ProgramFiles, process.env['ProgramFiles(x86)'], process.env.LOCALAPPDATA];
    return roots
      .filter((dir) => dir !== undefined)
      .flatMap((dir) => [
        join(dir, 'Google/Chrome/Application/chrome.exe'),
        join(dir, 'Microsoft/Edge/Application/msedge.exe'),
      ]);
  }
  return ['/opt/google/chrome/chrome', '/opt/microsoft/msedge/msedge', '/snap/bin/chromium'];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
