/** Which notebooks are Codex's. */

import type { NotebookPanel } from '@jupyterlab/notebook';

const LANGUAGE = 'codex';

/** Whether the notebook's cells are prompts: its kernel may have any name. */
export function isOfCodex(panel: NotebookPanel): boolean {
  const { session, specsManager } = panel.sessionContext;
  const name = session?.kernel?.name;
  const specs = specsManager.specs?.kernelspecs;
  if (name && specs?.[name]) {
    return specs[name].language === LANGUAGE;
  }
  const spec = panel.model?.getMetadata('kernelspec');
  return spec?.language === LANGUAGE || spec?.name === LANGUAGE;
}
