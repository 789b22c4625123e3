/** The core plugin: the record of this page's server, and turns drawn in outputs. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

import { markFiles, markTitle, Notifier } from './activity';
import { Api } from './api';
import { runPrompt } from './cells';
import type { IHost, IPicture } from './contracts';
import { Feed } from './feed';
import { LabHost, type ILab } from './host';
import { tellPresence } from './presence';
import { QueuedTurns } from './queued';
import { turnRendererFactory } from './renderer';
import { Rows } from './rows';
import { Settings } from './settings';
import { Sources, type LogSource } from './sources';
import { ICodex, type IPlace } from './tokens';

const ID = 'codex-kernel-labextension:plugin';

class Codex implements ICodex {
  readonly api: Api;
  readonly feed: Feed;
  readonly rows: Rows;
  readonly settings = new Settings();
  private readonly _sources: Sources;

  constructor(
    app: JupyterFrontEnd,
    readonly trans: TranslationBundle,
    private readonly _lab: ILab,
    private readonly _tracker: INotebookTracker | null
  ) {
    this.api = new Api(app.serviceManager.serverSettings);
    this.feed = new Feed(this.api);
    this.rows = new Rows(this.api, this.feed);
    this._sources = new Sources(this.api, this.rows);
  }

  get isAvailable(): boolean {
    return this.api.isAnnounced;
  }

  source(turnId: string, seed?: IPicture): LogSource {
    return this._sources.open(turnId, seed);
  }

  host(place: IPlace): IHost {
    return new LabHost(this, this._lab, () => place);
  }

  runPrompt(place: IPlace, prompt: string): boolean {
    return runPrompt(this._tracker, place, prompt);
  }
}

export const core: JupyterFrontEndPlugin<ICodex> = {
  id: ID,
  description: 'Turns of Codex in outputs, as they happen.',
  autoStart: true,
  provides: ICodex,
  requires: [IRenderMimeRegistry],
  optional: [
    ITranslator,
    INotebookTracker,
    IDocumentManager,
    IEditorLanguageRegistry,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    tracker: INotebookTracker | null,
    documents: IDocumentManager | null,
    languages: IEditorLanguageRegistry | null,
    registry: ISettingRegistry | null
  ): ICodex => {
    const trans = (translator ?? nullTranslator).load('codex_kernel');
    const lab = { documents, languages };
    const codex = new Codex(app, trans, lab, tracker);
    rendermime.addFactory(turnRendererFactory(codex, lab, tracker));
    if (tracker) {
      tellPresence(codex.feed, tracker);
    }
    if (registry) {
      // Not before JupyterLab has loaded its own: Notebook 7 loses its shortcuts otherwise. Without
      // its schema a server still shows turns: the defaults hold.
      const loaded = app.restored.then(() => codex.settings.load(registry, ID));
      loaded.catch(() => undefined);
    }
    return codex;
  }
};

export const activity: JupyterFrontEndPlugin<void> = {
  id: 'codex-kernel-labextension:activity',
  description: 'Shows outside of cells that turns of Codex run, end or ask.',
  autoStart: true,
  requires: [ICodex],
  optional: [INotebookTracker, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    codex: ICodex,
    tracker: INotebookTracker | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    if (tracker) {
      markTitle(codex.feed, tracker);
      new QueuedTurns(codex, tracker);
      const open = (path: string): unknown => app.commands.execute('docmanager:open', { path });
      new Notifier(codex, tracker, open);
    }
    if (browser) {
      markFiles(codex, browser);
    }
  }
};
