/** The plugin that makes writing prompts pleasant, in notebooks of the Codex kernel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { ICodex } from '../tokens';
import { PromptImages } from './images';

export const prompt: JupyterFrontEndPlugin<void> = {
  id: 'codex-kernel-labextension:prompt',
  description: 'Images can be pasted and dropped into prompts of Codex.',
  autoStart: true,
  requires: [ICodex, INotebookTracker],
  activate: (app: JupyterFrontEnd, codex: ICodex, tracker: INotebookTracker): void => {
    const { contents } = app.serviceManager;
    const tell = (problem: string): void => {
      Notification.error(codex.trans.__('The image was not saved: %1', problem));
    };
    tracker.widgetAdded.connect((_, panel) => {
      new PromptImages(panel, contents, tell);
    });
  }
};
