import assert from 'node:assert/strict';
import { codeBundle, manifestBundle, readBundle } from '../docs/bundles.ts';
import { startSandbox } from '../sandbox/gateway.ts';
import { useFixture } from './fixture.ts';
import { connectionTo } from './sessions.ts';
import { useWorkbench, type Workbench } from './workbench.ts';

/** A time of day as any of the languages writes it, seconds possible. */
const time = /\d{1,2}:\d{2}(:\d{2})?(\s?[AP]M)?/;

for (const language of [undefined, 'de', 'es', 'fr', 'ja', 'tr']) {
  describe(`what is shown of tokens and data, ${language ?? 'en'}`, () => {
    // Short enough a life that seconds are shown, long enough that it is not about to end.
    const sandbox = useFixture(() => startSandbox({ lifeSeconds: 300 }), { together: true });
    const vs = useWorkbench(
      () => ({
        settings: connectionTo(sandbox().url, { keepAlive: 'auto' }),
        ...(language === undefined ? {} : { language }),
      }),
      { together: true },
    );

    it('shows the whole time at which a token ends', async () => {
      const texts = await readBundle(codeBundle(language));
      const titles = await readBundle(manifestBundle(language));
      const text = (english: string): RegExp => new RegExp((texts[english] ?? english).replace('{0}', '.*'));
      await vs().showTokens();
      await vs().row('host').click();
      await vs().quickInput.answer(text('User'), 'demo');
      await vs().quickInput.answer(text('Password for {0}'), 'demo');
      await vs().quickInput.pick(/./, texts["Don't Remember"] ?? "Don't Remember");
      await vs().waitForRows((rows) => rows.length === 2);
      await vs().palette(`Session Tokens: ${titles['command.getData']}`);
      await vs().quickInput.pick(/./, 'MVMVS/JESPOOL');
      const rows = await vs().waitForRows((all) => all.length === 3);
      for (const { label, description, spoken } of rows.slice(1)) {
        assert.ok(/^(BBI3SYSA|MVMVS\/JESPOOL)$/.test(label), label);
        assert.match(description, time, label);
        const [before = '', after = ''] = (texts['until {0}'] ?? 'until {0}').split('{0}');
        assert.ok(new RegExp(`, ${before}${time.source}${after}, `).test(spoken), spoken);
        const cut = await cutAway(vs(), label);
        assert.ok(cut <= 0, `${label}: ${cut} px of “${description}” up to its time are not to be seen`);
      }
    });

    it('shows numbers as its language writes them, whatever the computer’s is', async () => {
      const texts = await readBundle(codeBundle(language));
      const titles = await readBundle(manifestBundle(language));
      await vs().palette(`Session Tokens: ${titles['command.getData']}`);
      await vs().quickInput.answer(/./, 'MVMVS/BIG');
      const number = new Intl.NumberFormat(language ?? 'en');
      const rows = (texts['{0} of {1} rows'] ?? '{0} of {1} rows')
        .replace('{0}', number.format(5_000))
        .replace('{1}', number.format(200_000));
      await vs().webview().getByText(rows, { exact: true }).waitFor();
    });
  });
}

/** Of the dots that stand for what is cut, in pixels: more than they are. */
const dotsWidth = 16;

/** How much of a row's description, up to the end of its time, is outside of what the row shows, in pixels. */
function cutAway(vs: Workbench, label: string): Promise<number> {
  return vs.row(label).evaluate(
    (row, { pattern, dotsWidth }) => {
      const node = row.querySelector('.label-description')?.firstChild;
      const found = new RegExp(pattern).exec(node?.textContent ?? '');
      const shown = row.querySelector('.monaco-icon-label-container')?.parentElement;
      if (!node || !found || !shown) {
        return Number.POSITIVE_INFINITY;
      }
      const range = row.ownerDocument.createRange();
      range.setStart(node, 0);
      range.setEnd(node, found.index + found[0].length);
      const timeEnd = range.getBoundingClientRect().right;
      range.selectNodeContents(node);
      const { right } = shown.getBoundingClientRect();
      // What does not fit ends in dots, which need room as well.
      return timeEnd + (range.getBoundingClientRect().right > right ? dotsWidth : 0) - right;
    },
    { pattern: time.source, dotsWidth },
  );
}
