/** The plugin that fills the cells of open notebooks from the record. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';

import { ICodex } from '../tokens';
import { Anchor } from './anchor';
import { Cleared } from './cleared';
import { RestoredNotebook } from './notebook';

export const restore: JupyterFrontEndPlugin<void> = {
  id: 'codex-kernel-labextension:restore',
  description: 'Cells show their turns of Codex after a reload, in every tab.',
  autoStart: true,
  requires: [ICodex, INotebookTracker],
  optional: [IDocumentManager],
  activate: (
    _: JupyterFrontEnd,
    codex: ICodex,
    tracker: INotebookTracker,
    documents: IDocumentManager | null
  ): void => {
    if (!codex.isAvailable) {
      return;
    }
    const cleared = new Cleared();
    tracker.widgetAdded.connect((_, panel) => {
      const anchor = documents ? new Anchor(panel, documents) : null;
      new RestoredNotebook(panel, codex, cleared, cellId => void anchor?.secure(cellId));
    });
  }
};
