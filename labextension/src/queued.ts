/**
 * Turns that wait behind another, drawn below their cells: the kernel shows nothing of a cell
 * before it comes to it. What is drawn here is in no document.
 */

import type { CodeCell } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';

import type { ILiveTurn } from './feed';
import { localPath } from './paths';
import type { ICodex } from './tokens';
import { TurnView } from './view/turn';

/** Keeps a view below each open cell whose turn is queued. */
export class QueuedTurns {
  private readonly _shown = new Map<string, TurnView>();

  constructor(
    private readonly _codex: ICodex,
    private readonly _tracker: INotebookTracker
  ) {
    _codex.feed.turnChanged.connect(this._draw, this);
    _codex.feed.stateChanged.connect(this._draw, this);
    // The feed may know of a notebook's turns before the notebook is open.
    _tracker.widgetAdded.connect((_, panel) => void panel.context.ready.then(() => this._draw()));
  }

  private _draw(): void {
    const turns = [...this._codex.feed.turns.values()].filter(turn => turn.state === 'queued');
    const queued = new Set(turns.map(turn => turn.turn_id));
    for (const [id, view] of this._shown) {
      if (!queued.has(id) || view.isDisposed) {
        this._shown.delete(id);
        view.dispose();
      }
    }
    turns.filter(turn => !this._shown.has(turn.turn_id)).forEach(turn => this._show(turn));
  }

  private _show({ turn_id, path, cell_id }: ILiveTurn): void {
    const cell = this._cell(path, cell_id);
    // A turn whose output is there already is drawn by it.
    if (!cell || cell.model.outputs.length > 0) {
      return;
    }
    const source = this._codex.source(turn_id);
    const view = new TurnView(source, this._codex.host({ path, cellId: cell_id }));
    // Whoever clears the output disposes the view.
    view.disposed.connect(() => source.dispose());
    // Its output has come: the two are never seen together.
    const { outputs } = cell.model;
    const leave = (): void => void (outputs.length > 0 && view.dispose());
    outputs.changed.connect(leave);
    view.disposed.connect(() => outputs.changed.disconnect(leave));
    this._shown.set(turn_id, view);
    // A cell out of sight has no output area yet.
    void cell.ready.then(() => {
      if (!view.isDisposed && !cell.isDisposed) {
        cell.outputArea.layout.addWidget(view);
      }
    });
  }

  private _cell(path: string | null, cellId: string | null): CodeCell | null {
    const panel = this._tracker.find(each => localPath(each.context.path) === path);
    const cell = panel?.content.widgets.find(each => each.model.sharedModel.getId() === cellId);
    return cell?.model.type === 'code' ? (cell as CodeCell) : null;
  }
}
