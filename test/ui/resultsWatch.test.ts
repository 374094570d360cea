import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { exportTo } from './exporting.ts';
import { temporaryFolder, useFixture } from './fixture.ts';
import { plain, type Recorder, type SentRow, startRecorder } from './recorder.ts';
import type { ResultTab } from './resultTab.ts';
import { connectionTo, getResult, startOver } from './sessions.ts';
import { until, waitMs } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** A result that is got again and again. */
describe('a watched result', () => {
  const recorder = useFixture(startRecorder, { together: true });
  const folder = useFixture(temporaryFolder);
  const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url) }), { together: true });

  it('marks what has changed, is drawn over time, and is stopped', async () => {
    const { page, quickInput } = vs();
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    assert.ok((await tab.cells()).every(({ says, bold }) => says === '' && !bold));
    const before = recorder().answers.length;

    // By keyboard: the palette, an interval.
    await vs().palette('Session Tokens: Watch Result…');
    await quickInput.pick(/Each refresh also keeps/, 'Every 2 seconds');
    await tab.page.getByText('watched every 2 s').waitFor();

    // The questions of an export take longer than the next look.
    const path = join(folder().path, 'watched.csv');
    await exportTo(vs(), 'CSV', path);
    assert.match(await readFile(path, 'utf8'), /ASGJBID/);
    await until('two more answers', async () => recorder().answers.length >= before + 2, 30_000);

    // An alert, by the menu of a cell: what meets it is marked, what begins to is told once.
    const cpu = (recorder().answers.at(-1) ?? []).map((row) => Number(plain(row.ASICPSCA ?? '')));
    const [middle] = cpu.sort((a, b) => a - b).slice(cpu.length / 2);
    await tab.menu(tab.cell(0, 0), 'Set Alert');
    assert.equal((await quickInput.waitFor(/A condition as in the filter/)).value, 'Jobname > ');
    await quickInput.answer(/A condition as in the filter/, `ASICPSCA > ${middle}`);
    await tab.page.getByText(`rows meet ASICPSCA > ${middle}`).waitFor();
    await vs().notification(/^MVMVS\/JCPU: .+ meets? ASICPSCA > /);
    const alerting = (await tab.cells()).filter(({ says }) => says.includes('meets the alert'));
    assert.ok(alerting.length > 0 && alerting.every(({ text }) => Number(text) > Number(middle)));

    // By mouse: the header's menu draws its column, one line a row.
    await tab.menu(tab.header('ASICPSCA'), 'Plot Column');
    const plot = tab.page.getByRole('complementary', { name: 'All CPU Seconds over time' });
    await plot.waitFor();
    await plot.locator('canvas').waitFor();
    const drawn = recorder().answers.length;
    await until('another answer', async () => recorder().answers.length > drawn, 30_000);

    // Stopped by its button; the last two answers tell which cells must be marked.
    await tab.page.getByRole('button', { name: 'Stop Watching' }).click();
    await tab.page.getByRole('button', { name: 'Stop Watching' }).waitFor({ state: 'hidden' });
    await tab.page.getByText('watched every 2 s').waitFor({ state: 'detached' });
    await until('the marks to be those of the last answer', () => isMarked(tab, recorder()));
    const marked = (await tab.cells()).filter(({ says }) => says.startsWith('was'));
    assert.ok(marked.length > 0 && marked.every(({ bold }) => bold), 'marked by more than colour');

    // Eight lines of those with the highest values, by the numbers that were sent.
    let lines: string[][] = [];
    const areDrawn = async (): Promise<boolean> => {
      lines = await plot
        .locator('tr')
        .evaluateAll((rows) =>
          rows.slice(1).map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
        );
      const seen = recorder().answers.slice(before - 1);
      return (
        lines.length === 8 &&
        lines.every(([key = '', ...numbers]) => isDeepStrictEqual(numbers, numbersOf(key, seen)))
      );
    };
    await until('the lines of the last answer', areDrawn, waitMs, () => JSON.stringify(lines));

    // What stands at the axes is wholly seen, also at their ends, and of long numbers.
    assert.deepEqual(await plot.evaluate(cutLabels), []);

    // Another column, by keyboard; Escape closes the plot and gives the focus back to the table.
    await plot.getByRole('combobox').focus();
    await page.keyboard.type('Average');
    await tab.page.getByRole('complementary', { name: 'Average Priority over time' }).waitFor();
    await page.keyboard.press('Escape');
    await tab.page.getByRole('complementary').waitFor({ state: 'hidden' });
    await until('the table to have the focus', () =>
      tab.page.getByRole('grid').evaluate((grid) => grid.matches(':focus')),
    );

    // A row that is gone stands struck out where it was, and is no row of the result.
    const rows = await tab.rowCount();
    recorder().shorten();
    await vs().palette('Session Tokens: Refresh Result');
    await tab.page.getByText(/ changed, 0 new, 1 gone$/).waitFor();
    const gone = async () => (await tab.cells()).filter(({ says }) => says === 'row that is gone');
    await until('the row that is gone', async () => (await gone()).length > 0);
    assert.ok((await gone()).every(({ row }) => row === 0));
    assert.equal(await tab.rowCount(), rows);

    // Only what has changed: by mouse, and back by keyboard.
    const only = tab.page.getByRole('button', { name: 'Only Changed' });
    await only.click();
    await tab.page.getByText(`of ${rows - 1}`).waitFor();
    await until('only those rows', async () => {
      const others = (await tab.cells()).filter(({ row }) => row > 0);
      const changed = others.filter(({ says }) => says.startsWith('was'));
      const rowsOf = (cells: typeof others) => new Set(cells.map(({ row }) => row));
      return isDeepStrictEqual(rowsOf(others), rowsOf(changed));
    });
    assert.equal((await gone()).length > 0, true);
    await vs().palette('Session Tokens: Show Only Changed Rows');
    await until('the button to be up', async () => (await only.getAttribute('aria-pressed')) === 'false');
    await until('all rows', async () => (await tab.rowCount()) === rows);
  });

  it('shows in the row detail what came last', async () => {
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    await tab.cell(1, 0).click();
    await vs().page.keyboard.press('Enter');
    const detail = tab.page.getByRole('complementary', { name: 'Row 2' });
    const cpu = detail.locator('dt', { hasText: 'ASICPSCA' }).locator('+ dd');
    const isOfLast = async () =>
      (await cpu.textContent()) === String(plain(recorder().answers.at(-1)?.[1]?.ASICPSCA ?? ''));
    await until('the detail of the row', isOfLast);
    const shown = recorder().answers.length;
    await vs().palette('Session Tokens: Refresh Result');
    await until('another answer', async () => recorder().answers.length > shown);
    await until('the detail of the new row', isOfLast);

    // Compared with another result, by keyboard: its jobs are the same, but they have gone on.
    const other = await getResult(vs(), 'MVMVS/JCPU');
    await vs().palette('Session Tokens: Compare With…');
    await vs().quickInput.pick(/Compare MVMVS.JCPU With/, 'MVMVS/JCPU');
    await other.page.getByText(/^compared with MVMVS\/JCPU \(host, /).waitFor();
    await vs().palette('Session Tokens: Refresh Result');
    await other.page
      .getByText(/^[1-9]\d* changed, 0 new, 0 gone$/)
      .first()
      .waitFor();
    await until('marks', async () => (await other.cells()).some(({ says }) => says.startsWith('was')));
  });
});

