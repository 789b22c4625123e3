/** The user's settings, from the settings registry; defaults while they are not there. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ISettings } from './tokens';

/** Settings of one plugin; without a registry (or while it loads) the defaults. */
export class Settings implements ISettings {
  private readonly _changed = new Signal<this, void>(this);
  private _loaded: ISettingRegistry.ISettings | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get enterSteers(): boolean {
    return this.get('enterSteers') !== false;
  }

  get notify(): 'off' | 'lab' | 'browser' {
    const notify = this.get('notify');
    return notify === 'off' || notify === 'browser' ? notify : 'lab';
  }

  get(name: string): unknown {
    return this._loaded?.composite[name];
  }

  async load(registry: ISettingRegistry, plugin: string): Promise<void> {
    this._loaded = await registry.load(plugin);
    this._loaded.changed.connect(() => this._changed.emit());
    this._changed.emit();
  }
}
