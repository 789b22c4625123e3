/** Takes up what is asked of the notebooks that this page shows, and answers in any case. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { IPageOutcome } from '../api';
import type { Feed, IOperationCall } from '../feed';
import { localPath } from '../paths';
import type { ICodex } from '../tokens';
import { NotebookOperation, Refused } from './operations';

/** Serve for as long as the page lives. */
export function serveOperations(codex: ICodex, tracker: INotebookTracker): void {
  codex.feed.operationAsked.connect((_: Feed, call: IOperationCall) => {
    const panel = panelOf(tracker, call.path);
    if (panel) {
      void serve(codex, panel, call.operation_id);
    }
  });
}

async function serve(codex: ICodex, panel: NotebookPanel, operationId: string): Promise<void> {
  const asked = await codex.api.claimOperation(operationId);
  if (asked === null) {
    return;
  }
  let outcome: IPageOutcome;
  try {
    await panel.context.ready;
    outcome = { result: await new NotebookOperation(panel, asked).perform() };
  } catch (error) {
    outcome = refusal(error);
  }
  await codex.api.answerOperation(operationId, outcome);
}

function refusal(error: unknown): IPageOutcome {
  if (error instanceof Refused) {
    return { error: error.message, next_step: error.nextStep };
  }
  // Whoever asked waits: a fault of ours is an answer, too.
  console.error('codex_kernel: an operation on a notebook failed', error);
  return { error: `The page failed: ${String(error)}`, next_step: 'Reload the page.' };
}

function panelOf(tracker: INotebookTracker, path: string | null): NotebookPanel | null {
  return tracker.find(panel => !panel.isDisposed && localPath(panel.context.path) === path) ?? null;
}
