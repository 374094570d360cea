import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { Part } from '../core/disposable.ts';
import { cancelled, isCancelled, TokensError } from '../core/errors.ts';
import type { AnswerReader } from '../core/protocols/answer.ts';
import { protocols } from '../core/protocols/kinds.ts';
import type { Describing, Found, Tried } from '../core/protocols/protocol.ts';
import type { GivenLogin } from '../core/tokens/signIn.ts';
import { mask } from '../core/tokens/token.ts';
import { translated } from '../userError.ts';
import { minutesText } from '../views/names.ts';
import { rowsText } from '../views/results/statusTexts.ts';
import {
  askChoice,
  askName,
  askNumber,
  askOne,
  askText,
  askUrl,
  confirm,
  onlyOrAsked,
  problemOf,
  separator,
} from './ask.ts';
import type { Call, CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { showData } from './getData.ts';
import { askLogin, loginDialogs } from './logins.ts';
import { whileTesting, withProgress } from './progress.ts';

type Settings = Readonly<Record<string, unknown>>;

/** Describes an API with a person, who chooses the token and the life in the gateway's answers. */
export const describeApi: Handler = async (services, call) => {
  for (const [kind, { describing }] of Object.entries(protocols)) {
    if (describing !== undefined) {
      const asPerson = { ...call, interactive: true };
      return new Description({ services, call: asPerson, kind, describing: await describing() }).ask();
    }
  }
  return undefined;
};

/** A sign-in that was tried, by these settings so far. */
interface Attempt {
  readonly settings: Settings;
  readonly given: GivenLogin;
  readonly tried: Tried;
}

/** A description while it is made, step by step. */
class Description extends Part<{
  readonly services: CommandServices;
  readonly call: Call;
  readonly kind: string;
  readonly describing: Describing;
}> {
  readonly #title = vscode.l10n.t('Describe an API');
  /** What was typed for each way to send credentials, for the next try. */
  readonly #bodies = new Map<Describing['ways'][number], string>();

  /** Resolves to the stored connection. @throws E_CANCELLED */
  async ask(): Promise<unknown> {
    const { connections, consents } = this.deps.services;
    const begun = { kind: this.deps.kind, ...this.deps.describing.start('POST /') };
    const url = await askUrl({ title: this.#title }, begun);
    const name = await askName(this.deps.services, { title: this.#title }, { ...begun, url });
    try {
      const attempt = await this.#token(await this.#signIn({ ...begun, name, url }));
      const { settings, given, tried, token } = attempt;
      const send = await this.#send(settings, token);
      const life = await this.#life(tried.found);
      const query = await this.#query(attempt, { token, send });
      const renewing = vscode.l10n.t('The request that sets its life back; empty where there is none');
      const renew = await this.#askRequest(renewing, '', 'GET /me');
      const ending = vscode.l10n.t('The request that ends the token; empty where there is none');
      const revoke = await this.#askRequest(ending, '', 'POST /logout');
      const prompt = vscode.l10n.t(
        'How a refused sign-in looks: a status, or a part of its answer; empty for 401 and 403',
      );
      const refused = await askText({ title: this.#title, prompt, placeHolder: '400' });
      const said = { token, send, ...life, query, renew, revoke, refused };
      const whole = this.deps.describing.finish(settings, said);
      // The person has just entered all of it, so consent is not asked for.
      await consents.give(connections.check(whole), 'described');
      const stored = await connections.add(whole);
      await withProgress(true, vscode.l10n.t('Signing in to {0}', name), (signal) =>
        this.deps.services.keeper.signIn(name, { signal, ...loginDialogs(this.deps.call), ...given, tried }),
      );
      await this.#data(name);
      return stored;
    } finally {
      if (connections.find(name) === undefined) {
        await consents.forget(name);
      }
    }
  }

  /** The sign-in, tried until it succeeds or the person cancels. */
  async #signIn(begun: Settings): Promise<Attempt> {
    let line = 'POST /login';
    for (;;) {
      const prompt = vscode.l10n.t('The request that signs in: method and path');
      line = await this.#askRequest(prompt, line, '', true);
      const settings = await this.#withBody(begun, line);
      const connection = await this.#confirmed(settings);
      const given = await askLogin(connection, undefined, 'unknown');
      if (given === undefined) {
        throw cancelled();
      }
      const tried = await this.#try(connection, given);
      if (tried.status < 400) {
        return { settings, given, tried };
      }
      await this.#change(connection, tried);
    }
  }

  /** The connection by these settings, to which the person has agreed. */
  async #confirmed(settings: Settings): Promise<Connection> {
    const connection = this.deps.services.connections.check(settings);
    await confirmConnection(this.deps.services, this.deps.call, connection);
    return connection;
  }

  /** Shows an answer that is a failure. @throws E_CANCELLED where the person does not go on to change the request */
  async #change({ url }: Connection, { status, found }: Tried): Promise<void> {
    const message = vscode.l10n.t('{0} answered with status {1}.', url, status);
    const values = found.filter(({ text }) => text !== undefined).slice(0, 20);
    const lines = values.map((one) => `${one.name} ${shown(this.deps.services, one)}`.trim());
    await confirm(message, vscode.l10n.t('Edit Request'), lines.join('\n'));
  }

  async #withBody(begun: Settings, line: string): Promise<Settings> {
    const asked = vscode.l10n.t('How does it get your credentials?');
    const way = await this.#choose(
      this.deps.describing.ways,
      ({ label }) => ({ label: translated(label) }),
      asked,
    );
    const settingsOf = (text: string): Settings => ({ ...begun, ...way.settings(line, text) });
    if (way.example === undefined) {
      return settingsOf('');
    }
    const text = await askText({
      title: this.#title,
      prompt: vscode.l10n.t('What it is sent; each name in braces is asked for at sign-in'),
      value: this.#bodies.get(way) ?? way.example,
      validateInput: (typed) => {
        try {
          return problemOf(settingsOf(typed));
        } catch {
          return vscode.l10n.t('This cannot be read.');
        }
      },
    });
    this.#bodies.set(way, text);
    return settingsOf(text);
  }

  async #try(connection: Connection, { login }: GivenLogin, before?: Tried): Promise<Tried> {
    return whileTesting(this.deps.services, connection, async (gateway, signal) => {
      const tried = await gateway.trySignIn?.(login, { signal, tried: before });
      if (tried === undefined) {
        throw new TypeError(`${this.deps.kind} cannot be tried.`);
      }
      return tried;
    });
  }

  /** Shows the answer as a tree, in which the person chooses the token, or that another request is needed for it. */
  async #token(attempt: Attempt): Promise<Attempt & { readonly token: Found }> {
    const { settings, given, tried } = attempt;
    const placeHolder = vscode.l10n.t('Which one is the token?');
    const further = { label: vscode.l10n.t('It comes with one more request…') };
    const items: (vscode.QuickPickItem & { one?: Found })[] = [
      separator(vscode.l10n.t('Likely')),
      ...tried.found.filter(({ isLikelyToken }) => isLikelyToken).map((one) => this.#item(one, 0, one.place)),
      separator(vscode.l10n.t('The answer')),
      ...tried.found.map((one) => this.#item(one, one.depth, one.name || one.place || '{ }')),
      further,
    ];
    for (;;) {
      const chosen = await askChoice(items, { title: this.#title, placeHolder });
      if (chosen === further) {
        const prompt = vscode.l10n.t('The request after that: method and path');
        const longer = this.deps.describing.addRequest(settings, await this.#askRequest(prompt, 'GET /'));
        const connection = await this.#confirmed(longer);
        return this.#token({ settings: longer, given, tried: await this.#try(connection, given, tried) });
      }
      if (chosen.one?.text !== undefined) {
        return { ...attempt, token: chosen.one };
      }
    }
  }

  async #send(settings: Settings, token: Found): Promise<Settings> {
    const way = await this.#choose(
      this.deps.describing.sends(token),
      ({ label, detail }) => ({ label: translated(label), ...(detail && { detail: translated(detail) }) }),
      vscode.l10n.t('How does the token go out?'),
    );
    const { name: value = '' } = way;
    const validateInput = (name: string) => problemOf({ ...settings, send: way.settings(name) });
    const asked = { title: this.#title, prompt: translated(way.label), value, validateInput };
    return way.settings(value === '' ? '' : await askText(asked));
  }

  /** The request for the life left, tried once; the person chooses the life in its answer. */
  async #query({ settings, given, tried }: Attempt, said: Parameters<Describing['withTrial']>[1]) {
    for (let line = ''; ; ) {
      const prompt = vscode.l10n.t('The request that tells the life left; empty where there is none');
      line = await this.#askRequest(prompt, line, 'GET /session');
      const trial = line === '' ? undefined : this.deps.describing.withTrial(settings, said, line);
      if (trial === undefined) {
        return line === '' ? undefined : { line, life: undefined };
      }
      const connection = await this.#confirmed(trial);
      const answer = await this.#try(connection, given, tried);
      if (answer.status < 400) {
        return { line, life: await this.#told(answer.found) };
      }
      await this.#change(connection, answer);
    }
  }

  /** The life in an answer that the person chooses; undefined for none. */
  async #told(found: readonly Found[]): Promise<Settings | undefined> {
    const lives = found.flatMap(({ place, lives }) => lives.map((one) => ({ ...one, place })));
    const itemOf = ({ life, ms, place }: (typeof lives)[number]) => ({
      label: minutesText(ms / 60_000),
      description: `${Object.keys(life)[0]} ${place}`,
    });
    const none = { label: vscode.l10n.t('It is not told there') };
    const asked = vscode.l10n.t('How long does the token live?');
    return (await this.#choose([...lives, undefined], (one) => (one ? itemOf(one) : none), asked))?.life;
  }

  async #life(found: readonly Found[]) {
    const told = await this.#told(found);
    const minutes = { title: this.#title, prompt: vscode.l10n.t('Its life in minutes'), value: '30' };
    const wrong = vscode.l10n.t('Type a number of more than 0.');
    const life = told ?? (await askNumber(minutes, (number) => number > 0, wrong));
    const sliding = { label: vscode.l10n.t('Yes, it lives on while it is used') };
    const absolute = { label: vscode.l10n.t('No, or not known') };
    const placeHolder = vscode.l10n.t('Does each request set its life back?');
    const chosen = await askChoice([absolute, sliding], { title: this.#title, placeHolder });
    return { life, isSliding: chosen === sliding };
  }

  /** Tries a request for data, lets the person choose the rows, and shows them as a table. */
  async #data(name: string, before = ''): Promise<void> {
    const { connections, keeper } = this.deps.services;
    const prompt = vscode.l10n.t('A request for data, to try it; empty for none');
    const line = await this.#askRequest(prompt, before, 'GET /items');
    if (line === '') {
      return;
    }
    let body = '';
    const makeReader = () =>
      headReader((text) => {
        body = text;
      });
    try {
      await withProgress(true, vscode.l10n.t('Getting {0}', line), (signal) =>
        keeper.getData(
          { connection: name, request: line },
          { signal, makeReader, ...loginDialogs(this.deps.call) },
        ),
      );
    } catch (error) {
      if (!(error instanceof TokensError) || isCancelled(error)) {
        throw error;
      }
      await confirm(translated(error), vscode.l10n.t('Edit Request'));
      return this.#data(name, line);
    }
    const lists = this.deps.describing.found(body).filter(({ rows }) => rows !== undefined);
    const itemOf = ({ place, rows = 0 }: Found) => ({
      label: place || vscode.l10n.t('The whole answer'),
      description: rowsText(rows),
    });
    const placeHolder = vscode.l10n.t('Where are the rows?');
    const rows = await onlyOrAsked(lists, itemOf, { title: this.#title, placeHolder });
    const named = this.deps.describing.dataRequest(line, rows?.place ?? '');
    await connections.change(name, named.settings);
    await showData(this.deps.services, { connection: name, request: named.name });
  }

  #choose<T>(all: readonly T[], itemOf: (one: T) => vscode.QuickPickItem, placeHolder: string): Promise<T> {
    return askOne(all, itemOf, { title: this.#title, placeHolder });
  }

  /**
   * @param placeHolder an example; with it, the line may be empty
   * @param isSignIn whether it may name what is asked for
   */
  #askRequest(prompt: string, value: string, placeHolder = '', isSignIn = false): Promise<string> {
    const known = { name: 'x', url: 'https://x', kind: this.deps.kind };
    const problem = (line: string) => problemOf({ ...known, ...this.deps.describing.start(line, isSignIn) });
    const validateInput = (line: string) => (line === '' && placeHolder !== '' ? undefined : problem(line));
    return askText({ title: this.#title, prompt, value, placeHolder, validateInput });
  }

  #item(one: Found, depth: number, label: string) {
    return { label: `${'    '.repeat(depth)}${label}`, description: shown(this.deps.services, one), one };
  }
}

/** A value as it may be shown. */
function shown({ hide }: CommandServices, { text, isSecret, rows }: Found): string {
  if (text !== undefined) {
    return isSecret ? mask(text) : hide(text).slice(0, 80);
  }
  return rows === undefined ? '' : rowsText(rows);
}

const noRows = { head: {}, fields: [], rowCount: 0, rows: async () => [], dispose: () => undefined };

/** A reader that tells what a body begins with, for a person to look at; it gives no rows. */
function headReader(tell: (text: string) => void): AnswerReader {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      if (bytes <= 4_000_000) {
        parts.push(chunk);
      }
    },
    end: async () => {
      tell(Buffer.concat(parts).toString());
      return { ...noRows, bytes };
    },
    abort: () => undefined,
  };
}
