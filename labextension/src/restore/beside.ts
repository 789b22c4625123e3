/**
 * What stands in a cell's output area and is not part of the document: it is never saved.
 *
 * JupyterLab does the same with the boxes in which a kernel asks for a line: they come behind the
 * outputs, and go with them.
 */

import type { CodeCell } from '@jupyterlab/cells';
import type { IDisposable } from '@lumino/disposable';
import { PanelLayout, Widget } from '@lumino/widgets';

/** A widget behind the outputs of a cell. */
export class Beside implements IDisposable {
  private _isDisposed = false;
  private _frame: Widget | null = null;

  constructor(
    private readonly _cell: CodeCell,
    private readonly _content: Widget
  ) {
    // A cell out of sight has no output area yet.
    void this._cell.ready.then(() => this._put());
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._content.dispose();
    this._frame?.dispose();
    this._tellLength();
  }

  private _put(): void {
    if (this._isDisposed || this._cell.isDisposed) {
      return;
    }
    // As the other outputs are framed: the prompt column, then what is shown.
    const frame = new Widget();
    frame.addClass('jp-OutputArea-child');
    const column = new Widget();
    column.addClass('jp-OutputPrompt');
    column.addClass('jp-OutputArea-prompt');
    this._content.addClass('jp-OutputArea-output');
    this._content.addClass('jp-CodexBeside');
    const layout = new PanelLayout();
    frame.layout = layout;
    layout.addWidget(column);
    layout.addWidget(this._content);
    frame.disposed.connect(() => this.dispose());
    this._frame = frame;
    this._cell.outputArea.layout.addWidget(frame);
    this._tellLength();
  }

  private _tellLength(): void {
    if (!this._cell.isDisposed && this._cell.outputArea) {
      const { outputArea } = this._cell;
      outputArea.outputLengthChanged.emit(outputArea.layout.widgets.length);
    }
  }
}
