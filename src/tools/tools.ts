import * as vscode from 'vscode';
import type { ApiVerbs } from '../api.ts';
import { protocolTaking } from '../core/protocols/kinds.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { nameOf } from '../views/names.ts';
import { dataForModel, defaultRows, maxCharacters, maxRows, tokenForModel } from './answer.ts';

/** What the tools are built from: what any other extension has, and nothing that knows a secret. */
export interface ToolServices extends Pick<Services, 'redact'> {
  readonly connections: Pick<Services['connections'], 'all'>;
  readonly api: ApiVerbs;
}

/** The tools that package.json offers to language models. */
export type ToolName =
  | 'sessionTokens_listTokens'
  | 'sessionTokens_getData'
  | 'sessionTokens_keepAlive'
  | 'sessionTokens_closeSession';

type Input = Readonly<Record<string, unknown>>;

/** What a person is told, and asked, before a tool runs: whatever goes to a gateway or brings its rows here is asked. */
export async function prepare(
  name: ToolName,
  { api }: ToolServices,
  input: Input,
): Promise<vscode.PreparedToolInvocation> {
  switch (name) {
    case 'sessionTokens_listTokens':
      return { invocationMessage: vscode.l10n.t('Listing the session tokens') };
    case 'sessionTokens_getData': {
      const what = titleOf(input);
      return asking(
        vscode.l10n.t('Getting {0}', what),
        vscode.l10n.t('Get data for the chat?'),
        vscode.l10n.t(
          '{0} is asked for {1}. Up to {2} rows of its answer go to the language model.',
          String(input.connection),
          what,
          rowsOf(input),
        ),
      );
    }
    case 'sessionTokens_keepAlive': {
      const token = await tokenOf(api, input);
      return asking(
        vscode.l10n.t('Keeping {0} alive', token),
        vscode.l10n.t('Keep a token alive for the chat?'),
        vscode.l10n.t('The gateway is asked to set the life of {0} back to its full length.', token),
      );
    }
    case 'sessionTokens_closeSession': {
      const token = await tokenOf(api, input);
      return asking(
        vscode.l10n.t('Closing {0}', token),
        vscode.l10n.t('Close a session for the chat?'),
        vscode.l10n.t('{0} is closed at its gateway and cannot be used any more.', token),
      );
    }
  }
}

function asking(invocationMessage: string, title: string, message: string): vscode.PreparedToolInvocation {
  return { invocationMessage, confirmationMessages: { title, message } };
}

/** Does what a tool is for. The answer holds no secret and is bounded; an error is a sentence that a model can act on. */
export async function invoke(
  name: ToolName,
  services: ToolServices,
  { input, tokenizationOptions }: vscode.LanguageModelToolInvocationOptions<Input>,
): Promise<vscode.LanguageModelToolResult> {
  // Three characters a token is less than any model makes of JSON.
  const characters = Math.min(maxCharacters, (tokenizationOptions?.tokenBudget ?? maxCharacters) * 3);
  try {
    const text = await answer(name, services, input, characters);
    return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(services.redact(text))]);
  } catch (error) {
    const { message, code } = error as { message?: unknown; code?: unknown };
    throw new Error(services.redact(`${String(message)}${hintFor(code)}`));
  }
}

async function answer(
  name: ToolName,
  { api, connections }: ToolServices,
  input: Input,
  characters: number,
): Promise<string> {
  const now = Date.now();
  switch (name) {
    case 'sessionTokens_listTokens': {
      const tokens = (await api.tokens()).sort((a, b) => a.expiresAt - b.expiresAt).slice(0, maxRows);
      return JSON.stringify({
        // Neither addresses nor users: a model needs names alone.
        connections: connections.all().map(({ name: connection, kind, service }) => ({
          connection,
          kind,
          service,
        })),
        tokens: tokens.map((token) => tokenForModel(token, now)),
      });
    }
    case 'sessionTokens_getData': {
      const { columns, rows: _, ...request } = input;
      const rowsMember = protocolTaking(request)?.dialog.maxRows;
      const result = await api.getData({
        show: false,
        ...request,
        // The gateway need not send what nobody will read.
        ...(rowsMember === undefined ? {} : { [rowsMember]: rowsOf(input) }),
      } as DataRequest);
      const wanted = Array.isArray(columns) ? columns.map(String) : undefined;
      return dataForModel(result, wanted, { rows: rowsOf(input), characters });
    }
    case 'sessionTokens_keepAlive':
      return JSON.stringify(tokenForModel(await api.keepAlive(String(input.id)), now));
    case 'sessionTokens_closeSession':
      await api.close(String(input.id));
      return JSON.stringify({ closed: String(input.id) });
  }
}

function rowsOf({ rows }: Input): number {
  return typeof rows === 'number' && rows >= 1 ? Math.min(Math.floor(rows), maxRows) : defaultRows;
}

async function tokenOf(api: ToolServices['api'], input: Input): Promise<string> {
  const token: TokenInfo | undefined = (await api.tokens()).find(({ id }) => id === input.id);
  return token === undefined ? String(input.id) : nameOf(token);
}

/** What a model can do about an error, in the language it is spoken to. */
function hintFor(code: unknown): string {
  switch (code) {
    case 'E_CREDENTIALS':
    case 'E_EXPIRED':
      return ' Ask the person to run the command "Session Tokens: Sign In", then try again.';
    case 'E_UNKNOWN_TOKEN':
      return ' List the tokens again for the ids that are held now.';
    case 'E_CONFIG':
      return ' List the tokens for the names of connections, and check the input.';
    default:
      return '';
  }
}
