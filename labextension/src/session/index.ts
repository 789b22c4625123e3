/** The session controls of Codex notebooks: toolbar, dialogs, commands. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { ICodex } from '../tokens';
import { askForCarried } from './asking';
import { addCommands } from './commands';
import { CommandIDs } from './ids';
import { ContextMeter } from './meter';
import { NotebookState } from './notebook';
import { SessionButton, SettingButton } from './toolbar';
import { INotebookStates, type INotebookStates as IStates } from './token';
import { NAMES } from './words';

const ID = 'codex-kernel-labextension:session';
const FACTORY = 'Notebook';
/** How the items of the toolbar are named in the settings. */
const ITEMS = {
  model: 'codex-model',
  effort: 'codex-effort',
  sandbox: 'codex-sandbox',
  approval_policy: 'codex-approvals'
};

/** One state per notebook panel, made when it is first asked for. */
class NotebookStates implements IStates {
  private readonly _states = new Map<NotebookPanel, NotebookState>();

  constructor(
    private readonly _codex: ICodex,
    private readonly _tracker: INotebookTracker
  ) {}

  of(panel: NotebookPanel): NotebookState {
    let state = this._states.get(panel);
    if (!state) {
      state = new NotebookState(this._codex, panel);
      this._states.set(panel, state);
      panel.disposed.connect(() => {
        this._states.get(panel)?.dispose();
        this._states.delete(panel);
      });
    }
    return state;
  }

  get current(): NotebookState | null {
    const panel = this._tracker.currentWidget;
    const state = panel && !panel.isDisposed ? this.of(panel) : null;
    return state?.isCodex ? state : null;
  }
}

export const session: JupyterFrontEndPlugin<IStates> = {
  id: ID,
  description: 'Session, model, sandbox and approvals of Codex notebooks.',
  autoStart: true,
  provides: INotebookStates,
  requires: [ICodex, INotebookTracker],
  optional: [IToolbarWidgetRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    codex: ICodex,
    tracker: INotebookTracker,
    toolbars: IToolbarWidgetRegistry | null,
    palette: ICommandPalette | null
  ): IStates => {
    const { commands } = app;
    const states = new NotebookStates(codex, tracker);
    addCommands(commands, codex, () => states.current);
    const add = (name: string, make: (state: NotebookState) => Widget): void => {
      toolbars?.addFactory<NotebookPanel>(FACTORY, name, panel => make(states.of(panel)));
    };
    add('codex-session', state => new SessionButton(state, commands));
    for (const name of NAMES) {
      add(ITEMS[name], state => new SettingButton(state, commands, name));
    }
    add('codex-context', state => new ContextMeter(state));
    const { newSession, resume, fork, forkFromCell, rename, settings, stop } = CommandIDs;
    for (const command of [newSession, resume, fork, forkFromCell, rename, settings, stop]) {
      palette?.addItem({ command, category: 'Codex' });
    }
    tracker.currentChanged.connect(() => commands.notifyCommandChanged());
    tracker.widgetAdded.connect((_, panel) => askForCarried(states.of(panel)));
    return states;
  }
};
