import * as vscode from 'vscode';
import { TokensError } from '../core/errors.ts';
import type { Column, Query, RequestOption } from '../core/protocols/protocol.ts';
import type { About } from '../core/tokens/dataCall.ts';
import type { OperationOptions } from '../core/tokens/signIn.ts';
import { translated } from '../userError.ts';
import { askChoice, askChoiceOrText, askText } from './ask.ts';
import type { CommandServices } from './command.ts';
import { withProgress } from './progress.ts';

/** A column, or what can be done instead of choosing one. */
interface ColumnItem extends vscode.QuickPickItem {
  readonly column?: Column;
}

/** Lets a person set what a request can say beside its target, each with what it means. */
export class OptionsDialog {
  readonly #services: CommandServices;
  readonly #about: About;
  readonly #options: readonly RequestOption[];
  readonly #askers: OperationOptions;
  readonly #title: string;

  constructor(
    services: CommandServices,
    about: About,
    options: readonly RequestOption[],
    { title, askers }: { title: string; askers: OperationOptions },
  ) {
    this.#services = services;
    this.#about = about;
    this.#options = options;
    this.#askers = askers;
    this.#title = title;
  }

  /**
   * @param given What they are set to at first
   * @throws E_CANCELLED when the person turns away from the list of options
   */
  async ask(given: Query): Promise<Query> {
    const values: Record<string, unknown> = { ...given };
    for (;;) {
      const option = await this.#choose(values);
      if (option === undefined) {
        return values;
      }
      const { name, isNumber } = option;
      try {
        const value = await this.#valueOf(option, String(values[name] ?? ''), {
          ...this.#about.query,
          ...values,
        });
        if (value === '') {
          delete values[name];
        } else {
          values[name] = isNumber ? Number(value) : value;
        }
      } catch (error) {
        if (!TokensError.is(error) || error.code !== 'E_CANCELLED') {
          throw error;
        } // Turned away from one option only: back to the list.
      }
    }
  }

  /** The option to set next; undefined when the person has done. */
  async #choose(values: Query): Promise<RequestOption | undefined> {
    const getData: vscode.QuickPickItem & { option?: RequestOption } = { label: vscode.l10n.t('Get Data') };
    const items = this.#options.map((option) => ({
      label: translated(option.label),
      description: String(values[option.name] ?? ''),
      detail: translated(option.meaning),
      option,
    }));
    const placeHolder = vscode.l10n.t('Set what you need, then get the data');
    return (await askChoice([getData, ...items], { title: this.#title, placeHolder })).option;
  }

  /** What the person says; empty for nothing. */
  async #valueOf(option: RequestOption, before: string, query: Query): Promise<string> {
    const { name, isNumber, isOffered, ofColumns } = option;
    const title = `${this.#title}: ${translated(option.label)}`;
    const meaning = translated(option.meaning);
    if (ofColumns !== undefined) {
      return this.#ofColumns(ofColumns, { title, meaning, before });
    }
    if (isOffered) {
      const found = this.#services.keeper.offers({ ...this.#about, query }, name, this.#askers);
      const offered = found.then((names) =>
        ['*', ...names.filter((one) => one !== '*')].map((label) => ({ label })),
      );
      return askChoiceOrText(offered, {
        title,
        placeholder: meaning,
        ownText: vscode.l10n.t('use this value'),
      });
    }
    const validateInput = (text: string) =>
      isNumber && !/^(?:[1-9]\d{0,8})?$/.test(text)
        ? vscode.l10n.t('Type a whole number from 1 up.')
        : undefined;
    return (await askText({ title, prompt: meaning, value: before, validateInput })).trim();
  }

  /** One column after the other, and what is said of it; what no list can say is typed. */
  async #ofColumns(
    { max, choices, term, separator }: NonNullable<RequestOption['ofColumns']>,
    { title, meaning, before }: { title: string; meaning: string; before: string },
  ): Promise<string> {
    const columns = await this.#columns();
    const typed: ColumnItem = { label: vscode.l10n.t('Type it…') };
    const terms: string[] = [];
    while (terms.length < max) {
      const text = terms.join(separator);
      const goOn = { label: vscode.l10n.t('Go on with {0} chosen', terms.length), detail: text };
      const items: ColumnItem[] = [
        ...(terms.length > 0 ? [goOn] : []),
        ...columns.map((column) => ({ label: column.label, description: column.field, column })),
        typed,
      ];
      const { column, label } =
        columns.length === 0 ? typed : await askChoice(items, { title, placeHolder: meaning });
      if (label === typed.label) {
        return (await askText({ title, prompt: meaning, value: text || before })).trim();
      }
      if (column === undefined) {
        break;
      }
      terms.push(term(column, await this.#said(choices, { title: `${title}: ${label}`, meaning })));
    }
    return terms.join(separator);
  }

  async #said(
    choices: NonNullable<RequestOption['ofColumns']>['choices'],
    { title, meaning }: { title: string; meaning: string },
  ): Promise<string> {
    if (choices === undefined) {
      return askText({ title, prompt: meaning });
    }
    const items = choices.map(({ value, label }) => ({ label: translated(label), value }));
    return (await askChoice(items, { title })).value;
  }

  /** Signs in where nobody is, and asks for the definition; without one, columns are typed. */
  async #columns(): Promise<Column[]> {
    const { keeper, log } = this.#services;
    try {
      return await withProgress(true, this.#title, (signal) =>
        keeper.columns(this.#about, { ...this.#askers, signal }),
      );
    } catch (error) {
      if (TokensError.is(error) && error.code === 'E_CANCELLED') {
        throw error;
      }
      log.warn(`${this.#about.connection}: no columns to choose from: ${String(error)}`);
      return [];
    }
  }
}
