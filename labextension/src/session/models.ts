/**
 * What can be chosen for a setting. The models of Codex's catalogue and their efforts are asked
 * for once and kept for the page.
 */

import type { Api } from '../api';
import type { Json } from '../contracts';
import type { NotebookState } from './notebook';
import { approvals, sandboxes, type IChoice, type Name } from './words';

export class Models {
  private static readonly _known = new WeakMap<Api, Models>();
  private _found: Promise<IModel[]> | null = null;

  private constructor(private readonly _api: Api) {}

  /** The models of a server. */
  static of(api: Api): Models {
    const models = Models._known.get(api) ?? new Models(api);
    Models._known.set(api, models);
    return models;
  }

  /** What there is to choose for a setting. */
  choices(state: NotebookState, name: Name): Promise<IChoice[]> | IChoice[] {
    const { trans } = state.codex;
    switch (name) {
      case 'model':
        return this.models();
      case 'effort':
        return this.efforts(state.value('model').next);
      case 'sandbox':
        return sandboxes(trans);
      default:
        return approvals(trans);
    }
  }

  /** Models to choose from; rejects with a `Problem`, and is asked for again the next time. */
  async models(): Promise<IChoice[]> {
    return (await this._load()).map(model => ({
      value: model.value,
      label: model.label,
      about: model.about
    }));
  }

  /** The efforts of a model; of the default one when it is not known. */
  async efforts(model: string | null): Promise<IChoice[]> {
    const found = await this._load();
    const known = found.find(each => each.value === model);
    return (known ?? found.find(each => each.isDefault) ?? found[0])?.efforts ?? [];
  }

  private _load(): Promise<IModel[]> {
    this._found ??= this._api.models().then(({ models }) => models.map(readModel));
    this._found.catch(() => (this._found = null));
    return this._found;
  }
}

interface IModel extends IChoice {
  isDefault: boolean;
  efforts: IChoice[];
}

function readModel(model: { [field: string]: Json }): IModel {
  const value = String(model.model ?? model.id);
  const efforts = (model.supportedReasoningEfforts ?? []) as { [field: string]: Json }[];
  return {
    value,
    label: String(model.displayName || value),
    about: String(model.description ?? ''),
    isDefault: model.isDefault === true,
    efforts: efforts.map(each => ({
      value: String(each.reasoningEffort),
      label: String(each.reasoningEffort),
      about: String(each.description ?? '')
    }))
  };
}
