/**
 * A code cell of an open notebook, as far as restoring goes: which turns its outputs show, how a
 * turn gets into them, and its prompt. Knows no record.
 */

import type { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { ITurnBundle } from '../api';
import { shownIn, type IShown } from './intent';

/** One cell; it lives as long as its model. */
export class RestoredCell implements IDisposable {
  private readonly _cleared = new Signal<this, readonly string[]>(this);
  private readonly _changed = new Signal<this, void>(this);
  private _shown: (IShown | null)[];
  private _isFilling = false;

  constructor(
    readonly model: ICodeCellModel,
    private readonly _widget: () => CodeCell | null
  ) {
    this._shown = this._look();
    model.outputs.changed.connect(this._onOutputs, this);
  }

  get id(): string {
    return this.model.sharedModel.getId();
  }

  get source(): string {
    return this.model.sharedModel.getSource();
  }

  /** The turns that the outputs show; null for an output that is none. */
  get outputs(): readonly (IShown | null)[] {
    return this._shown;
  }

  get widget(): CodeCell | null {
    return this._widget();
  }

  /** Whether this page ran the cell and still hears its kernel. */
  get isOurs(): boolean {
    const future = this.widget?.outputArea?.future;
    return Boolean(future && !future.isDisposed);
  }

  /** The user took these turns out of the cell. */
  get cleared(): ISignal<this, readonly string[]> {
    return this._cleared;
  }

  /** The outputs are others now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  dispose(): void {
    Signal.clearData(this);
  }

  /**
   * Turns have no headings in JupyterLab's table of contents. It would look for them in the HTML of
   * each, which is not what is shown here, and take seconds to open a notebook of many.
   */
  hideHeadings(): void {
    const { widget } = this;
    if (widget) {
      const own = widget.getHeadings.bind(widget);
      widget.getHeadings = async () => (this._shown.some(each => each) ? [] : own());
    }
  }

  /** The prompt of a turn that runs, or has come to its end. */
  setState(isLive: boolean, executionCount: number | null): void {
    this.model.executionState = isLive ? 'running' : 'idle';
    if (!isLive && executionCount !== null) {
      this.model.executionCount = executionCount;
    }
  }

  /** Put a turn into the outputs, in place of its earlier picture or at the end. */
  put(bundle: ITurnBundle): void {
    const output = {
      output_type: 'display_data' as const,
      data: bundle.data as unknown as IMimeBundle,
      metadata: {}
    };
    const at = this._shown.findIndex(each => each?.turnId === bundle.turn_id);
    this._fill(() => {
      if (at >= 0) {
        this.model.outputs.set(at, output);
      } else {
        this.model.outputs.add(output);
      }
    });
  }

  /** Take away what an earlier run has left. */
  clear(): void {
    this._fill(() => this.model.clearExecution());
  }

  /**
   * Two pages of one shared document may both have filled: all of them keep the same one. Not to be
   * called while the document changes: what replaces an output stands beside it for a moment.
   */
  dropDoubles(): void {
    const isBetter = (other: IShown, place: number, each: IShown, at: number): boolean =>
      other.final === each.final ? place < at : other.final;
    const doubles = this._shown.flatMap((each, at) =>
      this._shown.some(
        (other, place) => each && other?.turnId === each.turnId && isBetter(other, place, each, at)
      )
        ? [at]
        : []
    );
    for (const at of doubles.reverse()) {
      this.model.sharedModel.updateOutputs(at, at + 1, []);
    }
  }

  private _fill(change: () => void): void {
    this._isFilling = true;
    try {
      change();
    } finally {
      this._isFilling = false;
    }
  }

  private _onOutputs(): void {
    const before = this._shown;
    this._shown = this._look();
    if (this._shown.length === 0 && before.length > 0 && !this._isFilling) {
      // An execution clears, too, and says in the same task that the cell runs.
      queueMicrotask(() => this._tellCleared(before));
    }
    this._changed.emit();
  }

  private _tellCleared(before: readonly (IShown | null)[]): void {
    if (!this.isDisposed && this._shown.length === 0 && this.model.executionState !== 'running') {
      this._cleared.emit(before.flatMap(each => (each ? [each.turnId] : [])));
    }
  }

  private _look(): (IShown | null)[] {
    const { outputs } = this.model;
    return Array.from({ length: outputs.length }, (_, at) => shownIn(outputs.get(at).data));
  }
}
