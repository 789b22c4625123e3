/** Cells of open notebooks: which one holds an output, and a new one that runs a prompt. */

import type { ICodeCellModel } from '@jupyterlab/cells';
import { NotebookActions, type INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { isOfCodex } from './kernel';
import type { IPlace } from './tokens';

/** Where an output stands: in which cell of which open notebook. */
export function placeOf(
  tracker: INotebookTracker | null,
  path: string | null,
  output: IRenderMime.IMimeModel
): IPlace {
  for (const panel of panelsOf(tracker, path)) {
    for (const { model } of panel.content.widgets) {
      if (model.type === 'code' && holds(model as ICodeCellModel, output)) {
        return { path, cellId: model.sharedModel.getId() };
      }
    }
  }
  return { path, cellId: null };
}

/** Insert a cell with this prompt below a cell and run it; false: the notebook is not open. */
export function runPrompt(
  tracker: INotebookTracker | null,
  place: IPlace,
  prompt: string
): boolean {
  const [panel] = panelsOf(tracker, place.path);
  if (!panel?.model || panel.context.model.readOnly) {
    return false;
  }
  const notebook = panel.content;
  const at = notebook.widgets.findIndex(cell => cell.model.sharedModel.getId() === place.cellId);
  const index = at < 0 ? notebook.widgets.length : at + 1;
  panel.model.sharedModel.insertCell(index, {
    cell_type: 'code',
    source: isOfCodex(panel) ? prompt : `%%codex\n${prompt}`,
    // What a user typed into our box is as much theirs as what they type into a cell.
    metadata: { trusted: true }
  });
  void NotebookActions.runCells(notebook, [notebook.widgets[index]], panel.sessionContext);
  return true;
}

function panelsOf(tracker: INotebookTracker | null, path: string | null): NotebookPanel[] {
  const found: NotebookPanel[] = [];
  tracker?.forEach(panel => {
    if (panel.context.path === path) {
      found.push(panel);
    }
  });
  return found;
}

function holds(cell: ICodeCellModel, output: IRenderMime.IMimeModel): boolean {
  for (let at = 0; at < cell.outputs.length; at++) {
    if ((cell.outputs.get(at) as unknown) === output) {
      return true;
    }
  }
  return false;
}
