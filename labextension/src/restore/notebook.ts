/**
 * An open notebook and the record: cells show the turns that ran in them, whoever was there.
 *
 * Looks at the record when the notebook opens, when the connection is back, and when the feed
 * tells of a turn of the notebook; never otherwise. What is decided is decided in `intent`.
 */

import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { Problem, type ITurnRow } from '../api';
import type { Feed, ITurnChange } from '../feed';
import { localPath } from '../paths';
import { isFinal } from '../state';
import type { ICodex } from '../tokens';
import { RestoredCell } from './cell';
import type { Cleared } from './cleared';
import { intentOf } from './intent';
import { Side } from './side';

const PAGE = 200;
/** The kernel's own last word is on its way to the page that ran the cell. */
const KERNEL_MS = 3_000;
/** What a page does to a shared document is in the others. */
const SHARED_MS = 1_000;

/** Restores the cells of one notebook until its panel is closed. */
export class RestoredNotebook implements IDisposable {
  private readonly _cells = new Map<ICodeCellModel, RestoredCell>();
  private readonly _side: Side;
  private readonly _filling = new Map<string, Promise<void>>();
  private readonly _timers = new Set<number>();
  private _isDisposed = false;

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _codex: ICodex,
    private readonly _cleared: Cleared,
    private readonly _onRuns: (cellId: string) => void
  ) {
    this._side = new Side(_codex, () => this.path);
    const { feed } = _codex;
    feed.turnChanged.connect(this._onTurn, this);
    feed.stateChanged.connect(this._onConnected, this);
    feed.connectedChanged.connect(this._onConnected, this);
    _panel.disposed.connect(() => this.dispose());
    void _panel.context.ready.then(() => this._begin());
  }

  get path(): string {
    return localPath(this._panel.context.path) ?? '';
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._timers.forEach(timer => window.clearTimeout(timer));
    this._side.dispose();
    Signal.disconnectReceiver(this);
    this._cells.forEach(cell => cell.dispose());
  }

  private _begin(): void {
    if (this._isDisposed) {
      return;
    }
    this._panel.content.model?.cells.changed.connect(this._watchCells, this);
    this._watchCells();
    this._onConnected();
  }

  private _watchCells(): void {
    const known = new Set<ICodeCellModel>();
    for (const model of this._panel.content.model?.cells ?? []) {
      if (model.type === 'code') {
        known.add(model as ICodeCellModel);
        this._watchCell(model as ICodeCellModel);
      }
    }
    for (const [model, cell] of this._cells) {
      if (!known.has(model)) {
        cell.dispose();
        this._cells.delete(model);
      }
    }
  }

  private _watchCell(model: ICodeCellModel): void {
    if (this._cells.has(model)) {
      return;
    }
    const widget = (): CodeCell | null =>
      (this._panel.content.widgets.find(each => each.model === model) as CodeCell) ?? null;
    const cell = new RestoredCell(model, widget);
    cell.hideHeadings();
    cell.cleared.connect((_, turnIds) => this._cleared.add(turnIds));
    cell.changed.connect(() => {
      this._side.update(cell);
      if (cell.isOurs && cell.outputs.some(each => each && !each.final)) {
        this._onRuns(cell.id);
      }
      if (this._panel.context.model.collaborative) {
        queueMicrotask(() => cell.isDisposed || cell.dropDoubles());
      }
    });
    this._cells.set(model, cell);
  }

  private _cell(cellId: string | null): RestoredCell | null {
    return [...this._cells.values()].find(cell => cell.id === cellId) ?? null;
  }

  /** When the document was saved for the last time; nothing that ran later is in it. */
  private get _savedAt(): number {
    return Date.parse(this._panel.context.contentsModel?.last_modified ?? '');
  }

  // What the record says

  private _onConnected(): void {
    if (this._codex.feed.isConnected && this._panel.context.isReady) {
      void this._look();
    }
  }

  private _onTurn(_: Feed, change: ITurnChange): void {
    const { turn } = change;
    const cell = turn.path === this.path ? this._cell(turn.cell_id) : null;
    if (!cell) {
      return;
    }
    if (cell.isOurs) {
      this._lookLater(turn.turn_id, turn.state);
    } else if (turn.state !== change.before) {
      void this._consider(turn.turn_id);
    }
  }

  /** What this page runs itself comes from the kernel, unless that is no longer heard. */
  private _lookLater(turnId: string, state: string): void {
    if (isFinal(state)) {
      this._after(KERNEL_MS, () => void this._consider(turnId));
    }
  }

  private _after(milliseconds: number, call: () => void): void {
    const timer = window.setTimeout(() => {
      this._timers.delete(timer);
      call();
    }, milliseconds);
    this._timers.add(timer);
  }

  /** Everything that the document may be missing. */
  private async _look(): Promise<void> {
    const missing = [...this._cells.values()].flatMap(cell =>
      cell.outputs.flatMap(each => (each && !each.final ? [each.turnId] : []))
    );
    try {
      const rows = await this._sinceSaved();
      const known = new Set(rows.map(row => row.turn_id));
      const others = missing.filter(turnId => !known.has(turnId));
      if (others.length > 0) {
        rows.push(...(await this._codex.api.turns({ ids: others, limit: PAGE })).turns);
      }
      this._decide(await this._settled(rows));
    } catch (problem) {
      this._forgive(problem);
    }
  }

  private async _sinceSaved(): Promise<ITurnRow[]> {
    const found: ITurnRow[] = [];
    const saved = this._savedAt;
    let before: string | undefined;
    for (;;) {
      const page = await this._codex.api.turns({ notebook: this.path, limit: PAGE, before });
      const recent = page.turns.filter(row => began(row) > saved || !isFinal(row.state));
      found.push(...recent);
      before = page.next ?? undefined;
      if (before === undefined || recent.length === 0) {
        return found;
      }
    }
  }

  private async _consider(turnId: string): Promise<void> {
    try {
      const { turns } = await this._codex.api.turns({ ids: [turnId] });
      this._decide(await this._settled(turns));
    } catch (problem) {
      this._forgive(problem);
    }
  }

  /**
   * In a shared document two pages that write the same at once double it. So the page that runs the
   * cell has its time, then each other page; a turn that has come further meanwhile is left to the
   * feed, which tells of it.
   */
  private async _settled(rows: ITurnRow[]): Promise<ITurnRow[]> {
    const { collaborative, sharedModel } = this._panel.context.model;
    const { awareness } = sharedModel;
    const pages = [...awareness.getStates().keys()];
    // A page that has just opened is told of the others by the server before it hears of them.
    const isAlone = pages.length <= 1 && (!collaborative || (await this._isAlone()));
    if (rows.length === 0 || isAlone) {
      return rows;
    }
    const place = pages.filter(page => page <= awareness.clientID).length;
    await new Promise<void>(resolve => this._after(place * SHARED_MS, resolve));
    const ids = rows.map(row => row.turn_id);
    const { turns } = await this._codex.api.turns({ ids, limit: PAGE });
    const states = new Map(turns.map(row => [row.turn_id, row.state]));
    return rows.filter(row => row.state === states.get(row.turn_id));
  }

  /** No answer now: the next connection looks again. */
  private _forgive(problem: unknown): void {
    if (!(problem instanceof Problem)) {
      throw problem;
    }
  }

  // What becomes of it

  private _decide(rows: readonly ITurnRow[]): void {
    const byCell = new Map<string, ITurnRow[]>();
    for (const row of rows) {
      if (row.cell_id !== null && row.path === this.path) {
        byCell.set(row.cell_id, [...(byCell.get(row.cell_id) ?? []), row]);
      }
    }
    for (const [cellId, ofCell] of byCell) {
      const cell = this._cell(cellId);
      for (const row of cell && !this._isDisposed ? lastRun(ofCell) : []) {
        void this._enqueue(cellId, () => this._restore(cell!, row));
      }
    }
  }

  /** One after the other, so that a cell is filled once. */
  private _enqueue(cellId: string, work: () => Promise<void>): Promise<void> {
    const before = this._filling.get(cellId) ?? Promise.resolve();
    const next = before.then(work).catch(problem => this._forgive(problem));
    this._filling.set(cellId, next);
    return next;
  }

  private async _restore(cell: RestoredCell, row: ITurnRow): Promise<void> {
    const isLive = !isFinal(row.state);
    if (cell.isOurs && isLive) {
      return;
    }
    const intent = this._intent(cell, row);
    if (intent === 'say') {
      this._side.say(cell, row);
    } else if (intent === 'leave') {
      this._showState(cell, row);
    } else if (row.state === 'queued') {
      this._setRunning(cell);
    } else {
      await this._fill(cell, row);
    }
  }

  private _intent(cell: RestoredCell, row: ITurnRow): 'leave' | 'insert' | 'say' | 'replace' {
    const wasCleared = this._cleared.has(row.turn_id);
    return intentOf(cell, row, this._savedAt, wasCleared).kind;
  }

  private async _fill(cell: RestoredCell, row: ITurnRow): Promise<void> {
    const isShown = cell.outputs.some(each => each?.turnId === row.turn_id);
    if (isShown && !isFinal(row.state)) {
      this._setRunning(cell);
      return;
    }
    const bundle = await this._codex.api.bundle(row.turn_id);
    // Meanwhile another page of a shared document, the kernel or the user may have acted.
    const intent = cell.isDisposed ? 'leave' : this._intent(cell, row);
    if (intent === 'replace' || intent === 'insert') {
      await this._change(() => {
        if (intent === 'insert' && cell.outputs.some(each => isOlder(each, row))) {
          cell.clear();
        }
        cell.put(bundle);
        cell.setState(!bundle.final, bundle.execution_count);
      });
    }
  }

  /** That a cell runs is nothing to save. */
  private _setRunning(cell: RestoredCell): void {
    if (cell.model.executionState !== 'running') {
      const { model } = this._panel.context;
      const wasDirty = model.dirty;
      cell.setState(true, null);
      model.dirty = wasDirty;
    }
  }

  /** The prompt of a cell whose output needs nothing. */
  private _showState(cell: RestoredCell, row: ITurnRow): void {
    const isShown = cell.outputs.some(each => each?.turnId === row.turn_id);
    if (isShown && !cell.isOurs && cell.model.executionState === 'running' && isFinal(row.state)) {
      void this._change(() => cell.setState(false, row.execution_count));
    }
  }

  /**
   * Change the document. It is to be saved then, by this page, unless another one shows it: both
   * of them would end in a conflict, and the one that ran the cell will save it.
   */
  private async _change(change: () => void): Promise<void> {
    const { model } = this._panel.context;
    const isAlone = model.dirty || model.collaborative || (await this._isAlone());
    if (this._isDisposed) {
      return;
    }
    const wasDirty = model.dirty;
    change();
    if (!isAlone) {
      model.dirty = wasDirty;
    }
  }

  private async _isAlone(): Promise<boolean> {
    return (await this._codex.api.notebook(this.path)).pages <= 1;
  }
}

function began(row: ITurnRow): number {
  return Date.parse(row.started_at ?? row.queued_at ?? '');
}

function isOlder(shown: { turnId: string } | null, row: ITurnRow): boolean {
  return shown !== null && shown.turnId < row.turn_id;
}

/** The turns of the last run of a cell, in their order: more than one where a command is one. */
function lastRun(rows: readonly ITurnRow[]): ITurnRow[] {
  const sorted = [...rows].sort((one, other) => (one.turn_id < other.turn_id ? -1 : 1));
  const last = sorted[sorted.length - 1];
  const count = last.execution_count;
  return sorted.filter(
    row => row === last || (count !== null && row.execution_count === count && isSameRun(row, last))
  );
}

function isSameRun(row: ITurnRow, last: ITurnRow): boolean {
  return row.session_id === last.session_id;
}
