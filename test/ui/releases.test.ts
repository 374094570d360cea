import assert from 'node:assert/strict';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import type { Profile } from '../sandbox/releases.ts';
import { useFixture } from './fixture.ts';
import { ResultTab } from './resultTab.ts';
import { signIn } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** What a person can do with every release of the CRA gateway, by palette alone. */
describe('the releases of CRA, by palette', () => {
  const profiles = ['classic', 'cmi', 'newest'] as const satisfies readonly Profile[];
  const gateways = useFixture(startAll, { together: true });
  const vs = useWorkbench(
    () => ({
      settings: {
        'sessionTokens.connections': gateways().all.map(({ profile, sandbox }) => ({
          name: profile,
          kind: 'bmc-cra',
          url: sandbox.url,
          service: 'BBI3SYSA',
        })),
      },
    }),
    { together: true },
  );

  /** A gateway of each release. */
  async function startAll() {
    const all = await Promise.all(
      profiles.map(async (profile) => ({ profile, sandbox: await startSandbox({ profile }) })),
    );
    const close = async () => {
      await Promise.all(all.map(({ sandbox }) => sandbox.close()));
    };
    return { all, close };
  }

  for (const profile of profiles) {
    describe(profile, () => {
      const sandbox = () => gateways().all.find((one) => one.profile === profile)?.sandbox as Sandbox;
      const tellsDefinitions = profile !== 'classic';

      it('signs in, chooses system and sort, hides and shows a column, and signs out', async () => {
        const { page, quickInput } = vs();
        if ((await vs().editorTitles()).length > 0) {
          await vs().closeEditors();
        }
        await signIn(vs(), { connection: profile });

        await vs().palette('Session Tokens: Get Data');
        await quickInput.pick(/Choose a connection/, profile);
        await quickInput.pick(/View, as PRODUCT/, 'Options…');
        // The question that follows has the same words, and no options among its answers.
        await until('the view to be asked for', async () => {
          const items = (await quickInput.read())?.items ?? [];
          return items.length > 0 && !items.some(({ label }) => label === 'Options…');
        });
        if (tellsDefinitions) {
          await until('the products of the gateway', async () =>
            (await quickInput.read())?.items.some(({ label }) => label === 'MVIP/'),
          );
        }
        await quickInput.answer(/View, as PRODUCT/, 'MVMVS/JCSA');
        await quickInput.answer(/Set what you need/, 'System');
        await quickInput.waitFor(/The system \(LPAR\)/);
        if (tellsDefinitions) {
          await until('the systems of the gateway', async () =>
            (await quickInput.read())?.items.some(({ label }) => label === 'SYSB'),
          );
        }
        await quickInput.answer(/The system \(LPAR\)/, 'SYSB');
        await quickInput.answer(/Set what you need/, 'Sort');
        await quickInput.answer(/Up to four columns/, 'Jobname');
        await quickInput.answer(/Sort: Jobname/, 'Descending');
        await quickInput.pick(/Up to four columns/, 'Continue with 1 selected');
        const chosen = await quickInput.offered(/Set what you need/);
        const said = chosen.map(({ description }) => description).filter((text) => text !== '');
        assert.deepEqual(said, ['SYSB', tellsDefinitions ? 'A.D' : 'CDREJNAM.D']);
        await quickInput.pick(/Set what you need/, 'Get Data');

        const tab = new ResultTab(vs());
        await tab.stands('MVMVS/JCSA');
        await until('its rows', async () => (await tab.rowCount()) === 24);
        const names = await tab.column(0);
        assert.deepEqual(names, [...names].sort().reverse());

        const isSeen = async (field: string) => (await tab.header(field).count()) > 0;
        if (tellsDefinitions) {
          await until('the column that the definition hides', async () => !(await isSeen('CDREASID')));
        }
        await page.keyboard.press('ControlOrMeta+Home');
        await vs().palette('Session Tokens: Hide Column');
        await until('the first column to be hidden', async () => !(await isSeen('CDREJNAM')));
        await vs().palette('Session Tokens: Show All Columns');
        await until('all columns', async () => (await isSeen('CDREJNAM')) && (await isSeen('CDREASID')));

        assert.deepEqual([sandbox().stats().userTokens, sandbox().stats().sessions], [1, 1]);
        await vs().palette('Session Tokens: Sign Out');
        await until('the gateway to have logged off', async () => sandbox().stats().userTokens === 0);
        assert.deepEqual([sandbox().stats().sessions, sandbox().stats().closed], [0, 1]);
      });
    });
  }
});
