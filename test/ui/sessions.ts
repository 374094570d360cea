import type { Settings } from '../workbench/settings.ts';
import { ResultTab } from './resultTab.ts';
import type { Workbench } from './workbench.ts';

/** The name of the connection to a test's own gateway. */
export const connectionName = 'host';

/** Settings with this one connection, to a gateway at that address. */
export function connectionTo(url: string, more: Settings = {}): Settings {
  return {
    'sessionTokens.connections': [
      { name: connectionName, kind: 'bmc-cra', url, service: 'BBI3SYSA', ...more },
    ],
  };
}

/** What a person answers who signs in to a CRA connection; by default as the sandbox wants it, for once. */
interface SignInAnswers {
  /** Which connection; asked where there are several. */
  readonly connection?: string;
  readonly user?: string;
  readonly password?: string;
  /** Asked where the connection names a user of the gateway itself. */
  readonly gatewayPassword?: string;
  readonly keep?: 'Remember' | "Don't Remember";
}

/** Signs in, and waits until the status bar tells of a token. */
export async function signIn(vs: Workbench, answers: SignInAnswers = {}): Promise<void> {
  const { quickInput } = vs;
  const { connection, user = 'demo', password = 'demo', gatewayPassword, keep = "Don't Remember" } = answers;
  await vs.palette('Session Tokens: Sign In');
  await chooseConnection(vs, connection);
  await quickInput.answer(/User/, user);
  await quickInput.answer(/Password/, password);
  if (gatewayPassword !== undefined) {
    await quickInput.answer(/gateway's own user/, gatewayPassword);
  }
  await quickInput.pick(/Remember these/, keep);
  await vs.waitForStatusBar((text) => text !== undefined);
}

/** Signed in, with nothing open that a test before has left where several have one page. */
export async function startOver(vs: Workbench): Promise<void> {
  if ((await vs.editorTitles()).length > 0) {
    await vs.closeEditors();
  }
  if ((await vs.statusBarText()) === undefined) {
    await signIn(vs);
  }
}

/** Asks for a view's data, of which connection where there are several. */
export async function getData(vs: Workbench, view: string, connection?: string): Promise<void> {
  await vs.palette('Session Tokens: Get Data');
  await chooseConnection(vs, connection);
  await vs.quickInput.pick(/View, as PRODUCT/, view);
}

/** Gets a view's data, and waits for its table. */
export async function getResult(vs: Workbench, view: string, connection?: string): Promise<ResultTab> {
  await getData(vs, view, connection);
  const tab = new ResultTab(vs);
  await tab.stands(view);
  return tab;
}

/** A person who is remembered signs in to the only connection and opens a session, with all of it in sight. */
export async function openSession(vs: Workbench, view: string): Promise<void> {
  await vs.showTokens();
  if ((await vs.statusBarText()) === undefined) {
    await signIn(vs, { keep: 'Remember' });
  }
  await getResult(vs, view);
  await vs.waitForRows((rows) => rows.length === 3);
}

async function chooseConnection(vs: Workbench, connection: string | undefined): Promise<void> {
  if (connection !== undefined) {
    await vs.quickInput.pick(/Choose a connection/, connection);
  }
}
