/** The plugin for documents that agents change: by their files, and in the page itself. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';

import { ICodex } from '../tokens';
import { ChangedDocuments } from './changes';
import { serveOperations } from './serving';

export const documents: JupyterFrontEndPlugin<void> = {
  id: 'codex-kernel-labextension:documents',
  description: 'Open documents follow what Codex writes, and Codex may work on open notebooks.',
  autoStart: true,
  requires: [ICodex],
  optional: [IDocumentManager, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    codex: ICodex,
    manager: IDocumentManager | null,
    tracker: INotebookTracker | null
  ): void => {
    if (manager && codex.isAvailable) {
      new ChangedDocuments(codex, app.shell, manager);
    }
    if (tracker && codex.isAvailable) {
      serveOperations(codex, tracker);
    }
  }
};
