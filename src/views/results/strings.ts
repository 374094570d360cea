import * as vscode from 'vscode';

/** The webview's texts, in the person's language; it fills in the numbers itself. */
export function tableStrings() {
  return {
    tools: vscode.l10n.t('Result'),
    filter: vscode.l10n.t('Filter rows'),
    filterHint: vscode.l10n.t('Filter (text, column:value, column>10)'),
    filterHelp: vscode.l10n.t(
      'All words must be found. Ask one column with column:part, column=whole, column>10, column<=4Mi; put spaces in quotes; a minus sign before a condition turns it around.',
    ),
    matches: vscode.l10n.t('{0} of {1}'),
    sums: vscode.l10n.t('Sum {0} · Mean {1} · Min {2} · Max {3} · Numbers {4}'),
    rowNumber: vscode.l10n.t('Row number'),
    resize: vscode.l10n.t('Drag to resize, double-click to fit'),
    was: vscode.l10n.t('was “{0}”'),
    newRow: vscode.l10n.t('new row'),
    goneRow: vscode.l10n.t('row that is gone'),
    alert: vscode.l10n.t('meets the alert'),
    onlyChanged: vscode.l10n.t('Only Changed'),
    noChange: vscode.l10n.t('Nothing has changed.'),
    showLabels: vscode.l10n.t('Show Labels'),
    showFields: vscode.l10n.t('Show Field Names'),
    hidden: vscode.l10n.t('Show {0} Hidden'),
    arriving: vscode.l10n.t('Waiting for the first rows…'),
    noRows: vscode.l10n.t('The answer has no rows.'),
    noMatch: vscode.l10n.t('No row matches the filter.'),
    detailTitle: vscode.l10n.t('Row {0}'),
    close: vscode.l10n.t('Close'),
    missing: vscode.l10n.t('not in this row'),
    cut: vscode.l10n.t('{0} characters in total'),
    stopWatch: vscode.l10n.t('Stop Watching'),
    plotTitle: vscode.l10n.t('{0} over time'),
    plotColumn: vscode.l10n.t('Column to plot'),
    plotKey: vscode.l10n.t('Row'),
    plotLast: vscode.l10n.t('Last'),
    plotLeast: vscode.l10n.t('Lowest'),
    plotMost: vscode.l10n.t('Highest'),
    plotFew: vscode.l10n.t('Refresh or watch the result to draw lines.'),
    plotOthers: vscode.l10n.t('The highest lines; {0} more rows are not drawn. Filter the table to choose.'),
  };
}

/** A number of bytes as text for people, such as `1.2 MB`. */
export function bytesText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return (bytes / 1000 ** at).toLocaleString(undefined, {
    style: 'unit',
    unit: units[at] ?? 'byte',
    maximumSignificantDigits: 3,
  });
}

export function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
