/** The side panel of Codex, with its commands. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';

import { CommandIDs } from '../session/ids';
import { tell } from '../session/telling';
import { INotebookStates } from '../session/token';
import { ICodex } from '../tokens';
import { auditTab } from './audit';
import { Overview } from './overview';
import { goTo, type IPanel } from './tools';
import { CodexPanel, PANEL_ID } from './widget';

const RANK = 350;

export const panel: JupyterFrontEndPlugin<void> = {
  id: 'codex-kernel-labextension:panel',
  description: 'Questions, running turns, sessions and the account of Codex beside the notebooks.',
  autoStart: true,
  requires: [ICodex],
  optional: [INotebookStates, IDocumentManager, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    codex: ICodex,
    states: INotebookStates | null,
    documents: IDocumentManager | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, shell } = app;
    const { trans } = codex;
    const overview = new Overview(codex);
    const showAudit: IPanel['showAudit'] = session => {
      const tab = auditTab(codex, session);
      const before = [...shell.widgets('main')].find(each => each.id === tab.id);
      before?.dispose();
      shell.add(tab, 'main');
      shell.activateById(tab.id);
    };
    const widget = new CodexPanel({
      codex,
      overview,
      commands,
      current: () => states?.current ?? null,
      goTo: (path, cellId) => goTo(documents, path, cellId),
      told: async doing => tell(await doing),
      showAudit
    });
    shell.add(widget, 'left', { rank: RANK, type: 'Codex' });
    restorer?.add(widget, PANEL_ID);
    shell.currentChanged?.connect(() => widget.update());

    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show the Codex Panel'),
      execute: () => shell.activateById(PANEL_ID)
    });
    commands.addCommand(CommandIDs.nextQuestion, {
      label: trans.__('Go to the Next Question of Codex'),
      isEnabled: () => overview.questions.length > 0,
      execute: () => {
        shell.activateById(PANEL_ID);
        widget.focusQuestion();
      }
    });
    overview.changed.connect(() => commands.notifyCommandChanged(CommandIDs.nextQuestion));
    for (const command of [CommandIDs.showPanel, CommandIDs.nextQuestion]) {
      palette?.addItem({ command, category: trans.__('Codex') });
    }
  }
};