/** Draws ten minutes of large numbers, and tells which of the texts reach out of the plot. */
const cutLabels = `(async () => {
  const { fillText } = CanvasRenderingContext2D.prototype;
  const cut = [];
  let drawn = 0;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const { width } = this.measureText(text);
    const left = x - ({ center: width / 2, right: width }[this.textAlign] ?? 0);
    drawn++;
    if (left < 0 || left + width > this.canvas.width) {
      cut.push(text);
    }
    fillText.call(this, text, x, y);
  };
  const times = Array.from({ length: 11 }, (_, minute) => Date.UTC(2024, 0, 1, 22, minute));
  const series = [{ key: 'job', values: times.map((_, at) => at * 12_345_678_901) }];
  const replace = ({ data }) => data.answer?.series && Object.assign(data.answer, { times, series });
  addEventListener('message', replace, { capture: true });
  document.querySelector('.plot select').dispatchEvent(new Event('change'));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  removeEventListener('message', replace, { capture: true });
  CanvasRenderingContext2D.prototype.fillText = fillText;
  return drawn > 0 ? cut : ['nothing was drawn'];
})()`;

/** What a line of the plot says of a job's CPU seconds: the last, the least and the most that was sent. */
function numbersOf(key: string, answers: readonly SentRow[][]): string[] {
  const sent = answers.map((rows) => {
    const row = rows.find((one) => one.ASGJBID === key);
    return Number(row === undefined ? Number.NaN : plain(row.ASICPSCA ?? ''));
  });
  return [sent.at(-1) ?? Number.NaN, Math.min(...sent), Math.max(...sent)].map((value) =>
    value.toLocaleString('en-US', { maximumSignificantDigits: 6 }),
  );
}

/** Whether the table shows the last answer, with marks on what is not as in the one before. */
async function isMarked(tab: ResultTab, { answers }: Recorder): Promise<boolean> {
  const [earlier = [], latest = []] = answers.slice(-2);
  const fields = [...new Set(latest.flatMap((row) => Object.keys(row)))];
  const columns = await tab.page
    .locator('[role=columnheader][data-field]')
    .evaluateAll((headers) =>
      headers.map((header) => [Number(header.ariaColIndex) - 2, header.dataset.field]),
    );
  const byColumn = new Map(columns as [number, string][]);
  const cells = await tab.cells();
  return (
    fields.length > 0 &&
    cells.length > 0 &&
    cells.every(({ row, column, text, says }) => {
      const field = byColumn.get(column) ?? '';
      const now = latest[row]?.[field];
      const was = earlier[row]?.[field];
      return (
        text === (now === undefined ? '' : String(plain(now))) &&
        says.startsWith('was') === (JSON.stringify(now) !== JSON.stringify(was))
      );
    })
  );
}
