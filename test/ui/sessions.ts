import type { Sandbox } from '../../src/sandbox/gateway.ts';
import { ResultTab } from './resultTab.ts';
import type { TreeRow, Workbench } from './workbench.ts';

export const labels = (rows: readonly TreeRow[]) => rows.map(({ label }) => label);

/** How people open sessions, in whichever window. */
export async function signIn(vs: Workbench, sandbox: Sandbox, more: object = {}): Promise<void> {
  const [service] = sandbox.services;
  await vs.setSettings({
    'sessionTokens.connections': [{ name: 'host', kind: 'bmc-cra', url: sandbox.url, service, ...more }],
  });
  await vs.showTokens();
  await signInAgain(vs);
  await vs.waitForRows((rows) => rows.length === 2);
}

/** Signs in to the only connection. */
export async function signInAgain(vs: Workbench): Promise<void> {
  await vs.palette('Session Tokens: Sign In');
  await vs.quickInput.answer(/User/, 'demo');
  await vs.quickInput.answer(/Password/, 'demo');
  await vs.quickInput.pick(/Remember these/, 'Remember');
}

export async function getData(vs: Workbench, view: string): Promise<void> {
  await vs.palette('Session Tokens: Get Data');
  await vs.quickInput.pick(/View, as PRODUCT/, view);
}

/** The same, to its end. */
export async function openSession(vs: Workbench, view: string): Promise<void> {
  await getData(vs, view);
  await new ResultTab(vs).stands();
}
