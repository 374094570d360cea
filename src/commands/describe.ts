import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled } from '../core/errors.ts';
import type { AnswerReader } from '../core/protocols/answer.ts';
import { protocols } from '../core/protocols/kinds.ts';
import type { Describing, Found, Tried } from '../core/protocols/protocol.ts';
import type { GivenLogin } from '../core/tokens/signIn.ts';
import { mask } from '../core/tokens/token.ts';
import { translated } from '../userError.ts';
import { askChoice, askName, askNumber, askText, askUrl, confirm, problemOf, separator } from './ask.ts';
import type { Call, CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { fetchData } from './getData.ts';
import { askLogin, loginDialogs } from './logins.ts';
import { withProgress } from './progress.ts';

type Settings = Readonly<Record<string, unknown>>;

/** Describes an API with a person, who chooses the token and the life in the gateway's answers. */
export const describeApi: Handler = async (services, call) => {
  for (const [kind, { describing }] of Object.entries(protocols)) {
    if (describing !== undefined) {
      return new Description(services, call, kind, await describing()).ask();
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
class Description {
  readonly #services: CommandServices;
  readonly #call: Call;
  readonly #kind: string;
  readonly #describing: Describing;
  readonly #title = vscode.l10n.t('Describe an API');

  constructor(services: CommandServices, call: Call, kind: string, describing: Describing) {
    this.#services = services;
    this.#call = { ...call, interactive: true };
    this.#kind = kind;
    this.#describing = describing;
  }

  /** Resolves to the stored connection. @throws E_CANCELLED */
  async ask(): Promise<unknown> {
    const { connections, consents } = this.#services;
    const begun = { kind: this.#kind, ...this.#describing.start('POST /') };
    const url = await askUrl({ title: this.#title }, begun);
    const name = await askName(this.#services, { title: this.#title }, { ...begun, url });
    try {
      const attempt = await this.#token(await this.#signIn({ ...begun, name, url }));
      const { settings, given, tried, token } = attempt;
      const send = await this.#send(token);
      const whole = this.#describing.finish(settings, {
        token,
        send,
        ...(await this.#life(tried.found)),
        query: await this.#query(attempt, { token, send }),
        renew: await this.#askRequest(
          vscode.l10n.t('The request that sets its life back; empty where there is none'),
          '',
          'GET /me',
        ),
        revoke: await this.#askRequest(
          vscode.l10n.t('The request that ends the token; empty where there is none'),
          '',
          'POST /logout',
        ),
        refused: await askText({
          title: this.#title,
          prompt: vscode.l10n.t(
            'How a refused sign-in looks: a status, or a part of its answer; empty for 401 and 403',
          ),
          placeHolder: '400',
        }),
      });
      // The person has just entered all of it, so consent is not asked for.
      await consents.give(connections.check(whole), 'described');
      const stored = await connections.add(whole);
      await withProgress(true, vscode.l10n.t('Signing in to {0}', name), (signal) =>
        this.#services.keeper.signIn(name, { signal, ...loginDialogs(this.#call), ...given, tried }),
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
    const connection = this.#services.connections.check(settings);
    await confirmConnection(this.#services, this.#call, connection);
    return connection;
  }

  /** Shows an answer that is a failure. @throws E_CANCELLED where the person does not go on to change the request */
  async #change({ url }: Connection, { status, found }: Tried): Promise<void> {
    const message = vscode.l10n.t('{0} answered with status {1}.', url, status);
    const detail = listed(this.#services, found).slice(0, 20).join('\n');
    await confirm(message, vscode.l10n.t('Edit Request'), detail);
  }

  async #withBody(begun: Settings, line: string): Promise<Settings> {
    const ways = this.#describing.ways.map((way) => ({ label: translated(way.label), way }));
    const { way } = await this.#choose(ways, vscode.l10n.t('How does it get your credentials?'));
    const settingsOf = (text: string): Settings => ({ ...begun, ...way.settings(line, text) });
    if (way.example === undefined) {
      return settingsOf('');
    }
    const text = await askText({
      title: this.#title,
      prompt: vscode.l10n.t('What it is sent; each name in braces is asked for at sign-in'),
      value: way.example,
      validateInput: (typed) => {
        try {
          return problemOf(settingsOf(typed));
        } catch {
          return vscode.l10n.t('This cannot be read.');
        }
      },
    });
    return settingsOf(text);
  }

  async #try(connection: Connection, { login }: GivenLogin, before?: Tried): Promise<Tried> {
    return withProgress(true, vscode.l10n.t('Testing {0}', connection.url), async (signal) => {
      const gateway = await this.#services.connect(connection);
      try {
        const tried = await gateway.trySignIn?.(login, { signal, tried: before });
        if (tried === undefined) {
          throw new TypeError(`${this.#kind} cannot be tried.`);
        }
        return tried;
      } finally {
        gateway.dispose();
      }
    });
  }

  /** Shows the answer as a tree, in which the person chooses the token, or that another request is needed for it. */
  async #token(attempt: Attempt): Promise<Attempt & { readonly token: Found }> {
    const { settings, given, tried } = attempt;
    const further = { label: vscode.l10n.t('It comes with one more request…') };
    const items: (vscode.QuickPickItem & { one?: Found })[] = [
      separator(vscode.l10n.t('Likely')),
      ...tried.found.filter(({ isLikelyToken }) => isLikelyToken).map((one) => this.#item(one, 0, one.place)),
      separator(vscode.l10n.t('The answer')),
      ...tried.found.map((one) => this.#item(one, one.depth, one.name || one.place || '{ }')),
      further,
    ];
    for (;;) {
      const chosen = await this.#choose(items, vscode.l10n.t('Which one is the token?'));
      if (chosen === further) {
        const prompt = vscode.l10n.t('The request after that: method and path');
        const longer = this.#describing.addRequest(settings, await this.#askRequest(prompt, 'GET /'));
        const connection = await this.#confirmed(longer);
        return this.#token({ settings: longer, given, tried: await this.#try(connection, given, tried) });
      }
      if (chosen.one?.text !== undefined) {
        return { ...attempt, token: chosen.one };
      }
    }
  }

  async #send(token: Found): Promise<Settings> {
    const items = this.#describing.sends(token).map((way) => ({
      label: translated(way.label),
      ...(way.detail === undefined ? {} : { detail: translated(way.detail) }),
      way,
    }));
    const { label, way } = await this.#choose(items, vscode.l10n.t('How does the token go out?'));
    const { name: value } = way;
    return way.settings(
      value === undefined ? '' : await askText({ title: this.#title, prompt: label, value }),
    );
  }

  /** The request for the life left, tried once; the person chooses the life in its answer. */
  async #query({ settings, given, tried }: Attempt, said: Parameters<Describing['withTrial']>[1]) {
    for (let line = ''; ; ) {
      const prompt = vscode.l10n.t('The request that tells the life left; empty where there is none');
      line = await this.#askRequest(prompt, line, 'GET /session');
      const trial = line === '' ? undefined : this.#describing.withTrial(settings, said, line);
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
    const items = lives.map(({ life, ms, place }) => ({
      label: vscode.l10n.t('{0} minutes from now', Math.round(ms / 6_000) / 10),
      description: `${Object.keys(life)[0]} ${place}`,
      life,
    }));
    const none = { label: vscode.l10n.t('It is not told there'), description: '', life: undefined };
    return (await this.#choose([...items, none], vscode.l10n.t('How long does the token live?'))).life;
  }

  async #life(found: readonly Found[]) {
    const told = await this.#told(found);
    const minutes = { title: this.#title, prompt: vscode.l10n.t('Its life in minutes'), value: '30' };
    const wrong = vscode.l10n.t('Type a number of more than 0.');
    const life = told ?? (await askNumber(minutes, (number) => number > 0, wrong));
    const sliding = { label: vscode.l10n.t('Yes, it lives on while it is used') };
    const absolute = { label: vscode.l10n.t('No, or not known') };
    const question = vscode.l10n.t('Does each request set its life back?');
    return { life, isSliding: (await this.#choose([absolute, sliding], question)) === sliding };
  }

  /** Tries a request for data, lets the person choose the rows, and shows them as a table. */
  async #data(name: string): Promise<void> {
    const { connections, keeper } = this.#services;
    const prompt = vscode.l10n.t('A request for data, to try it; empty for none');
    const line = await this.#askRequest(prompt, '', 'GET /items');
    if (line === '') {
      return;
    }
    const parts: Uint8Array[] = [];
    await withProgress(true, vscode.l10n.t('Getting {0}', line), (signal) =>
      keeper.getData(
        { connection: name, request: line },
        { signal, makeReader: () => keeping(parts), ...loginDialogs(this.#call) },
      ),
    );
    const lists = this.#describing
      .found(Buffer.concat(parts).toString())
      .filter(({ rows }) => rows !== undefined);
    const items = lists.map(({ place, rows = 0 }) => ({
      label: place || vscode.l10n.t('The whole answer'),
      description: vscode.l10n.t('{0} rows', rows),
      place,
    }));
    const { place } =
      items.length < 2
        ? (items[0] ?? { place: '' })
        : await this.#choose(items, vscode.l10n.t('Where are the rows?'));
    const named = this.#describing.dataRequest(line, place);
    await connections.change(name, named.settings);
    const fetched = await fetchData(
      this.#services,
      { connection: name, request: named.name },
      { interactive: true, ...loginDialogs(this.#call) },
    );
    fetched.answer.dispose();
  }

  #choose<T extends vscode.QuickPickItem>(items: readonly T[], placeHolder: string): Promise<T> {
    return askChoice(items, { title: this.#title, placeHolder });
  }

  /**
   * @param placeHolder an example; with it, the line may be empty
   * @param isSignIn whether it may name what is asked for
   */
  #askRequest(prompt: string, value: string, placeHolder = '', isSignIn = false): Promise<string> {
    const known = { name: 'x', url: 'https://x', kind: this.#kind };
    const problem = (line: string) => problemOf({ ...known, ...this.#describing.start(line, isSignIn) });
    const validateInput = (line: string) => (line === '' && placeHolder !== '' ? undefined : problem(line));
    return askText({ title: this.#title, prompt, value, placeHolder, validateInput });
  }

  #item(one: Found, depth: number, label: string) {
    return { label: `${'    '.repeat(depth)}${label}`, description: shown(this.#services, one), one };
  }
}

/** A value as it may be shown. */
function shown({ hide }: CommandServices, { text, isSecret, rows }: Found): string {
  return text === undefined
    ? rows === undefined
      ? ''
      : vscode.l10n.t('{0} rows', rows)
    : isSecret
      ? mask(text)
      : hide(text).slice(0, 80);
}

function listed(services: CommandServices, found: readonly Found[]): string[] {
  return found.flatMap((one) =>
    one.text === undefined ? [] : [`${one.name} ${shown(services, one)}`.trim()],
  );
}

const noRows = { head: {}, fields: [], rowCount: 0, rows: async () => [], dispose: () => undefined };

/**
 * A reader that keeps the beginning of a body in `parts`, which it empties first, for a person to look at; it gives no
 * rows.
 */
function keeping(parts: Uint8Array[]): AnswerReader {
  parts.length = 0;
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      if (bytes <= 4_000_000) {
        parts.push(chunk);
      }
    },
    end: async () => ({ ...noRows, bytes }),
    abort: () => void parts.splice(0),
  };
}
