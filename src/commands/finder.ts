import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled } from '../core/errors.ts';
import type { Row } from '../core/protocols/answer.ts';
import type { Choice, Finder, Query } from '../core/protocols/protocol.ts';
import type { OperationOptions } from '../core/tokens/signIn.ts';
import { translated } from '../userError.ts';
import { askChoice, askChoiceOrText, askText } from './ask.ts';
import type { CommandServices } from './command.ts';
import { withProgress } from './progress.ts';

interface Item extends vscode.QuickPickItem {
  readonly value: string;
}

/** What a page of a list has, and how many rows all of them have. */
interface Page {
  readonly rows: Row[];
  readonly totalRows: number;
}

/** Lets a person find what a request is about. Resolves to its parameters; undefined where they are to be typed. */
export class FinderDialog {
  readonly #services: CommandServices;
  readonly #connection: Connection;
  readonly #finder: Finder;
  readonly #askers: OperationOptions;
  readonly #title: string;

  constructor(
    services: CommandServices,
    connection: Connection,
    finder: Finder,
    { title, askers }: { title: string; askers: OperationOptions },
  ) {
    this.#services = services;
    this.#connection = connection;
    this.#finder = finder;
    this.#askers = askers;
    this.#title = title;
  }

  /** @throws E_CANCELLED when the person turns away, and what the requests for the lists throw */
  async ask(target: string): Promise<Record<string, string | string[]> | undefined> {
    const { list, further } = this.#finder;
    const chosen = await this.#list();
    if (chosen === undefined) {
      return undefined;
    }
    const params: Record<string, string | string[]> = { [list]: chosen };
    for (const { name, prompt, choices } of further(target, new Date())) {
      const value = await this.#choose(
        translated(prompt),
        choices.map((choice) => ({ label: translated(choice.label), value: choice.value })),
      );
      if (value !== undefined) {
        params[name] = value;
      }
    }
    return params;
  }

  /** Several searches, in one group or another, until the person goes on. */
  async #list(): Promise<string[] | undefined> {
    const { groups } = this.#finder;
    const { rows } = await this.#get(groups.query);
    const offered = choices(rows, (row) => groups.choice(row)).map(({ label, value }) => ({
      label: value,
      description: label === value ? '' : label,
    }));
    const chosen = new Set<string>();
    for (;;) {
      const goOn = {
        label: vscode.l10n.t('Go on with {0} chosen', chosen.size),
        detail: [...chosen].join(', '),
      };
      const typed = { label: vscode.l10n.t('Type the parameters…') };
      const group = await askChoice([...(chosen.size > 0 ? [goOn] : []), ...offered, typed], {
        title: this.#title,
        placeHolder: translated(groups.prompt),
      });
      if (group === typed) {
        return undefined;
      }
      if (group === goOn) {
        return [...chosen];
      }
      for (const value of await this.#search(group.label)) {
        chosen.add(value);
      }
    }
  }

  async #search(group: string): Promise<readonly string[]> {
    const { items } = this.#finder;
    const price = items.price === undefined ? '' : ` (${translated(items.price)})`;
    const text = await askText({
      title: `${this.#title}: ${group}`,
      prompt: `${translated(items.prompt)}${price}`,
    });
    const first = await this.#get(items.query(group, text.trim(), 1));
    return this.#pick(group, first, (page) => this.#get(items.query(group, text.trim(), page)));
  }

  /** Several of what was found. Further pages come when they are asked for, since they cost. */
  #pick(group: string, first: Page, more: (page: number) => Promise<Page>): Promise<readonly string[]> {
    const { items } = this.#finder;
    const price = items.price === undefined ? '' : translated(items.price);
    const next = {
      iconPath: new vscode.ThemeIcon('arrow-down'),
      tooltip: vscode.l10n.t('Next Page: {0}', price),
    };
    const pick = vscode.window.createQuickPick<Item>();
    let count = 0;
    let pages = 0;
    const add = ({ rows, totalRows }: Page): void => {
      const found = choices(rows, (row) => items.choice(row, group));
      const selected = pick.selectedItems;
      pick.items = [
        ...pick.items,
        ...found.map(({ label, value }) => ({ label, value, description: value })),
      ];
      pick.selectedItems = selected;
      count += rows.length;
      pages++;
      pick.title = `${this.#title}: ${vscode.l10n.t('{0} of {1} rows', count, totalRows)}`;
      pick.buttons = count < totalRows && rows.length > 0 ? [next] : [];
    };
    pick.canSelectMany = true;
    pick.matchOnDescription = true;
    pick.ignoreFocusOut = true;
    pick.placeholder =
      first.totalRows === 0 ? vscode.l10n.t('Nothing was found.') : vscode.l10n.t('Choose one or several');
    add(first);
    return new Promise((resolve, reject) => {
      pick.onDidTriggerButton(async () => {
        pick.busy = true;
        await more(pages + 1).then(add, reject);
        pick.busy = false;
      });
      pick.onDidAccept(() => {
        // Without a tick, the one that has the focus is meant.
        const chosen = pick.selectedItems.length > 0 ? pick.selectedItems : pick.activeItems;
        resolve(chosen.map(({ value }) => value));
        pick.hide();
      });
      pick.onDidHide(() => {
        pick.dispose();
        reject(cancelled());
      });
      pick.show();
    });
  }

  /** One of several, or what is typed. */
  async #choose(
    placeholder: string,
    offered: readonly { label: string; value: string | undefined }[],
  ): Promise<string | undefined> {
    const said = await askChoiceOrText(
      offered.map(({ label, value }) => ({ label, description: value ?? '' })),
      { title: this.#title, placeholder, ownText: vscode.l10n.t('use this value') },
    );
    const found = offered.find(({ label }) => label === said);
    return found === undefined ? said : found.value;
  }

  async #get(query: Query): Promise<Page> {
    const results = await this.#services.results();
    const request = { ...query, connection: this.#connection.name };
    const { answer, totalRows } = await withProgress(true, this.#title, (signal) =>
      results.get(request, { ...this.#askers, signal, show: false, wantsRows: true }),
    );
    try {
      return { rows: await answer.rows(), totalRows };
    } finally {
      answer.dispose();
    }
  }
}

function choices(rows: readonly Row[], choice: (row: Row) => Choice | undefined): Choice[] {
  return rows.flatMap((row) => choice(row) ?? []);
}
