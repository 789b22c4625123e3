/**
 * Which source an output of a turn is shown from.
 *
 * A final bundle is shown as it is and asks nobody. One that is not final asks the record: a turn
 * that the record has for this notebook and cell is followed; of any other the bundle is all that
 * is known, whatever it claims. So a bundle can name somebody else's turn and gets nothing by it.
 */

import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IPicture } from './contracts';
import type { ILiveTurn } from './feed';
import type { LabHost } from './host';
import { localPath, rootOf } from './paths';
import { LogSource, SavedSource } from './sources';
import type { ICodex, IPlace } from './tokens';

/** The kernel's final bundle comes when the record has the end of the turn; else it has none. */
const RECORD_MS = 3_000;

/** One output of one turn. */
export class TurnOutput implements IDisposable {
  private readonly _sourceChanged = new Signal<this, SavedSource | LogSource>(this);
  private _source: SavedSource | LogSource;
  private _isAsking = false;
  private _isWatched = true;
  private _timer = 0;

  constructor(
    private _bundle: IPicture,
    private readonly _codex: ICodex,
    private readonly _host: LabHost,
    private readonly _place: () => IPlace
  ) {
    this._host.isOwn = false;
    this._source = this._saved();
    const row = this._turnId === null ? null : this._codex.rows.live(this._turnId);
    if (row && !this._bundle.final && this._isOwn(row)) {
      this._source = this._followed(row);
    } else {
      this._ask();
    }
    this._codex.feed.connectedChanged.connect(this._ask, this);
  }

  get turnId(): string | null {
    return this._turnId;
  }

  get source(): SavedSource | LogSource {
    return this._source;
  }

  /** The turn is shown from another source now; the one before is disposed. */
  get sourceChanged(): ISignal<this, SavedSource | LogSource> {
    return this._sourceChanged;
  }

  get isDisposed(): boolean {
    return this._source.isDisposed;
  }

  /** The document has another bundle of this turn. */
  update(bundle: IPicture): void {
    this._bundle = bundle;
    if (this._source instanceof SavedSource) {
      this._source.update(bundle);
      if (bundle.final) {
        this._source.setFreshness('saved');
      }
      this._ask();
    } else if (bundle.final && !this._timer) {
      this._timer = window.setTimeout(() => this._leaveRecord(), RECORD_MS);
    }
  }

  /** Whether somebody can see the output: else nothing is followed for it. */
  watch(isWatched: boolean): void {
    this._isWatched = isWatched;
    if (this._source instanceof LogSource) {
      if (isWatched) {
        this._source.resume();
      } else {
        this._source.suspend();
      }
    }
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._codex.feed.connectedChanged.disconnect(this._ask, this);
    this._source.dispose();
    Signal.clearData(this);
  }

  private get _turnId(): string | null {
    return this._bundle.turn_id;
  }

  private _saved(): SavedSource {
    const { isAvailable, api } = this._codex;
    const isAsked = isAvailable && !this._bundle.final;
    return new SavedSource(
      this._bundle,
      isAsked ? 'connecting' : 'saved',
      isAvailable ? api : null
    );
  }

  private _followed(row: ILiveTurn): LogSource {
    this._host.isOwn = true;
    const source = this._codex.source(row.turn_id, this._bundle);
    this._host.ran = { root: rootOf(row.notebook, row.path) };
    source.changed.connect(() => {
      const { cwd } = source.transcript.settings;
      this._host.ran.cwd = typeof cwd === 'string' ? cwd : null;
    });
    if (!this._isWatched) {
      source.suspend();
    }
    return source;
  }

  /** Whether the record has the turn for the notebook and the cell that show it. */
  private _isOwn(row: ILiveTurn): boolean {
    const { path, cellId } = this._place();
    const isKnown = path !== null && cellId !== null;
    return isKnown && row.cell_id === cellId && row.path === localPath(path);
  }

  /** Ask the record for a turn that ran when the bundle was made. */
  private _ask(): void {
    const isOpen = !this._bundle.final && this._source instanceof SavedSource;
    if (isOpen && this._turnId !== null && this._codex.isAvailable && !this._isAsking) {
      this._isAsking = true;
      void this._answer(this._turnId).finally(() => (this._isAsking = false));
    }
  }

  private async _answer(turnId: string): Promise<void> {
    let row: ILiveTurn | null;
    try {
      row = await this._codex.rows.get(turnId);
    } catch {
      // No answer now: asked again when the feed is back.
      return;
    }
    const source = this._source;
    if (source.isDisposed || !(source instanceof SavedSource) || this._bundle.final) {
      return;
    }
    if (row && this._isOwn(row)) {
      this._show(this._followed(row));
    } else {
      source.setFreshness('unknown');
    }
  }

  /** The turn is over and the record does not say so: it was not recorded to its end. */
  private _leaveRecord(): void {
    if (this._source instanceof LogSource && this._source.freshness !== 'ended') {
      this._host.isOwn = false;
      this._show(this._saved());
    }
  }

  private _show(source: SavedSource | LogSource): void {
    const before = this._source;
    this._source = source;
    this._sourceChanged.emit(source);
    before.dispose();
  }
}
