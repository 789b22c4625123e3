/** What the parts of the side panel are given: what is shown, and what JupyterLab does for them. */

import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';

import type { ISession } from '../api';
import type { IOutcome } from '../contracts';
import type { NotebookState } from '../session/notebook';
import type { ICodex } from '../tokens';
import type { Overview } from './overview';

export interface IPanel {
  readonly codex: ICodex;
  readonly overview: Overview;
  readonly commands: CommandRegistry;
  /** The Codex notebook in front, which sessions are resumed in. */
  readonly current: () => NotebookState | null;
  /** Open a notebook and bring a cell of it into sight. */
  goTo(path: string | null, cellId: string | null): Promise<void>;
  /** Say it when something was not done; whether it was. */
  told(doing: Promise<IOutcome>): Promise<boolean>;
  /** Show what was done in a session. */
  showAudit(session: ISession): void;
}

/** Open a notebook and make a cell of it the active one. */
export async function goTo(
  documents: IDocumentManager | null,
  path: string | null,
  cellId: string | null
): Promise<void> {
  const widget = path === null ? undefined : documents?.openOrReveal(path);
  if (!widget) {
    return;
  }
  await widget.revealed;
  const { content } = widget as NotebookPanel;
  const at = content.widgets?.findIndex(cell => cell.model.sharedModel.getId() === cellId) ?? -1;
  if (at >= 0) {
    content.activeCellIndex = at;
    await content.scrollToItem(at, 'smart');
  }
}
