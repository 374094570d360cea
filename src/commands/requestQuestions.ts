import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Protocol, Query } from '../core/protocols/protocol.ts';
import { paramsIn, paramsText } from '../core/requests/paramsText.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { About } from '../core/tokens/dataCall.ts';
import { translated } from '../userError.ts';
import { askChoiceOrText, askText, confirm } from './ask.ts';
import type { Call, CommandServices } from './command.ts';
import { loginDialogs } from './logins.ts';
import { askOptions, type Dialog, findParams } from './requestOptions.ts';
import { chosenService } from './signIn.ts';

type Offered = vscode.QuickPickItem & { readonly request?: DataRequest };

/** Asks a person for what is missing in a request, as its protocol describes it. */
export class RequestQuestions {
  readonly #asking: Dialog;
  readonly #args: Call['args'];
  readonly #protocol: Protocol;
  /** The last requests to this connection. */
  readonly #recent: readonly DataRequest[];
  #wantsOptions = false;
  /** The one of {@link #recent} that was chosen. */
  #used: DataRequest | undefined;

  constructor(services: CommandServices, connection: Connection, call: Call, title: string) {
    this.#asking = { services, connection, title, logins: loginDialogs(call) };
    this.#args = call.args;
    this.#protocol = protocolOf(connection);
    this.#recent = services.recents.all().filter((one) => one.connection === connection.name);
  }

  /** The arguments, with the person's answers for those that are missing. @throws E_CANCELLED */
  async ask(): Promise<Record<string, unknown>> {
    const { services, connection, title } = this.#asking;
    const { dialog, hasServices } = this.#protocol;
    const request: Record<string, unknown> = { ...this.#args };
    if (hasServices) {
      const known = request.service ?? connection.service ?? services.keeper.onlyService(connection.name);
      request.service = await chosenService(services, connection, known, title);
    }
    if (dialog.target.every(({ name }) => request[name] !== undefined)) {
      return request;
    }
    await this.#target(request);
    const target = titleOf(request);
    if (dialog.mayChange?.(target, connection)) {
      await confirm(
        vscode.l10n.t('{0} may change something at {1}. Send it all the same?', target, connection.name),
        vscode.l10n.t('Send'),
      );
    }
    return { ...request, ...(await this.#params(target)), ...(await this.#options(request, target)) };
  }

  async #target(request: Record<string, unknown>): Promise<void> {
    const { title } = this.#asking;
    const { dialog } = this.#protocol;
    const useTyped = translated(dialog.useTyped);
    const missing = dialog.target.filter(({ name }) => request[name] === undefined);
    if (missing.length === dialog.target.length) {
      const target = await this.#wholeTarget(request, missing[0]?.name);
      const said = missing.length === 1 ? [target] : target.split('/', missing.length);
      missing.forEach(({ name }, at) => {
        request[name] = said[at];
      });
    }
    for (const { name, prompt } of missing) {
      const offered = this.#offers(request, name).then((names) => names.map((label) => ({ label })));
      request[name] ||= await askChoiceOrText({ title, placeholder: translated(prompt), useTyped }, offered);
    }
  }

  /** Asks for all of the target at once, or for its `first` part with the slash before the rest. */
  async #wholeTarget(request: Query, first = ''): Promise<string> {
    const { dialog } = this.#protocol;
    const asked = {
      title: this.#asking.title,
      placeholder: translated(dialog.prompt),
      useTyped: translated(dialog.useTyped),
    };
    const offered = this.#offered();
    const description = vscode.l10n.t('offered by the gateway');
    const ofGateway = this.#offers(request, first).then((names) =>
      names.map((name) => ({ label: `${name}/`, description })),
    );
    const label = vscode.l10n.t('Options…');
    const options = { label, description: vscode.l10n.t('set them before the data are got') };
    const last = dialog.options === undefined ? [] : [options];
    let chosen = await askChoiceOrText(asked, offered, ofGateway, last);
    if (dialog.options !== undefined && chosen === label) {
      this.#wantsOptions = true;
      chosen = await askChoiceOrText(asked, offered, ofGateway);
    }
    this.#used = offered.find(({ label }) => label === chosen)?.request;
    return this.#used === undefined ? chosen : titleOf(this.#used);
  }

  /** The gateway's choices for a member, if somebody is signed in; empty if the list fails. */
  async #offers(request: Query, name: string): Promise<string[]> {
    return this.#asking.services.keeper.offers(this.#about(request), name).catch(() => []);
  }

  #about({ service, ...query }: Query): About {
    return { connection: this.#asking.connection.name, service: service as string | undefined, query };
  }

  /** The options for the target, beginning with those used last. */
  async #options(request: Query, target: string): Promise<Query> {
    const { options = [] } = this.#protocol.dialog;
    if (!this.#wantsOptions) {
      return {};
    }
    const last = this.#recent.find((one) => titleOf(one) === target) ?? {};
    const given = Object.entries(last).filter(([name]) => options.some((one) => one.name === name));
    const asking = { ...this.#asking, title: `${this.#asking.title}: ${target}` };
    return askOptions(asking, this.#about(request), options, Object.fromEntries(given));
  }

  /** The targets used before, with parameters if there are any, and the usual ones. */
  #offered(): Offered[] {
    const { params, usual } = this.#protocol.dialog;
    const offered = new Map<string, Offered>();
    for (const request of this.#recent) {
      const text = params === undefined ? '' : paramsText((request[params.name] ?? {}) as Query);
      const label = text === '' ? titleOf(request) : `${titleOf(request)}?${text}`;
      if (!offered.has(label)) {
        offered.set(label, { label, description: vscode.l10n.t('used before'), request });
      }
    }
    for (const { name, description } of usual(this.#asking.connection).filter(
      ({ name }) => !offered.has(name),
    )) {
      offered.set(name, {
        label: name,
        description: description === undefined ? '' : translated(description),
      });
    }
    return [...offered.values()];
  }

  /** Parameters that a person finds or types; those of an earlier request can be edited. */
  async #params(target: string): Promise<Query> {
    const { params, finder } = this.#protocol.dialog;
    if (params === undefined || this.#args[params.name] !== undefined) {
      return {};
    }
    const { title } = this.#asking;
    if (this.#used === undefined && finder?.targets.includes(target)) {
      const found = await findParams(this.#asking, finder, target);
      if (found !== undefined) {
        return { [params.name]: found };
      }
    }
    const last = this.#used ?? this.#recent.find((one) => titleOf(one) === target);
    const value = paramsText((last?.[params.name] ?? {}) as Query);
    return { [params.name]: paramsIn(await askText({ title, prompt: translated(params.prompt), value })) };
  }
}
