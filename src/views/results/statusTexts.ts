import * as vscode from 'vscode';
import type { Differences } from '../../core/results/changes.ts';
import type { TableState } from '../../core/results/tableHandle.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import { translated, userMessage, warningText } from '../../userError.ts';
import type { TableStateMessage } from './messages.ts';
import type { ResultModel } from './resultModel.ts';

type StatusPart = TableStateMessage['status'][number];

/**
 * The parts of the status line below the table.
 * @param watchedEvery seconds; undefined while the result is not watched
 */
export function statusTexts(
  model: ResultModel,
  { rowCount, bytes, phase, mended, lost }: TableState,
  watchedEvery: number | undefined,
): StatusPart[] {
  const { failure, kept, outcome, differences, comparedWith, alerting, masked } = model;
  const { alert } = model.layout;
  const why = failure === undefined ? lost && translated(lost) : userMessage(failure);
  const total = kept?.totalRows ?? outcome?.totalRows ?? rowCount;
  const [warning, ...others] = (outcome?.warnings ?? []).map(warningText);
  const parts = [
    why && { text: why, alert: true },
    {
      text:
        total > rowCount && phase === 'done'
          ? vscode.l10n.t('{0} of {1} rows', numberText(rowCount), numberText(total))
          : rowsText(rowCount),
    },
    { text: bytesText(bytes), title: vscode.l10n.t('Size of the answer') },
    phase === 'arriving' && { text: vscode.l10n.t('arriving…') },
    mended > 0 && {
      text: vscode.l10n.t('repaired places: {0}', numberText(mended)),
      title: vscode.l10n.t(
        'The answer is not valid JSON there. What has no value is an empty cell, anything else is shown as it was sent.',
      ),
    },
    warning && {
      text: others.length === 0 ? warning : vscode.l10n.t('{0} (and {1} more)', warning, others.length),
      title: [warning, ...others].join('\n'),
      alert: true,
    },
    masked && {
      text: vscode.l10n.t('secrets masked'),
      title: vscode.l10n.t('The data contained a password or token of yours.'),
    },
    watchedEvery && { text: vscode.l10n.t('watched every {0} s', watchedEvery) },
    differences && {
      text: differencesText(differences),
      title: comparedWith ? '' : vscode.l10n.t('Rows, compared with the previous answer'),
    },
    differences && comparedWith && { text: vscode.l10n.t('compared with {0}', comparedWith) },
    alert && {
      text:
        alerting === 1
          ? vscode.l10n.t('1 row meets {0}', alert)
          : vscode.l10n.t('{0} rows meet {1}', numberText(alerting), alert),
      title: vscode.l10n.t('The alert of this view'),
    },
    ...(outcome ? answerTexts(outcome) : []),
    kept && {
      text: vscode.l10n.t('from before the reload'),
      title: vscode.l10n.t('Refresh gets the data again'),
    },
  ];
  return parts.filter((part) => typeof part === 'object');
}

function answerTexts({ elapsedMs, apiCalls, reused }: Fetched): (StatusPart | false)[] {
  return [
    { text: durationText(elapsedMs), title: vscode.l10n.t('From the request to the last byte') },
    apiCalls !== undefined && {
      text: apiCalls === 1 ? vscode.l10n.t('1 API call') : vscode.l10n.t('{0} API calls', apiCalls),
      title: vscode.l10n.t("What the answer cost of the account's quota, by the documented prices"),
    },
    reused && { text: vscode.l10n.t('open session reused') },
  ];
}

/** A number as the display language writes it: the computer's may be another one, with a comma for a point. */
export function numberText(count: number): string {
  return count.toLocaleString(vscode.env.language);
}

/** A number of rows as text. */
export function rowsText(count: number): string {
  return count === 1 ? vscode.l10n.t('1 row') : vscode.l10n.t('{0} rows', numberText(count));
}

/** The differences from the table compared with, as text. */
export function differencesText({ changed, added, gone }: Differences): string {
  return changed + added + gone === 0
    ? vscode.l10n.t('no changes')
    : vscode.l10n.t(
        '{0} changed, {1} new, {2} gone',
        numberText(changed),
        numberText(added),
        numberText(gone),
      );
}

/** A number of bytes as text for people, such as `1.2 MB`. */
function bytesText(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return (bytes / 1000 ** at).toLocaleString(vscode.env.language, {
    style: 'unit',
    unit: units[at] ?? 'byte',
    // The short form of this one has no plural.
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumSignificantDigits: 3,
  });
}

function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
