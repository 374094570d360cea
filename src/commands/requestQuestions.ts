import * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { Query } from '../core/protocols/protocol.ts';
import { paramsIn, paramsText } from '../core/requests/paramsText.ts';
import { type DataRequest, titleOf } from '../core/requests/request.ts';
import type { About } from '../core/tokens/dataCall.ts';
import { translated } from '../userError.ts';
import { askChoiceOrText, askText, confirm } from './ask.ts';
import type { Call } from './command.ts';
import { askOptions, type Dialog, findParams } from './requestOptions.ts';
import { askService, knownService } from './signIn.ts';

type Offered = vscode.QuickPickItem & { readonly request?: DataRequest };

/** Asks a person for what is missing in a request, as its protocol describes it. */
export class RequestQuestions extends Part<Dialog & Pick<Call, 'args'>> {
  readonly #dialog = protocolOf(this.deps.connection).dialog;
  readonly #takesParams = 'params' in protocolOf(this.deps.connection).request;
  /** The last requests to this connection. */
  readonly #recent = this.deps.services.recents
    .all()
    .filter(({ connection }) => connection === this.deps.connection.name);
  #wantsOptions = false;
  /** The one of {@link #recent} that was chosen. */
  #used: DataRequest | undefined;

  /** The arguments, with the person's answers for those that are missing. @throws E_CANCELLED */
  async ask(): Promise<Record<string, unknown>> {
    const { services, connection, title, args } = this.deps;
    const request: Record<string, unknown> = { ...args };
    if (protocolOf(connection).hasServices) {
      const known = request.service ?? connection.service ?? services.keeper.onlyService(connection.name);
      request.service =
        knownService(connection, known) ?? (await askService(services, connection, { title }));
    }
    if (this.#dialog.target.every(({ name }) => request[name] !== undefined)) {
      return request;
    }
    await this.#target(request);
    const target = titleOf(request);
    if (this.#dialog.mayChange?.(target, connection)) {
      await confirm(
        vscode.l10n.t('{0} may change something at {1}. Send it all the same?', target, connection.name),
        vscode.l10n.t('Send'),
      );
    }
    return { ...request, ...(await this.#params(target)), ...(await this.#options(request, target)) };
  }

  async #target(request: Record<string, unknown>): Promise<void> {
    const { title } = this.deps;
    const { target: parts } = this.#dialog;
    const missing = parts.filter(({ name }) => request[name] === undefined);
    if (missing.length === parts.length) {
      const target = await this.#wholeTarget(request, missing[0]?.name);
      const said = missing.length === 1 ? [target] : target.split('/', missing.length);
      missing.forEach(({ name }, at) => {
        request[name] = said[at];
      });
    }
    for (const { name, prompt } of missing) {
      const asked = { title, placeHolder: translated(prompt) };
      request[name] ||= await askChoiceOrText(asked, this.#offers(request, name));
    }
  }

  /** Asks for all of the target at once, or for its `first` part with the slash before the rest. */
  async #wholeTarget(request: Query, first = ''): Promise<string> {
    const { target, options: hasOptions } = this.#dialog;
    const prompt = this.#dialog.prompt ?? target[0].prompt;
    const { title } = this.deps;
    const asked = { title, placeHolder: translated(prompt) };
    const offered = this.#offered();
    const description = vscode.l10n.t('offered by the gateway');
    const ofGateway = this.#offers(request, first).then((names) =>
      names.map((name) => ({ label: `${name}/`, description })),
    );
    const label = vscode.l10n.t('Options…');
    const options = { label, description: vscode.l10n.t('set them before the data are got') };
    let chosen = await askChoiceOrText(asked, offered, ofGateway, hasOptions ? [options] : []);
    if (hasOptions && chosen === label) {
      this.#wantsOptions = true;
      chosen = await askChoiceOrText(asked, offered, ofGateway);
    }
    this.#used = offered.find(({ label }) => label === chosen)?.request;
    return this.#used === undefined ? chosen : titleOf(this.#used);
  }

  /** The gateway's choices for a member, if somebody is signed in; empty if the list fails. */
  async #offers(request: Query, name: string): Promise<string[]> {
    return this.deps.services.keeper.offers(this.#about(request), name).catch(() => []);
  }

  #about({ service, ...query }: Query): About {
    return { connection: this.deps.connection.name, service: service as string | undefined, query };
  }

  /** The options for the target, beginning with those used last. */
  async #options(request: Query, target: string): Promise<Query> {
    const { options = [] } = this.#dialog;
    if (!this.#wantsOptions) {
      return {};
    }
    const last = this.#recent.find((one) => titleOf(one) === target) ?? {};
    const given = Object.entries(last).filter(([name]) => options.some((one) => one.name === name));
    const asking = { ...this.deps, title: `${this.deps.title}: ${target}` };
    return askOptions(asking, this.#about(request), options, Object.fromEntries(given));
  }

  /** The targets used before, with parameters if there are any, and the usual ones. */
  #offered(): Offered[] {
    const { usual } = this.#dialog;
    const offered = new Map<string, Offered>();
    for (const request of this.#recent) {
      const text = this.#takesParams ? paramsText((request.params ?? {}) as Query) : '';
      const label = text === '' ? titleOf(request) : `${titleOf(request)}?${text}`;
      if (!offered.has(label)) {
        offered.set(label, { label, description: vscode.l10n.t('used before'), request });
      }
    }
    const others = usual(this.deps.connection).filter(({ name }) => !offered.has(name));
    const items = others.map(({ name: label, description }) => ({
      label,
      description: description === undefined ? '' : translated(description),
    }));
    return [...offered.values(), ...items];
  }

  /** Parameters that a person finds or types; those of an earlier request can be edited. */
  async #params(target: string): Promise<Query> {
    const { finder } = this.#dialog;
    const { title, args } = this.deps;
    if (!this.#takesParams || args.params !== undefined) {
      return {};
    }
    if (this.#used === undefined && finder?.targets.includes(target)) {
      const found = await findParams(this.deps, finder, target);
      if (found !== undefined) {
        return { params: found };
      }
    }
    const last = this.#used ?? this.#recent.find((one) => titleOf(one) === target);
    const value = paramsText((last?.params ?? {}) as Query);
    const prompt = vscode.l10n.t('Parameters, as name=value&name=value; none is fine');
    return { params: paramsIn(await askText({ title, prompt, value })) };
  }
}
