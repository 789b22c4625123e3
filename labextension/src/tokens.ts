/** What the core of the labextension gives to its other parts, and to other extensions. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { Api } from './api';
import type { IHost, IPicture } from './contracts';
import type { Feed } from './feed';
import type { Rows } from './rows';
import type { LogSource } from './sources';

/** The user's settings that the core acts on; others may be read by `get`. */
export interface ISettings {
  readonly changed: ISignal<ISettings, void>;
  /** Whether Enter steers and Ctrl/Cmd-Enter queues; `false` swaps them. */
  readonly enterSteers: boolean;
  /** Whether to say when a turn ends or asks: not, in JupyterLab, or also by the browser. */
  readonly notify: 'off' | 'lab' | 'browser';
  /** Any setting of `schema/plugin.json`; undefined while they are not loaded. */
  get(name: string): unknown;
}

/** Where an output stands; `cellId` null: in no cell. Paths are the contents API's. */
export interface IPlace {
  path: string | null;
  cellId: string | null;
}

/** Codex in this page. Without our server extension nothing is live: `isAvailable` is false. */
export interface ICodex {
  readonly isAvailable: boolean;
  readonly api: Api;
  readonly feed: Feed;
  readonly rows: Rows;
  readonly settings: ISettings;
  readonly trans: TranslationBundle;
  /** Follow a turn of the record; the source is to be disposed. `seed`: what is shown of it. */
  source(turnId: string, seed?: IPicture): LogSource;
  /** What a turn view in this place may use, with the actions of the server's record. */
  host(place: IPlace): IHost;
  /**
   * Insert a cell with this prompt below a cell and run it; false: the notebook is not open.
   * In a notebook of another kernel the prompt is one of `%%codex`.
   */
  runPrompt(place: IPlace, prompt: string): boolean;
}

export const ICodex = new Token<ICodex>(
  'codex-kernel-labextension:ICodex',
  'Turns and sessions of Codex in this page: the record, as it happens.'
);
