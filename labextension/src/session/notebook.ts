/**
 * What one notebook asks of Codex, and what its last turn reported: behind the toolbar, the
 * dialog and the commands. Changes go to the record and hold from the next turn on.
 *
 * Reads the notebook's own metadata (`codex`), which travels with the file; writes it only when
 * the user keeps settings with the notebook. Draws nothing.
 */

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { Problem, type INotebook, type INotebookWishes, type ISessionDetail } from '../api';
import type { IOutcome } from '../contracts';
import { isOfCodex } from '../kernel';
import type { ICodex } from '../tokens';
import { isWider, NAMES, type Name } from './words';

/** The key of a notebook's metadata under which it carries settings. */
export const METADATA_KEY = 'codex';

/** One setting: what the next turn gets, and where that comes from. */
export interface IValue {
  /** What the next turn asks for; null: Codex's own choice. */
  next: string | null;
  /** What the last turn reported; null when there was none. */
  reported: string | null;
  /** Whether the next turn will not run with what the last one reported. */
  isPending: boolean;
  /** What the file asks for and the user has not allowed, because it is wider than their own. */
  refused: string | null;
}

/** Follows one notebook while its panel lives. */
export class NotebookState implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private _notebook: INotebook | null = null;
  private _session: ISessionDetail | null = null;
  private _problem: Problem | null = null;
  private _reading: Promise<void> | null = null;
  private _isStale = false;
  private _isDisposed = false;

  constructor(
    readonly codex: ICodex,
    readonly panel: NotebookPanel
  ) {
    const { feed } = codex;
    const refresh = (): void => void this.refresh();
    feed.turnChanged.connect(this._onTurn, this);
    feed.notebookChanged.connect(this._onNotebook, this);
    feed.sessionChanged.connect(this._onSession, this);
    feed.connectedChanged.connect(refresh, this);
    panel.context.pathChanged.connect(refresh, this);
    panel.sessionContext.kernelChanged.connect(refresh, this);
    void panel.context.ready.then(() => this._follow());
  }

  /** Something may have another value. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the cells of this notebook are prompts. */
  get isCodex(): boolean {
    return isOfCodex(this.panel);
  }

  /** The notebook's path as the server's contents API has it. */
  get path(): string {
    return this.panel.context.localPath;
  }

  /** The notebook's folder, as sessions have theirs. */
  get folder(): string | null {
    const stored = this._notebook?.notebook;
    return stored === undefined ? null : stored.slice(0, stored.lastIndexOf('/')) || '/';
  }

  get notebook(): INotebook | null {
    return this._notebook;
  }

  get session(): ISessionDetail | null {
    return this._session;
  }

  /** Why nothing is known, as a sentence with a next step. */
  get problem(): Problem | null {
    return this._problem;
  }

  /** What a file asks for in its metadata; nothing of it is to be trusted. */
  get carried(): { [name in Name]?: string } {
    const found = this.panel.model?.getMetadata(METADATA_KEY);
    const pairs = NAMES.map(name => [name, found?.[name]]);
    return Object.fromEntries(pairs.filter(([, value]) => typeof value === 'string' && value));
  }

  /** Whether model and sandbox are kept in the notebook's file. */
  get isKept(): boolean {
    return this.panel.model?.getMetadata(METADATA_KEY) !== undefined;
  }

  value(name: Name): IValue {
    const own = text(this._notebook?.defaults[name]);
    const chosen = text(this._notebook?.settings[name]);
    const carried = this.carried[name] ?? null;
    const isRefused = carried !== null && own !== null && isWider(name, carried, own);
    const next = chosen ?? (isRefused ? null : carried) ?? own;
    const reported = text(this._notebook?.last_turn?.settings[name]);
    return {
      next: next ?? reported,
      reported,
      isPending: next !== null && reported !== null && next !== reported,
      refused: chosen === null && isRefused ? carried : null
    };
  }

  /** Choose from the next turn on; null goes back to the user's own. */
  async choose(wishes: INotebookWishes): Promise<IOutcome> {
    try {
      this._notebook = await this.codex.api.changeNotebook(this.path, wishes);
    } catch (problem) {
      return outcomeOf(problem);
    }
    if (this.isKept) {
      this.keep(true);
    }
    this._changed.emit();
    return { ok: true };
  }

  /** Keep model, effort, sandbox and approvals in the file, or take them out; does not save it. */
  keep(isKept: boolean): void {
    const model = this.panel.model;
    if (!isKept) {
      model?.deleteMetadata(METADATA_KEY);
      return;
    }
    const pairs = NAMES.map(name => [name, this.value(name)] as const)
      .filter(([, { next }]) => next !== null)
      .map(([name, { next, refused }]) => [name, refused ?? next]);
    model?.setMetadata(METADATA_KEY, Object.fromEntries(pairs));
  }

  /** Go on with a session from the next turn on, taken from another notebook; null: a new one. */
  async bind(sessionId: string | null, takeOver = false): Promise<IOutcome> {
    try {
      this._notebook = await this.codex.api.bind(this.path, sessionId, takeOver);
    } catch (problem) {
      return outcomeOf(problem);
    }
    await this.refresh();
    return { ok: true };
  }

  /** Read again what the server knows; calls while one runs make one more. */
  refresh(): Promise<void> {
    this._isStale = true;
    this._reading ??= this._readAll().finally(() => (this._reading = null));
    return this._reading;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  private _follow(): void {
    this.panel.model?.metadataChanged.connect(() => this._changed.emit(), this);
    this.panel.sessionContext.specsManager.specsChanged.connect(() => void this.refresh(), this);
    void this.refresh();
  }

  private async _readAll(): Promise<void> {
    while (this._isStale && !this._isDisposed) {
      this._isStale = false;
      if (this.isCodex && this.codex.isAvailable) {
        await this._read();
      }
      if (!this._isDisposed) {
        this._changed.emit();
      }
    }
  }

  private async _read(): Promise<void> {
    const { api } = this.codex;
    try {
      this._notebook = await api.notebook(this.path);
      const id = this._notebook.session_id;
      this._session = id === null ? null : await api.session(id).catch(() => null);
      this._problem = null;
    } catch (problem) {
      this._problem = problem instanceof Problem ? problem : null;
    }
  }

  private _onTurn(_: unknown, { turn }: { turn: { path: string | null } }): void {
    this._refreshIf(turn.path === this.path);
  }

  private _onNotebook(_: unknown, change: { path: string | null }): void {
    this._refreshIf(change.path === this.path);
  }

  private _onSession(_: unknown, change: { session_id: string }): void {
    this._refreshIf(change.session_id === this._notebook?.session_id);
  }

  private _refreshIf(isOurs: boolean): void {
    if (isOurs) {
      void this.refresh();
    }
  }
}

/** What went wrong with a request, as the outcome of what was asked for. */
export function outcomeOf(problem: unknown): IOutcome {
  return problem instanceof Problem
    ? problem.asOutcome()
    : { ok: false, message: problem instanceof Error ? problem.message : String(problem) };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value ? value : null;
}
