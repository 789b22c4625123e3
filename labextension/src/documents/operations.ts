/**
 * What an agent may do to an open notebook, on the document that the user sees: each change is
 * seen at once, is one step of undo, and names in the cell's metadata who made it.
 *
 * Asks nobody: whoever sent an operation has asked. Refuses what the user has changed meanwhile.
 */

import type { Cell, CodeCell } from '@jupyterlab/cells';
import type { CellType } from '@jupyterlab/nbformat';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

import type { IBounds, IOpenOperation, Operation } from '../api';
import type { Json } from '../contracts';
import { shownCell, type CellState } from './shown';

type Result = { [field: string]: Json };
type Verb<V extends Operation['verb']> = Extract<Operation, { verb: V }>;

/** How long a cell stands out that an agent has written. */
const HIGHLIGHT_MS = 3_000;
const WRITTEN = 'jp-CodexWritten';

/** Why an operation is not done, as a sentence, and what to do about it. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly nextStep = 'Read the notebook again.'
  ) {
    super(message);
  }
}

/** One operation on the notebook of a panel. */
export class NotebookOperation {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _asked: IOpenOperation
  ) {}

  /** Do it; throws `Refused`. */
  async perform(): Promise<Result> {
    const { operation } = this._asked;
    switch (operation.verb) {
      case 'read':
        return this._read(operation);
      case 'insert':
        return this._insert(operation);
      case 'replace':
        return this._replace(operation);
      case 'delete':
        return this._delete(operation);
      case 'run':
        return this._run(operation);
      default:
        throw new Refused('This page does not know how to do that.', 'Reload the page.');
    }
  }

  private _read(operation: Verb<'read'>): Result {
    const { widgets, activeCell } = this._panel.content;
    const { first, count } = operation;
    const range = widgets.map((_, index) => index).slice(first, first + count);
    const chosen = operation.cells?.map(cellId => this._find(cellId)) ?? range;
    const kernel = this._panel.sessionContext.session?.kernel?.name ?? null;
    const language = this._panel.model?.defaultKernelLanguage || null;
    return {
      cells: chosen.map(index => this._shown(index, operation)),
      total: widgets.length,
      kernel: kernel ?? (this._panel.model?.defaultKernelName || null),
      language,
      active_cell: activeCell?.model.sharedModel.getId() ?? null
    };
  }

  private _insert(operation: Verb<'insert'>): Result {
    this._mayWrite();
    const end = operation.place === 'after' ? this._panel.content.widgets.length : 0;
    const at = operation.anchor === null ? null : this._find(operation.anchor);
    const index = at === null ? end : at + (operation.place === 'after' ? 1 : 0);
    const code = operation.kind === 'code' ? { metadata: { trusted: true } } : { metadata: {} };
    this._inOneStep(() =>
      this._shared.insertCell(index, {
        cell_type: operation.kind,
        source: operation.source,
        metadata: { ...code.metadata, codex: this._mark }
      })
    );
    const cell = this._panel.content.widgets[index];
    this._highlight(cell);
    return { cell_id: cell.model.sharedModel.getId(), index };
  }

  private _replace(operation: Verb<'replace'>): Result {
    this._mayWrite();
    const index = this._findUnchanged(operation.cell_id, operation.was);
    const cell = this._panel.content.widgets[index];
    this._mayChange(cell, 'editable');
    const kind = operation.kind ?? cell.model.type;
    if (kind === cell.model.type) {
      this._write(cell, operation.source);
    } else {
      this._exchange(index, cell, kind, operation.source);
    }
    this._highlight(this._panel.content.widgets[index]);
    return { cell_id: operation.cell_id, index };
  }

  private _write(cell: Cell, source: string): void {
    const shared = cell.model.sharedModel as typeof cell.model.sharedModel & IUndoing;
    shared.undoManager?.stopCapturing();
    // With the text itself undo takes back the mark, too.
    shared.transact(() => {
      shared.setSource(source);
      shared.setMetadata('codex', this._mark);
    });
    shared.undoManager?.stopCapturing();
  }

  private _exchange(index: number, cell: Cell, kind: CellType, source: string): void {
    const { metadata } = cell.model.toJSON();
    const id = cell.model.sharedModel.getId();
    this._inOneStep(() => {
      this._shared.deleteCell(index);
      this._shared.insertCell(index, {
        cell_type: kind,
        id,
        source,
        metadata: { ...metadata, codex: this._mark }
      });
    });
  }

  private _delete(operation: Verb<'delete'>): Result {
    this._mayWrite();
    const index = this._findUnchanged(operation.cell_id, operation.was);
    this._mayChange(this._panel.content.widgets[index], 'deletable');
    this._inOneStep(() => this._shared.deleteCell(index));
    return { cell_id: operation.cell_id };
  }

  private async _run(operation: Verb<'run'>): Promise<Result> {
    const { content, sessionContext } = this._panel;
    const index = this._findUnchanged(operation.cell_id, operation.was);
    const cell = content.widgets[index];
    if (!sessionContext.session?.kernel) {
      throw new Refused('The notebook has no kernel.', 'Ask the user to start one.');
    }
    this._highlight(cell);
    const running = NotebookActions.runCells(content, [cell], sessionContext);
    if (!operation.wait) {
      return { cell: this._shown(index, operation), state: 'queued' };
    }
    const inTime = await Promise.race([running.then(() => true), after(operation.seconds)]);
    const at = this._find(operation.cell_id);
    const state = inTime ? (hasFailed(cell) ? 'error' : 'completed') : 'running';
    return { cell: this._shown(at, operation), state };
  }

  private get _shared(): NonNullable<NotebookPanel['model']>['sharedModel'] {
    const { model } = this._panel;
    if (!model) {
      throw new Refused('The notebook is being closed.');
    }
    return model.sharedModel;
  }

  private get _mark(): { written_by: string; turn_id: string | null } {
    return { written_by: this._asked.by, turn_id: this._asked.turn_id };
  }

  /** What the user typed before and what they type after it are steps of their own. */
  private _inOneStep(change: () => void): void {
    const { undoManager } = this._shared as unknown as IUndoing;
    undoManager?.stopCapturing();
    this._shared.transact(change);
    undoManager?.stopCapturing();
  }

  private _mayWrite(): void {
    if (this._panel.context.model.readOnly || this._panel.content.model?.readOnly) {
      throw new Refused('The notebook is read-only.', 'Ask the user for a copy to write to.');
    }
  }

  private _mayChange(cell: Cell, right: 'editable' | 'deletable'): void {
    if (cell.model.getMetadata(right) === false) {
      throw new Refused(`The cell is marked as not ${right}.`, 'Leave it as it is.');
    }
  }

  private _find(cellId: string): number {
    const index = this._panel.content.widgets.findIndex(
      cell => cell.model.sharedModel.getId() === cellId
    );
    if (index < 0) {
      throw new Refused(`The notebook has no cell ${cellId}.`);
    }
    return index;
  }

  private _findUnchanged(cellId: string, was: string): number {
    const index = this._find(cellId);
    if (this._panel.content.widgets[index].model.sharedModel.getSource() !== was) {
      throw new Refused('The user has changed the cell meanwhile.');
    }
    return index;
  }

  private _shown(index: number, bounds: IBounds): Result {
    const { model } = this._panel.content.widgets[index];
    return shownCell(model, index, this._state(index), bounds);
  }

  /** The kernel runs one cell at a time: the first of those that were sent. */
  private _state(index: number): CellState {
    const isSent = (cell: Cell): boolean =>
      cell.model.type === 'code' && (cell as CodeCell).model.executionState === 'running';
    const { widgets } = this._panel.content;
    if (!isSent(widgets[index])) {
      return 'idle';
    }
    return widgets.findIndex(isSent) === index ? 'running' : 'queued';
  }

  private _highlight(cell: Cell): void {
    cell.addClass(WRITTEN);
    window.setTimeout(() => !cell.isDisposed && cell.removeClass(WRITTEN), HIGHLIGHT_MS);
  }
}

/** What ydoc's models have beyond their interfaces. */
interface IUndoing {
  readonly undoManager?: { stopCapturing(): void } | null;
}

function hasFailed(cell: Cell): boolean {
  const { outputs } = (cell as CodeCell).model;
  return Array.from({ length: outputs?.length ?? 0 }, (_, at) => outputs.get(at)).some(
    output => output.type === 'error'
  );
}

function after(seconds: number): Promise<false> {
  return new Promise(resolve => window.setTimeout(() => resolve(false), seconds * 1000));
}
