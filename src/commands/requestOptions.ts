import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { isCancelled } from '../core/errors.ts';
import type { Row } from '../core/protocols/answer.ts';
import type { Column, Finder, Query, RequestOption } from '../core/protocols/protocol.ts';
import type { About } from '../core/tokens/dataCall.ts';
import type { OperationOptions } from '../core/tokens/signIn.ts';
import { translated } from '../userError.ts';
import { answerOf, askChoice, askChoiceOrText, askOneByOne, askText, orUndefined } from './ask.ts';
import type { CommandServices } from './command.ts';
import { withProgress } from './progress.ts';

/** What questions about a request to a connection need. */
export interface Dialog {
  readonly services: CommandServices;
  readonly connection: Connection;
  readonly title: string;
  readonly logins: OperationOptions;
}

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
    const offered = found.then((names) => ['*', ...names.filter((one) => one !== '*')]);
    return askChoiceOrText({ title, placeHolder: meaning }, offered);
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

/** A page of a list, and the number of rows in all pages. */
interface Page {
  readonly rows: Row[];
  readonly totalRows: number;
}

/**
 * Lets a person find what a request is about. Resolves to its parameters; undefined where they are to be typed.
 * @throws E_CANCELLED when the person cancels, and what the requests for the lists throw
 */
export async function findParams(asking: Dialog, finder: Finder, target: string): Promise<Query | undefined> {
  const { title } = asking;
  const { list, groups, further } = finder;
  const offered = (await get(asking, groups.query)).rows.flatMap((row) => groups.choice(row) ?? []);
  const { chosen, wantsToType } = await askOneByOne(
    offered.map(({ label, value }) => ({ label: value, description: label === value ? '' : label })),
    {
      title,
      placeHolder: translated(groups.prompt),
      typing: vscode.l10n.t('Type the parameters…'),
      separator: ', ',
    },
    (group) => search(asking, finder, group.label),
  );
  if (wantsToType) {
    return undefined;
  }
  const params: Record<string, unknown> = { [list]: chosen };
  for (const { name, prompt, choices } of further(target, new Date())) {
    const items = choices.map((one) => ({ label: translated(one.label), description: one.value ?? '' }));
    const said = await askChoiceOrText({ title, placeHolder: translated(prompt) }, items);
    const found = choices.find((one) => translated(one.label) === said);
    const value = found === undefined ? said : found.value;
    if (value !== undefined) {
      params[name] = value;
    }
  }
  return params;
}

/** Lets a person choose of what a text finds in a group. Further pages come on demand, since they cost quota. */
async function search(asking: Dialog, { items }: Finder, group: string): Promise<readonly string[]> {
  const price = items.price === undefined ? '' : translated(items.price);
  const text = await askText({
    title: `${asking.title}: ${group}`,
    prompt: price === '' ? translated(items.prompt) : `${translated(items.prompt)} (${price})`,
  });
  const page = (at: number) => get(asking, items.query(group, text.trim(), at));
  const first = await page(1);
  const next = {
    iconPath: new vscode.ThemeIcon('arrow-down'),
    tooltip: vscode.l10n.t('Next Page: {0}', price),
  };
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { value: string }>();
  let count = 0;
  let pages = 0;
  const add = ({ rows, totalRows }: Page): void => {
    const found = rows.flatMap((row) => items.choice(row, group) ?? []);
    const selected = pick.selectedItems;
    pick.items = [...pick.items, ...found.map(({ label, value }) => ({ label, value, description: value }))];
    pick.selectedItems = selected;
    count += rows.length;
    pages++;
    pick.title = `${asking.title}: ${vscode.l10n.t('{0} of {1}', count, totalRows)}`;
    pick.buttons = count < totalRows && rows.length > 0 ? [next] : [];
  };
  pick.canSelectMany = true;
  pick.matchOnDescription = true;
  const placeHolder =
    first.totalRows === 0 ? vscode.l10n.t('Nothing was found.') : vscode.l10n.t('Choose one or several');
  add(first);
  return answerOf(pick, { placeHolder }, (answer, fail) => {
    pick.onDidTriggerButton(async () => {
      pick.busy = true;
      await page(pages + 1).then(add, fail);
      pick.busy = false;
    });
    pick.onDidAccept(() => {
      // Without a tick, the focused item is chosen.
      const chosen = pick.selectedItems.length > 0 ? pick.selectedItems : pick.activeItems;
      answer(chosen.map(({ value }) => value));
    });
  });
}

async function get({ services, connection, title, logins }: Dialog, query: Query): Promise<Page> {
  const results = await services.results();
  const request = { ...query, connection: connection.name };
  const { answer, totalRows } = await withProgress(true, title, (signal) =>
    results.get(request, { ...logins, signal, show: false, wantsRows: true }),
  );
  try {
    return { rows: await answer.rows(), totalRows };
  } finally {
    answer.dispose();
  }
}
