import { readFile } from 'node:fs/promises';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** Exports the result in front to a file, by palette and dialog; `name` is what the dialog proposes. */
export async function exportTo(
  vs: Workbench,
  format: string,
  path: string,
  name = 'MVMVS-JCPU',
): Promise<void> {
  const { quickInput } = vs;
  await vs.palette('Session Tokens: Export Result…');
  await quickInput.pick(/^Export /, format);
  // The dialog writes its proposal with some delay, over what is there.
  await until('the dialog to propose a file', async () =>
    new RegExp(`/${name}\\.\\w+$`).test((await quickInput.read())?.value ?? ''),
  );
  await until('the dialog to have the path', async () => {
    await quickInput.type(path);
    return (await quickInput.read())?.value === path;
  });
  // While it looks at a path it takes no click.
  await vs.clickAway(vs.page.locator('.quick-input-widget .monaco-button').filter({ hasText: /Export|OK/ }));
  await until('the file', async () => (await readFile(path)).length > 0);
}
