import * as vscode from 'vscode';
import type { Differences } from '../../core/results/changes.ts';
import type { TableState } from '../../core/results/tableHandle.ts';
import { translated, userMessage, warningText } from '../../userError.ts';
import type { TableStateMessage } from './messages.ts';
import type { ResultModel } from './resultModel.ts';
import { bytesText, durationText } from './strings.ts';

/**
 * The parts of the status line below the table.
 * @param masked whether a secret in the data was masked
 * @param watchedEvery seconds; undefined while the result is not watched
 */
export function statusTexts(
  model: ResultModel,
  { rowCount, bytes, phase, mended, lost }: TableState,
  masked: boolean,
  watchedEvery: number | undefined,
): TableStateMessage['status'] {
  const { failure, kept, outcome } = model;
  const parts: TableStateMessage['status'][number][] = [];
  const add = (text: string, title = '', alert = false) => parts.push({ text, title, alert });
  if (failure !== undefined) {
    add(userMessage(failure), '', true);
  } else if (lost !== undefined) {
    add(translated(lost), '', true);
  }
  const total = kept?.totalRows ?? outcome?.totalRows ?? rowCount;
  const rows = rowCount.toLocaleString();
  if (total > rowCount && phase === 'done') {
    add(vscode.l10n.t('{0} of {1} rows', rows, total.toLocaleString()));
  } else {
    add(rowCount === 1 ? vscode.l10n.t('1 row') : vscode.l10n.t('{0} rows', rows));
  }
  add(bytesText(bytes), vscode.l10n.t('Size of the answer'));
  if (phase === 'arriving') {
    add(vscode.l10n.t('arriving…'));
  }
  if (mended > 0) {
    add(
      vscode.l10n.t('repaired in {0} places', mended.toLocaleString()),
      vscode.l10n.t(
        'The answer is not valid JSON there. What has no value is an empty cell, anything else is shown as it was sent.',
      ),
    );
  }
  const warnings = (kept === undefined && outcome?.warnings) || [];
  const [warning, ...others] = warnings.map(warningText);
  if (warning !== undefined) {
    const text = others.length === 0 ? warning : vscode.l10n.t('{0} (and {1} more)', warning, others.length);
    add(text, [warning, ...others].join('\n'), true);
  }
  if (masked) {
    add(vscode.l10n.t('secrets masked'), vscode.l10n.t('The data contained a password or token of yours.'));
  }
  if (watchedEvery !== undefined) {
    add(vscode.l10n.t('watched every {0} s', watchedEvery));
  }
  markedTexts(model, add);
  answerTexts(model, add);
  return parts;
}

type Add = (text: string, title?: string) => void;

function answerTexts({ kept, outcome }: ResultModel, add: Add): void {
  if (kept !== undefined) {
    add(vscode.l10n.t('from before the reload'), vscode.l10n.t('Refresh gets the data again'));
  } else if (outcome !== undefined) {
    add(durationText(outcome.elapsedMs), vscode.l10n.t('From the request to the last byte'));
    if (outcome.apiCalls !== undefined) {
      add(
        outcome.apiCalls === 1
          ? vscode.l10n.t('1 API call')
          : vscode.l10n.t('{0} API calls', outcome.apiCalls),
        vscode.l10n.t("What the answer cost of the account's quota, by the documented prices"),
      );
    }
    if (outcome.reused) {
      add(vscode.l10n.t('open session reused'));
    }
  }
}

/** The differences from the table compared with, as text. */
export function differencesText({ changed, added, gone }: Differences): string {
  return changed + added + gone === 0
    ? vscode.l10n.t('no changes')
    : vscode.l10n.t(
        '{0} changed, {1} new, {2} gone',
        changed.toLocaleString(),
        added.toLocaleString(),
        gone.toLocaleString(),
      );
}

function markedTexts(
  { differences, comparedWith, layout: { alert }, alerting }: ResultModel,
  add: Add,
): void {
  if (differences !== undefined) {
    const title =
      comparedWith === undefined
        ? vscode.l10n.t('Rows, compared with the previous answer')
        : vscode.l10n.t('Rows, compared with {0}', comparedWith);
    add(differencesText(differences), title);
    if (comparedWith !== undefined) {
      add(vscode.l10n.t('compared with {0}', comparedWith));
    }
  }
  if (alert !== '') {
    add(
      alerting === 1
        ? vscode.l10n.t('1 row meets {0}', alert)
        : vscode.l10n.t('{0} rows meet {1}', alerting.toLocaleString(), alert),
      vscode.l10n.t('The alert of this view'),
    );
  }
}
