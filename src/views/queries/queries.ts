import * as vscode from 'vscode';
import { cancelled, TokensError } from '../../core/errors.ts';
import { describeRequest, fingerprint, freeName, lasting } from '../../core/queries.ts';
import { type DataRequest, titleOf } from '../../core/request.ts';
import { withoutSecrets } from '../../core/secretless.ts';
import type { QueriesDeps, QueryCommand } from './deps.ts';
import { QueryNode, QueryRows, RecentNode } from './queryRows.ts';
import { QuerySettings, type StoredQuery } from './querySettings.ts';

const agreedKey = 'agreedQueries';
const mostAgreed = 500;

type Handler = (input: unknown) => Promise<unknown>;

/** Saved queries: their rows and their commands. Loaded when either is wanted. */
export class Queries {
  readonly #deps: QueriesDeps;
  readonly #settings = new QuerySettings();
  readonly #commands: Readonly<Record<QueryCommand, Handler>> = {
    'sessionTokens.queries.run': (input) => this.#run(input),
    'sessionTokens.queries.save': (input) => this.#save(input),
    'sessionTokens.queries.edit': (input) => this.#edit(input),
    'sessionTokens.queries.duplicate': (input) => this.#duplicate(input),
    'sessionTokens.queries.remove': (input) => this.#remove(input),
    'sessionTokens.queries.bindKey': (input) => this.#bindKey(input),
  };
  readonly rows: QueryRows;
  #told = '';

  constructor(deps: QueriesDeps) {
    this.#deps = deps;
    this.rows = new QueryRows(this.#settings, deps.recents);
  }

  /** Names the queries in the settings that cannot be used; the same ones once. */
  async tellProblems(): Promise<void> {
    const problems = this.#settings.problems();
    const list = problems.map(({ entry, reason }) => `${entry}: ${reason}`).join('; ');
    if (list === this.#told) {
      return;
    }
    this.#told = list;
    const [first] = problems;
    if (first === undefined) {
      return;
    }
    const open = vscode.l10n.t('Open Settings');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Some queries in the settings cannot be used: {0}.', list),
      open,
    );
    if (chosen === open) {
      await openQueries(first.from);
    }
  }

  /** Runs a command; a program, which gives arguments of its own, gets the error, a person is told of it. */
  async command(id: QueryCommand, input: unknown): Promise<unknown> {
    return this.#guard(this.#commands[id], input);
  }

  async #run(input: unknown): Promise<unknown> {
    if (input instanceof RecentNode) {
      return this.#deps.run(input.request);
    }
    const query = await this.#chosen(input, vscode.l10n.t('Run Query'));
    await this.#agree(query);
    return this.#deps.run(query.request);
  }

  /** Saves the request of a row, of the result in focus, or of the last call. `{name, request}` asks nothing. */
  async #save(input: unknown): Promise<StoredQuery> {
    const given = input as { name?: unknown; request?: unknown } | null | undefined;
    const request =
      input instanceof RecentNode
        ? input.request
        : isRequest(given?.request)
          ? given.request
          : ((await this.#deps.active()) ?? this.#deps.recents()[0]);
    if (request === undefined) {
      throw new TokensError('E_NOT_READY', 'There is no request to save yet.');
    }
    const taken = this.#settings.all().map(({ name }) => name);
    const name =
      typeof given?.name === 'string'
        ? given.name
        : await this.#askName(freeName(titleOf(request), taken), undefined);
    const query: StoredQuery = {
      name,
      request: lasting(withoutSecrets(request, this.#deps.hasSecret)),
      from: 'user',
    };
    await this.#settings.put(query, name);
    return query;
  }

  /** Settings are where a query is edited: they say what is wrong while it is typed. */
  async #edit(input: unknown): Promise<void> {
    const query = await this.#chosen(input, vscode.l10n.t('Edit Query'));
    await openQueries(query.from);
  }

  async #duplicate(input: unknown): Promise<StoredQuery> {
    const query = await this.#chosen(input, vscode.l10n.t('Duplicate Query'));
    const taken = this.#settings.all().map(({ name }) => name);
    const name = await this.#askName(freeName(query.name, taken), undefined);
    const copy: StoredQuery = { ...query, name };
    await this.#settings.put(copy);
    return copy;
  }

  async #remove(input: unknown): Promise<void> {
    await this.#settings.remove(await this.#chosen(input, vscode.l10n.t('Remove Query')));
  }

  /** VS Code lets nobody write key bindings: the entry goes to the clipboard and its file is opened. */
  async #bindKey(input: unknown): Promise<void> {
    const { name } = await this.#chosen(input, vscode.l10n.t('Bind a Key'));
    const binding = { key: '', command: 'sessionTokens.queries.run', args: { name } };
    await vscode.env.clipboard.writeText(JSON.stringify(binding, undefined, 2));
    await vscode.commands.executeCommand('workbench.action.openGlobalKeybindingsFile');
    void vscode.window.showInformationMessage(
      vscode.l10n.t('A key binding for “{0}” is on the clipboard: paste it here and fill in the key.', name),
    );
  }

  async #chosen(input: unknown, title: string): Promise<StoredQuery> {
    if (input instanceof QueryNode) {
      return input.query;
    }
    const name = (input as { name?: unknown } | null | undefined)?.name;
    if (name !== undefined) {
      const found = this.#settings.find(String(name));
      if (found === undefined) {
        throw new TokensError('E_CONFIG', 'There is no query called {0}.', [String(name)]);
      }
      return found;
    }
    const offered = this.#settings.all();
    if (offered.length === 0) {
      throw new TokensError('E_NOT_READY', 'No query has been saved yet.');
    }
    const chosen = await vscode.window.showQuickPick(
      offered.map((query) => ({
        label: query.name,
        description: titleOf(query.request),
        detail: describeRequest(query.request),
        query,
      })),
      { title, matchOnDescription: true, matchOnDetail: true },
    );
    if (chosen === undefined) {
      throw cancelled();
    }
    return chosen.query;
  }

  /** A folder's query may be anybody's: a person sees what it asks for before it is run with their session. */
  async #agree({ name, request, from }: StoredQuery): Promise<void> {
    if (from === 'user') {
      return;
    }
    const agreed = this.#deps.state.get<readonly string[]>(agreedKey, []);
    const print = fingerprint(request);
    if (agreed.includes(print)) {
      return;
    }
    const run = vscode.l10n.t('Run');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('Run the query “{0}” of this workspace?', name),
      {
        modal: true,
        detail: vscode.l10n.t(
          'It asks for {0} with your session: {1}',
          titleOf(request),
          JSON.stringify(request),
        ),
      },
      run,
    );
    if (answer !== run) {
      throw cancelled();
    }
    await this.#deps.state.update(agreedKey, [print, ...agreed].slice(0, mostAgreed));
  }

  async #askName(value: string, except: string | undefined): Promise<string> {
    const taken = this.#settings.all().map(({ name }) => name);
    const name = await vscode.window.showInputBox({
      prompt: vscode.l10n.t('Name of the query'),
      value,
      validateInput: (input) => {
        const wanted = input.trim();
        if (wanted === '') {
          return vscode.l10n.t('A query needs a name.');
        }
        return wanted !== except && taken.includes(wanted)
          ? vscode.l10n.t('There is a query of that name.')
          : undefined;
      },
    });
    if (name === undefined) {
      throw cancelled();
    }
    return name.trim();
  }

  async #guard(handler: Handler, input: unknown): Promise<unknown> {
    try {
      return await handler(input);
    } catch (error) {
      if (TokensError.is(error) && error.code === 'E_CANCELLED') {
        return undefined;
      }
      const byProgram =
        typeof input === 'object' &&
        input !== null &&
        !(input instanceof QueryNode) &&
        !(input instanceof RecentNode) &&
        !(input instanceof vscode.Uri);
      if (byProgram) {
        throw error;
      }
      this.#deps.report(error);
      return undefined;
    }
  }
}

/** Opens the settings where the queries of a place are written. */
async function openQueries(from: StoredQuery['from']): Promise<void> {
  await vscode.commands.executeCommand(
    from === 'user' ? 'workbench.action.openSettingsJson' : 'workbench.action.openWorkspaceSettingsFile',
    { revealSetting: { key: 'sessionTokens.queries', edit: true } },
  );
}

function isRequest(input: unknown): input is DataRequest {
  return typeof input === 'object' && input !== null && 'connection' in input;
}
