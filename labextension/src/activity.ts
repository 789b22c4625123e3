/**
 * Shows outside of the cells that turns run: in the title of the browser's tab, in the file
 * browser, and, where the user wants it, by a notification when one ends or asks unseen.
 */

import { Notification } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';

import type { Feed, ILiveTurn, IQuestionChange, ITurnChange } from './feed';
import { localPath } from './paths';
import { isFinal } from './state';
import type { ICodex } from './tokens';

const RUNS = '● ';
const ASKS = '? ';
const MARK = /^(● |\? )/;
const RUNNING_CLASS = 'jp-mod-codexRunning';

/** Mark the tab's title while a notebook of this page runs a turn, or waits for an answer. */
export function markTitle(feed: Feed, tracker: INotebookTracker): void {
  const mark = (): void => {
    const open = openPaths(tracker);
    const turns = [...feed.turns.values()].filter(turn => open.has(turn.path ?? ''));
    const asks = turns.some(turn => turn.state === 'waiting');
    const bare = document.title.replace(MARK, '');
    const title = (asks ? ASKS : turns.length ? RUNS : '') + bare;
    if (title !== document.title) {
      document.title = title;
    }
  };
  onTurns(feed, mark);
  tracker.widgetAdded.connect(mark);
  // JupyterLab writes the title anew when another tab of it comes to the front.
  const title = document.querySelector('title');
  if (title) {
    new MutationObserver(mark).observe(title, { childList: true });
  }
}

/** Mark the notebooks in the file browser that run a turn. */
export function markFiles(codex: ICodex, browser: IDefaultFileBrowser): void {
  const mark = (): void => {
    const paths = new Set([...codex.feed.turns.values()].map(turn => turn.path));
    const folder = localPath(browser.model.path) ?? '';
    for (const item of browser.node.querySelectorAll('.jp-DirListing-item')) {
      const name = item.querySelector('.jp-DirListing-itemText')?.textContent ?? '';
      const path = folder ? `${folder}/${name}` : name;
      item.classList.toggle(RUNNING_CLASS, paths.has(path));
    }
  };
  onTurns(codex.feed, mark);
  // Rows are used again for other files, and nothing tells when.
  const options = { childList: true, characterData: true, subtree: true };
  new MutationObserver(mark).observe(browser.node, options);
}

/** Say when a turn of a notebook of this page ends or asks and nobody looks at it. */
export class Notifier {
  constructor(
    private readonly _codex: ICodex,
    private readonly _tracker: INotebookTracker,
    private readonly _open: (path: string) => void
  ) {
    _codex.feed.turnChanged.connect(this._onTurn, this);
    _codex.feed.questionChanged.connect(this._onQuestion, this);
    _codex.settings.changed.connect(this._askForLeave, this);
  }

  private _onTurn(_: Feed, { turn, before }: ITurnChange): void {
    if (before !== null && isFinal(turn.state)) {
      const trans = this._codex.trans;
      const endings: Record<string, string> = {
        completed: trans.__('Codex has finished'),
        interrupted: trans.__('Codex was interrupted'),
        failed: trans.__('Codex has failed')
      };
      this._tell(turn, endings[turn.state] ?? null, turn.state === 'failed');
    }
  }

  private _onQuestion(_: Feed, { question }: IQuestionChange): void {
    if (question) {
      this._tell(question, this._codex.trans.__('Codex asks you something'), true);
    }
  }

  private _tell({ path }: Pick<ILiveTurn, 'path'>, what: string | null, isUrgent: boolean): void {
    const { notify } = this._codex.settings;
    if (!what || !path || notify === 'off' || !this._isUnseen(path)) {
      return;
    }
    const message = `${what}: ${path.split('/').at(-1)}`;
    const show = { label: this._codex.trans.__('Show'), callback: () => this._open(path) };
    Notification.emit(message, isUrgent ? 'warning' : 'info', {
      autoClose: isUrgent ? false : 8_000,
      actions: [show]
    });
    if (notify === 'browser' && document.hidden && window.Notification?.permission === 'granted') {
      const shown = new window.Notification(message, { tag: path });
      shown.onclick = () => {
        window.focus();
        this._open(path);
      };
    }
  }

  /** Open in this page, and not what the user looks at. */
  private _isUnseen(path: string): boolean {
    const current = this._tracker.currentWidget;
    const isSeen = current?.isVisible && localPath(current.context.path) === path;
    return openPaths(this._tracker).has(path) && (document.hidden || !isSeen);
  }

  private _askForLeave(): void {
    const { notify } = this._codex.settings;
    if (notify === 'browser' && window.Notification?.permission === 'default') {
      void window.Notification.requestPermission();
    }
  }
}

function onTurns(feed: Feed, call: () => void): void {
  feed.turnChanged.connect(call);
  feed.stateChanged.connect(call);
}

function openPaths(tracker: INotebookTracker): Set<string> {
  const paths = new Set<string>();
  tracker.forEach(panel => {
    paths.add(localPath(panel.context.path) ?? '');
  });
  return paths;
}
