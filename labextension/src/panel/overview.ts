/**
 * What the side panel shows, across all notebooks: the turns that live and the questions that
 * wait (told by the feed), sessions, background commands and the account (asked for when the
 * panel is looked at). Draws nothing.
 */

import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { Problem, type IOpenQuestion, type ISession, type IThread } from '../api';
import type { Json } from '../contracts';
import type { ILiveTurn } from '../feed';
import type { ICodex } from '../tokens';

const PAGE = 30;
/** So many sessions are asked for background commands when the panel is opened. */
const RECENT = 8;
/** Changes come in bursts; lists are read again at most this often. */
const SETTLE_MS = 300;
/** What runs in the background tells nobody when it ends. */
const BACKGROUND_MS = 10_000;

/** A command that outlived its turn. */
export interface IBackground {
  sessionId: string;
  processId: string | null;
  command: string;
}

/** Which sessions are listed. */
export interface IFilter {
  search: string;
  archived: boolean;
}

/** Everything in one place; reads only while it `isWatched`. */
export class Overview implements IDisposable {
  sessions: readonly ISession[] = [];
  /** Codex's own sessions of the folder that the record does not have; null: not asked for. */
  threads: readonly IThread[] | null = null;
  background: readonly IBackground[] = [];
  problem: Problem | null = null;
  hasMore = false;
  filter: IFilter = { search: '', archived: false };
  private readonly _changed = new Signal<this, void>(this);
  private _next: string | null = null;
  private _isWatched = false;
  private _isDisposed = false;
  private _timer = 0;
  private _backgroundTimer = 0;
  private _asked = 0;
  private _prompts = new Map<string, string>();
  /** Sessions whose kernels may have commands in the background. */
  private _active = new Set<string>();

  constructor(readonly codex: ICodex) {
    const { feed } = codex;
    const settle = (): void => this._settle();
    feed.turnChanged.connect(settle, this);
    feed.sessionChanged.connect(settle, this);
    feed.notebookChanged.connect(settle, this);
    feed.stateChanged.connect(settle, this);
    feed.connectedChanged.connect(settle, this);
    feed.questionChanged.connect(() => this._changed.emit(), this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Open questions, the oldest first. */
  get questions(): readonly IOpenQuestion[] {
    return [...this.codex.feed.questions.values()];
  }

  /** The turns that live: those that run, then those that wait. */
  get turns(): readonly ILiveTurn[] {
    const turns = [...this.codex.feed.turns.values()];
    const rank = (turn: ILiveTurn): string => `${turn.state === 'queued' ? 1 : 0} ${turn.turn_id}`;
    return turns.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
  }

  /** How the prompt of a turn begins; the feed does not tell it. */
  prompt(turn: ILiveTurn): string {
    return turn.prompt ?? this._prompts.get(turn.turn_id) ?? '';
  }

  /** Whether somebody looks: then lists are read, and kept up to date. */
  set isWatched(isWatched: boolean) {
    if (this._isWatched !== isWatched) {
      this._isWatched = isWatched;
      this._active.clear();
      void this.refresh();
    }
  }

  /** List other sessions. */
  async show(filter: Partial<IFilter>): Promise<void> {
    this.filter = { ...this.filter, ...filter };
    this._changed.emit();
    await this._readSessions(PAGE);
  }

  /** The next page of sessions. */
  async more(): Promise<void> {
    await this._readPage(PAGE, this._next, found => [...this.sessions, ...found]);
  }

  /** Look for sessions that were begun in a terminal or an editor, in a notebook's folder. */
  async lookElsewhere(notebook: string | null): Promise<void> {
    const query = notebook === null ? {} : { notebook };
    await this._try(async () => {
      const { threads } = await this.codex.api.threads(query);
      this.threads = threads.filter(thread => !thread.known);
    });
  }

  /** Read again what is shown. */
  async refresh(): Promise<void> {
    window.clearTimeout(this._timer);
    window.clearTimeout(this._backgroundTimer);
    this._timer = 0;
    if (this._isWatched && this.codex.isAvailable && !this._isDisposed) {
      await this._readPrompts();
      await this._readSessions(Math.max(PAGE, this.sessions.length));
      await this._readBackground();
    }
    this._changed.emit();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      window.clearTimeout(this._timer);
      window.clearTimeout(this._backgroundTimer);
      Signal.clearData(this);
    }
  }

  private _settle(): void {
    this._changed.emit();
    this._timer ||= window.setTimeout(() => void this.refresh(), SETTLE_MS);
  }

  private _query(limit: number, before: string | null = null) {
    const { search, archived } = this.filter;
    return {
      search: search || undefined,
      archived: archived || undefined,
      before: before ?? undefined,
      limit
    };
  }

  private async _readPrompts(): Promise<void> {
    const known = this._prompts;
    const ids = this.turns.filter(turn => !this.prompt(turn)).map(turn => turn.turn_id);
    const { turns } = ids.length
      ? await this.codex.api.turns({ ids, limit: ids.length }).catch(() => ({ turns: [] }))
      : { turns: [] };
    turns.forEach(turn => known.set(turn.turn_id, turn.prompt));
    this._prompts = new Map([...known].filter(([id]) => this.codex.feed.turns.has(id)));
  }

  private _readSessions(limit: number): Promise<void> {
    return this._readPage(limit, null, found => found);
  }

  /** An answer that comes after a later question is of no use. */
  private async _readPage(
    limit: number,
    before: string | null,
    put: (found: ISession[]) => readonly ISession[]
  ): Promise<void> {
    const asked = ++this._asked;
    await this._try(async () => {
      const { sessions, next } = await this.codex.api.sessions(this._query(limit, before));
      if (asked === this._asked) {
        this.sessions = put(sessions);
        this._take(next);
      }
    });
  }

  private _take(next: string | null): void {
    this._next = next;
    this.hasMore = next !== null;
    this._changed.emit();
  }

  /** Only kernels know what runs in the background; those are asked that may have something. */
  private async _readBackground(): Promise<void> {
    if (this._active.size === 0) {
      this.sessions.slice(0, RECENT).forEach(each => this._active.add(each.session_id));
    }
    this.turns.forEach(turn => turn.session_id && this._active.add(turn.session_id));
    const ids = [...this._active];
    const found = await Promise.all(ids.map(id => this._backgroundOf(id)));
    const kept = [...this.turns, ...found.flat()];
    this._active = new Set(
      kept.map(each => ('sessionId' in each ? each.sessionId : (each.session_id ?? '')))
    );
    this._active.delete('');
    this.background = found.flat();
    if (this.background.length && this._isWatched && !this._isDisposed) {
      this._backgroundTimer = window.setTimeout(() => void this.refresh(), BACKGROUND_MS);
    }
  }

  private async _backgroundOf(sessionId: string): Promise<IBackground[]> {
    try {
      const { commands } = await this.codex.api.background(sessionId);
      return commands.filter(each => each.is_running).map(each => running(sessionId, each));
    } catch {
      // A kernel that does not answer says so elsewhere; nothing is known of its commands.
      return [];
    }
  }

  private async _try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.problem = null;
    } catch (problem) {
      this.problem =
        problem instanceof Problem ? problem : new Problem(String(problem), '', 0, 'Unknown');
    }
    this._changed.emit();
  }
}

function running(sessionId: string, command: { [field: string]: Json }): IBackground {
  return {
    sessionId,
    processId: (command.process_id as string) ?? null,
    command: String(command.command ?? '')
  };
}
