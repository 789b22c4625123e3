/**
 * Sees to it that a cell in which a turn runs is on disk: a reload would lose the cell, and with
 * it the place of the turn. Saves once for such a cell, where documents are saved by themselves;
 * a cell that is on disk is left to the user and to JupyterLab.
 */

import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** The cells of one notebook's file, as far as known. */
export class Anchor {
  private _onDisk: Set<string> | null = null;
  /** Cells that were looked after; their turns show themselves again and again. */
  private readonly _secured = new Set<string>();

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _documents: IDocumentManager
  ) {
    _panel.context.saveState.connect((_, state) => {
      if (state === 'completed') {
        this._onDisk = new Set(this._ids());
      }
    });
  }

  /** A turn of this page shows itself in the cell. */
  async secure(cellId: string): Promise<void> {
    const { context } = this._panel;
    const { collaborative, readOnly } = context.model;
    if (this._secured.has(cellId) || !this._documents.autosave || collaborative || readOnly) {
      return;
    }
    this._secured.add(cellId);
    this._onDisk ??= await this._read();
    if (!this._onDisk.has(cellId) && !this._panel.isDisposed) {
      await context.save();
    }
  }

  private _ids(): string[] {
    return [...(this._panel.content.model?.cells ?? [])].map(cell => cell.sharedModel.getId());
  }

  private async _read(): Promise<Set<string>> {
    const { contents } = this._documents.services;
    try {
      const file = await contents.get(this._panel.context.path, {
        type: 'notebook',
        content: true
      });
      const cells: { id?: string }[] = file.content?.cells ?? [];
      return new Set(cells.flatMap(cell => (cell.id ? [cell.id] : [])));
    } catch {
      // It cannot be read now; saving would not fare better.
      return new Set(this._ids());
    }
  }
}
