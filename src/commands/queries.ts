import * as vscode from 'vscode';
import { freeName } from '../core/entries.ts';
import { TokensError } from '../core/errors.ts';
import { describeRequest, fingerprint, isRequest, lasting } from '../core/requests/queries.ts';
import { type DataRequest, incomplete, titleOf } from '../core/requests/request.ts';
import { withoutSecrets } from '../core/requests/secretless.ts';
import type { StoredQuery } from '../views/queries/querySettings.ts';
import { askOne, askText, confirm } from './ask.ts';
import type { Call, CommandServices, CommandTable, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { showData } from './getData.ts';

const agreedKey = 'agreedQueries';
const maxAgreed = 500;

/** Runs a saved query, or the request of a row, and shows the result as for a person. */
const run: Handler = async (services, call) => {
  const { request } = call.args;
  if (call.interactive && isRequest(request)) {
    return show(services, request);
  }
  const query = await chosenQuery(services, call, vscode.l10n.t('Run Query'));
  await agree(services, query);
  return show(services, query.request);
};

async function show(services: CommandServices, request: DataRequest): Promise<void> {
  const call = { args: {}, interactive: true };
  await confirmConnection(services, call, services.connections.get(request.connection));
  await showData(services, request);
}

/** Saves the request of a row, of the result in focus, or of the last call. `{name, request}` asks nothing. */
const save: Handler = async (services, { args }) => {
  if (args.request !== undefined && !isRequest(args.request)) {
    throw incomplete('request');
  }
  const request =
    args.request ?? (await services.results()).active?.model.request ?? services.recents.all()[0];
  if (request === undefined) {
    throw new TokensError('E_NOT_READY', 'There is no request to save yet.');
  }
  const given = args.name === undefined ? await askName(services, titleOf(request)) : args.name;
  const name = typeof given === 'string' ? given.trim() : '';
  if (name === '') {
    throw incomplete('name');
  }
  const query = { name, request: lasting(withoutSecrets(request, services.hasSecret)) };
  await services.queries.put([query]);
  return { ...query, from: 'user' };
};

/** Queries are edited in the settings, where errors are shown as they are typed. */
const edit: Handler = async (services, call) => {
  await services.queries.open((await chosenQuery(services, call, vscode.l10n.t('Edit Query'))).from);
};

const duplicate: Handler = async (services, call) => {
  const query = await chosenQuery(services, call, vscode.l10n.t('Duplicate Query'));
  const { request, from } = query;
  const copy = { name: await askName(services, query.name), request };
  await services.queries.put([copy], from);
  return { ...copy, from };
};

const remove: Handler = async (services, call) => {
  await services.queries.remove(await chosenQuery(services, call, vscode.l10n.t('Remove Query')));
};

/** Extensions cannot write key bindings: the entry is put on the clipboard, and its file is opened. */
const bindKey: Handler = async (services, call) => {
  const { name } = await chosenQuery(services, call, vscode.l10n.t('Bind a Key'));
  const binding = { key: '', command: 'sessionTokens.queries.run', args: { name } };
  await vscode.env.clipboard.writeText(JSON.stringify(binding, undefined, 2));
  await vscode.commands.executeCommand('workbench.action.openGlobalKeybindingsFile');
  void vscode.window.showInformationMessage(
    vscode.l10n.t('A key binding for “{0}” is on the clipboard: paste it here and fill in the key.', name),
  );
};

export const queryCommands: CommandTable = {
  'sessionTokens.queries.run': run,
  'sessionTokens.queries.save': save,
  'sessionTokens.queries.edit': edit,
  'sessionTokens.queries.duplicate': duplicate,
  'sessionTokens.queries.remove': remove,
  'sessionTokens.queries.bindKey': bindKey,
};

/** The saved query named in the arguments, or the one that the person chooses. */
async function chosenQuery(
  { queries }: CommandServices,
  { args }: Call,
  title: string,
): Promise<StoredQuery> {
  if (args.name !== undefined) {
    const found = queries.find(String(args.name));
    if (found === undefined) {
      throw new TokensError('E_CONFIG', 'There is no query called {0}.', [String(args.name)]);
    }
    return found;
  }
  const offered = queries.all();
  if (offered.length === 0) {
    throw new TokensError('E_NOT_READY', 'No query has been saved yet.');
  }
  const itemOf = ({ name, request }: StoredQuery) => ({
    label: name,
    description: titleOf(request),
    detail: describeRequest(request),
  });
  return askOne(offered, itemOf, { title, ignoreFocusOut: false, matchOnDetail: true });
}

/** A workspace's query may be written by anybody: a person sees its request before it runs with their session. */
async function agree(
  { workspaceState }: CommandServices,
  { name, request, from }: StoredQuery,
): Promise<void> {
  const seen = workspaceState.get<readonly string[]>(agreedKey, []);
  const print = fingerprint(request);
  if (from === 'user' || seen.includes(print)) {
    return;
  }
  await confirm(
    vscode.l10n.t('Run the query “{0}” of this workspace?', name),
    vscode.l10n.t('Run'),
    vscode.l10n.t('It asks for {0} with your session: {1}', titleOf(request), JSON.stringify(request)),
  );
  await workspaceState.update(agreedKey, [print, ...seen].slice(0, maxAgreed));
}

/** Asks for the name of a query, and offers a free one that is made from another. */
async function askName({ queries }: CommandServices, like: string): Promise<string> {
  const taken = queries.all().map(({ name }) => name);
  const name = await askText({
    ignoreFocusOut: false,
    prompt: vscode.l10n.t('Name of the query'),
    value: freeName(like, taken),
    validateInput: (input) => {
      if (input.trim() === '') {
        return vscode.l10n.t('A query needs a name.');
      }
      return taken.includes(input.trim()) ? vscode.l10n.t('There is a query of that name.') : undefined;
    },
  });
  return name.trim();
}
