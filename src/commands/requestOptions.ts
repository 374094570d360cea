import * as vscode from 'vscode';
import { isCancelled } from '../core/errors.ts';
import type { Column, Query, RequestOption } from '../core/protocols/protocol.ts';
import type { About } from '../core/tokens/dataCall.ts';
import { translated } from '../userError.ts';
import { askChoice, askChoiceOrText, askOneByOne, askText, orUndefined } from './ask.ts';
import type { Dialog } from './finder.ts';
import { withProgress } from './progress.ts';

/**
 * Lets a person set the options of a request, each shown with its meaning.
 * @param given their values at first
 * @throws E_CANCELLED when the person cancels the list of options
 */
export async function askOptions(
  asking: Dialog,
  about: About,
  options: readonly RequestOption[],
  given: Query,
): Promise<Query> {
  const values: Record<string, unknown> = { ...given };
  for (;;) {
    const getData: vscode.QuickPickItem & { option?: RequestOption } = { label: vscode.l10n.t('Get Data') };
    const items = options.map((option) => ({
      label: translated(option.label),
      description: String(values[option.name] ?? ''),
      detail: translated(option.meaning),
      option,
    }));
    const placeHolder = vscode.l10n.t('Set what you need, then get the data');
    const { option } = await askChoice([getData, ...items], { title: asking.title, placeHolder });
    if (option === undefined) {
      return values;
    }
    const { name, isNumber } = option;
    const soFar = { ...about, query: { ...about.query, ...values } };
    // Cancelling one option leads back to the list.
    const value = await orUndefined(askValue(asking, soFar, option, String(values[name] ?? '')));
    if (value === '') {
      delete values[name];
    } else if (value !== undefined) {
      values[name] = isNumber ? Number(value) : value;
    }
  }
}

/** A person's value of an option; empty for none. */
async function askValue(
  asking: Dialog,
  about: About,
  option: RequestOption,
  before: string,
): Promise<string> {
  const { name, isNumber, isOffered, ofColumns } = option;
  const title = `${asking.title}: ${translated(option.label)}`;
  const meaning = translated(option.meaning);
  if (ofColumns !== undefined) {
    return askColumns({ ...asking, title }, about, ofColumns, meaning, before);
  }
  if (isOffered) {
    const found = asking.services.keeper.offers(about, name, asking.logins);
    const offered = found.then((names) =>
      ['*', ...names.filter((one) => one !== '*')].map((label) => ({ label })),
    );
    const useTyped = vscode.l10n.t('use this value');
    return askChoiceOrText({ title, placeholder: meaning, useTyped }, offered);
  }
  const validateInput = (text: string) =>
    isNumber && !/^(?:[1-9]\d{0,8})?$/.test(text)
      ? vscode.l10n.t('Type a whole number from 1 up.')
      : undefined;
  return (await askText({ title, prompt: meaning, value: before, validateInput })).trim();
}

/** Asks for one column after the other, with the choice for each; other values are typed. */
async function askColumns(
  asking: Dialog,
  about: About,
  { max, choices, term, separator }: NonNullable<RequestOption['ofColumns']>,
  meaning: string,
  before: string,
): Promise<string> {
  const { title } = asking;
  const columns = await columnsOf(asking, about);
  const items = columns.map((column) => ({ label: column.label, description: column.field, column }));
  const asked = { title, placeHolder: meaning, typing: vscode.l10n.t('Type it…'), separator, max };
  const { chosen, wantsToType } = await askOneByOne(items, asked, async ({ column, label }) => {
    const ofColumn = `${title}: ${label}`;
    const ways = choices?.map((one) => ({ label: translated(one.label), value: one.value }));
    const said =
      ways === undefined
        ? await askText({ title: ofColumn, prompt: meaning })
        : (await askChoice(ways, { title: ofColumn })).value;
    return [term(column, said)];
  });
  const text = chosen.join(separator);
  return wantsToType ? (await askText({ title, prompt: meaning, value: text || before })).trim() : text;
}

/** Signs in if needed, and asks for the definition; without one, columns are typed. */
async function columnsOf({ services, logins, title }: Dialog, about: About): Promise<Column[]> {
  try {
    return await withProgress(true, title, (signal) => services.keeper.columns(about, { ...logins, signal }));
  } catch (error) {
    if (isCancelled(error)) {
      throw error;
    }
    services.log.warn(`${about.connection}: no columns to choose from: ${String(error)}`);
    return [];
  }
}
