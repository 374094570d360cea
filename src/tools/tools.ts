import * as vscode from 'vscode';
import type { ApiVerbs } from '../api.ts';
import { protocolTaking } from '../core/protocols/kinds.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { Services } from '../services.ts';
import { nameOf } from '../views/names.ts';
import { dataForModel, defaultRows, fitting, maxCharacters, maxRows, tokenForModel } from './answer.ts';

/** The services of the tools: the API of other extensions, and nothing that has a secret. */
export interface ToolServices extends Pick<Services, 'redact'> {
  readonly connections: Pick<Services['connections'], 'all'>;
  readonly api: ApiVerbs;
}

type Input = Readonly<Record<string, unknown>>;

interface Tool {
  /** The message, and the question to a person, before it runs: whatever sends a request needs a yes. */
  prepare(services: ToolServices, input: Input): Promise<vscode.PreparedToolInvocation>;
  /** Runs the tool. @param characters the maximal length of the answer */
  answer(services: ToolServices, input: Input, characters: number): Promise<string>;
}

/** The tools that package.json offers to language models. */
export const tools = {
  sessionTokens_listTokens: {
    prepare: async () => ({ invocationMessage: vscode.l10n.t('Listing the session tokens') }),
    answer: async ({ api, connections }, _, characters) => {
      const tokens = (await api.tokens()).sort((a, b) => a.expiresAt - b.expiresAt);
      // Neither addresses nor users: a model needs only names.
      const named = connections.all().map(({ name, kind, service }) => ({ connection: name, kind, service }));
      const told = tokens.map((token) => tokenForModel(token, Date.now()));
      const shown = { connections: fitting(named, characters / 4), tokens: fitting(told, characters / 2) };
      return JSON.stringify({ ...shown, note: `${shown.tokens.length} of ${told.length} tokens are here.` });
    },
  },
  sessionTokens_getData: {
    prepare: async (_, input) => {
      const what = titleOf(input);
      const message = vscode.l10n.t(
        '{0} is asked for {1}. Up to {2} rows of its answer go to the language model.',
        String(input.connection),
        what,
        rowsOf(input),
      );
      return asking(vscode.l10n.t('Getting {0}', what), vscode.l10n.t('Get data for the chat?'), message);
    },
    answer: async ({ api }, input, characters) => {
      const { columns, rows: _, ...request } = input;
      const rowsMember = protocolTaking(request)?.dialog.maxRows;
      // The gateway need not send rows that are left out.
      const bound = rowsMember === undefined ? {} : { [rowsMember]: rowsOf(input) };
      const result = await api.getData({ show: false, ...request, ...bound } as DataRequest);
      const wanted = Array.isArray(columns) ? columns.map(String) : undefined;
      return dataForModel(result, wanted, { rows: rowsOf(input), characters });
    },
  },
  sessionTokens_keepAlive: {
    prepare: askingAbout((token) => [
      vscode.l10n.t('Keeping {0} alive', token),
      vscode.l10n.t('Keep a token alive for the chat?'),
      vscode.l10n.t('The gateway is asked to set the life of {0} back to its full length.', token),
    ]),
    answer: async ({ api }, { id }) =>
      JSON.stringify(tokenForModel(await api.keepAlive(String(id)), Date.now())),
  },
  sessionTokens_closeSession: {
    prepare: askingAbout((token) => [
      vscode.l10n.t('Closing {0}', token),
      vscode.l10n.t('Close a session for the chat?'),
      vscode.l10n.t('{0} is closed at its gateway and cannot be used any more.', token),
    ]),
    answer: async ({ api }, { id }) => {
      await api.close(String(id));
      return JSON.stringify({ closed: String(id) });
    },
  },
} satisfies Record<string, Tool>;
export type ToolName = keyof typeof tools;

function asking(invocationMessage: string, title: string, message: string): vscode.PreparedToolInvocation {
  return { invocationMessage, confirmationMessages: { title, message } };
}

/** The question about the token that is named, in whose place the words have its name. */
function askingAbout(words: (token: string) => Parameters<typeof asking>): Tool['prepare'] {
  return async ({ api }, { id }) => {
    const token = (await api.tokens()).find((one) => one.id === id);
    return asking(...words(token === undefined ? String(id) : nameOf(token)));
  };
}

/** Runs a tool. Its answer is redacted and bounded; an error is a sentence that a model can act on. */
export async function invoke(
  name: ToolName,
  services: ToolServices,
  { input, tokenizationOptions }: vscode.LanguageModelToolInvocationOptions<Input>,
): Promise<vscode.LanguageModelToolResult> {
  // Three characters a token is less than any model makes of JSON.
  const characters = Math.min(maxCharacters, (tokenizationOptions?.tokenBudget ?? maxCharacters) * 3);
  try {
    const text = await tools[name].answer(services, input, characters);
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(services.redact(text))]);
  } catch (error) {
    const { message, code } = error as { message?: unknown; code?: unknown };
    throw new Error(services.redact(`${String(message)}${hints[String(code)] ?? ''}`));
  }
}

function rowsOf({ rows }: Input): number {
  return typeof rows === 'number' && rows >= 1 ? Math.min(Math.floor(rows), maxRows) : defaultRows;
}

const signIn = ' Ask the person to run the command "Session Tokens: Sign In", then try again.';

/** Hints for a model about an error, by its code. */
const hints: Readonly<Record<string, string>> = {
  E_CREDENTIALS: signIn,
  E_EXPIRED: signIn,
  E_UNKNOWN_TOKEN: ' List the tokens again for the ids that are held now.',
  E_CONFIG: ' List the tokens for the names of connections, and check the input.',
};
