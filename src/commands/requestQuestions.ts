import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { cancelled } from '../core/errors.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Protocol, Query } from '../core/protocols/protocol.ts';
import { paramsIn, paramsText } from '../core/requests/paramsText.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import { translated } from '../userError.ts';
import { askChoiceOrText, askersFor, askText } from './ask.ts';
import type { Call, CommandServices } from './command.ts';
import { FinderDialog } from './finder.ts';
import { OptionsDialog } from './optionsDialog.ts';
import { chosenService } from './signIn.ts';

type Offered = vscode.QuickPickItem & { readonly request?: DataRequest };

/** Asks a person for what is missing in a request, as its protocol describes it. */
export class RequestQuestions {
  readonly #services: CommandServices;
  readonly #connection: Connection;
  readonly #call: Call;
  readonly #title: string;
  readonly #protocol: Protocol;
  /** What this connection was asked for last. */
  readonly #recent: readonly DataRequest[];
  #wantsOptions = false;
  /** The one of them that was chosen. */
  #used: DataRequest | undefined;

  constructor(services: CommandServices, connection: Connection, call: Call, title: string) {
    this.#services = services;
    this.#connection = connection;
    this.#call = call;
    this.#title = title;
    this.#protocol = protocolOf(connection);
    this.#recent = services.recents.all().filter((one) => one.connection === connection.name);
  }

  /** The arguments, and what the person says to what is missing in them. @throws E_CANCELLED */
  async ask(): Promise<Record<string, unknown>> {
    const { args } = this.#call;
    const { dialog, hasServices } = this.#protocol;
    const request: Record<string, unknown> = { ...args };
    if (hasServices) {
      const { name, service } = this.#connection;
      const known = args.service ?? service ?? this.#services.keeper.onlyService(name);
      request.service = await chosenService(this.#services, this.#connection, known, this.#title);
    }
    if (dialog.target.every(({ name }) => args[name] !== undefined)) {
      return request;
    }
    await this.#target(request);
    await this.#agreed(titleOf(request));
    return { ...request, ...(await this.#params(titleOf(request))), ...(await this.#options(request)) };
  }

  async #target(request: Record<string, unknown>): Promise<void> {
    const { dialog } = this.#protocol;
    const title = this.#title;
    const ownText = translated(dialog.ownText);
    const missing = dialog.target.filter(({ name }) => request[name] === undefined);
    if (missing.length === dialog.target.length) {
      const offered = this.#offered();
      const asked = { title, placeholder: translated(dialog.prompt), ownText };
      const inGateway = this.#inGateway(request, missing[0]?.name);
      const label = vscode.l10n.t('Options…');
      const options = { label, description: vscode.l10n.t('say more of what you want before you get it') };
      const withOptions = dialog.options === undefined ? offered : [...offered, options];
      let chosen = await askChoiceOrText(withOptions, asked, inGateway);
      if (dialog.options !== undefined && chosen === label) {
        this.#wantsOptions = true;
        chosen = await askChoiceOrText(offered, asked, inGateway);
      }
      this.#used = offered.find(({ label }) => label === chosen)?.request;
      const target = this.#used === undefined ? chosen : titleOf(this.#used);
      const said = missing.length === 1 ? [target] : target.split('/', missing.length);
      missing.forEach(({ name }, at) => {
        request[name] = said[at];
      });
    }
    for (const { name, prompt } of missing) {
      request[name] ||= await askChoiceOrText(this.#offers(request, name), {
        title,
        placeholder: translated(prompt),
        ownText,
      });
    }
  }

  /** What the gateway has for the first part of a target, with the slash that the rest of it follows. */
  async #inGateway(request: Query, name = ''): Promise<vscode.QuickPickItem[]> {
    const description = vscode.l10n.t('offered by the gateway');
    return (await this.#offers(request, name)).map(({ label }) => ({ label: `${label}/`, description }));
  }

  /** What the gateway has for a member, where somebody is signed in; a list that does not come is no trouble. */
  async #offers({ service, ...query }: Query, name: string): Promise<vscode.QuickPickItem[]> {
    const about = { connection: this.#connection.name, service: service as string | undefined, query };
    const names = await this.#services.keeper.offers(about, name).catch(() => []);
    return names.map((label) => ({ label }));
  }

  /** What else is wanted of the target, beginning with what was wanted of it last. */
  async #options(request: Query): Promise<Query> {
    const { options = [] } = this.#protocol.dialog;
    if (!this.#wantsOptions) {
      return {};
    }
    const { service, ...query } = request;
    const about = { connection: this.#connection.name, service: service as string | undefined, query };
    const target = titleOf(request);
    const dialog = new OptionsDialog(this.#services, about, options, {
      title: `${this.#title}: ${target}`,
      askers: askersFor(this.#call),
    });
    const last = this.#recent.find((one) => titleOf(one) === target) ?? {};
    const names = new Set(options.map(({ name }) => name));
    return dialog.ask(Object.fromEntries(Object.entries(last).filter(([name]) => names.has(name))));
  }

  /** What was asked for before, with its parameters where there are any, and what can be asked for. */
  #offered(): Offered[] {
    const { params, usual } = this.#protocol.dialog;
    const used = new Map<string, Offered>();
    for (const request of this.#recent) {
      const text = params === undefined ? '' : paramsText((request[params.name] ?? {}) as Query);
      const label = text === '' ? titleOf(request) : `${titleOf(request)}?${text}`;
      if (!used.has(label)) {
        used.set(label, { label, description: vscode.l10n.t('used before'), request });
      }
    }
    const others = usual.filter(({ name }) => !used.has(name));
    return [
      ...used.values(),
      ...others.map(({ name, description }) => ({
        label: name,
        description: description === undefined ? '' : translated(description),
      })),
    ];
  }

  /** Asks before something is sent that may change something at the gateway. */
  async #agreed(target: string): Promise<void> {
    if (this.#protocol.dialog.mayChange?.(target)) {
      const send = vscode.l10n.t('Send');
      const { name } = this.#connection;
      const question = vscode.l10n.t('{0} may change something at {1}. Send it all the same?', target, name);
      if ((await vscode.window.showWarningMessage(question, { modal: true }, send)) !== send) {
        throw cancelled();
      }
    }
  }

  /** Parameters as a person finds or types them; those of a request that was made before can be edited. */
  async #params(target: string): Promise<Query> {
    const { params, finder } = this.#protocol.dialog;
    if (params === undefined || this.#call.args[params.name] !== undefined) {
      return {};
    }
    const title = this.#title;
    if (this.#used === undefined && finder?.targets.includes(target)) {
      const askers = askersFor(this.#call);
      const dialog = new FinderDialog(this.#services, this.#connection, finder, { title, askers });
      const found = await dialog.ask(target);
      if (found !== undefined) {
        return { [params.name]: found };
      }
    }
    const last = this.#used ?? this.#recent.find((one) => titleOf(one) === target);
    const value = paramsText((last?.[params.name] ?? {}) as Query);
    return { [params.name]: paramsIn(await askText({ title, prompt: translated(params.prompt), value })) };
  }
}
