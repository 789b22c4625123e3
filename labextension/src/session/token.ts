/** What other parts of the extension get from the session controls. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';

import type { NotebookState } from './notebook';

/** What the open notebooks ask of Codex. */
export interface INotebookStates {
  /** The state of a notebook; it lives as long as the panel. */
  of(panel: NotebookPanel): NotebookState;
  /** The notebook in front, when its cells are prompts. */
  readonly current: NotebookState | null;
}

export const INotebookStates = new Token<INotebookStates>(
  'codex-kernel-labextension:INotebookStates',
  'What the open notebooks ask of Codex.'
);
