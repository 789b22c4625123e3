/** The side panel: what waits, what runs, sessions, the account. */

import { ReactWidget } from '@jupyterlab/apputils';
import { addIcon, kernelIcon, refreshIcon, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { CommandIDs } from '../session/ids';
import { Account } from './account';
import { Note, Tool } from './parts';
import { Questions } from './questions';
import { Sessions } from './sessions';
import type { IPanel } from './tools';
import { Background, Turns } from './turns';

export const PANEL_ID = 'jp-CodexPanel';
/** The attribute of the panel's tab that its style shows. */
const COUNT = 'codex-count';

export class CodexPanel extends ReactWidget {
  constructor(private readonly _panel: IPanel) {
    super();
    const { overview } = _panel;
    this.id = PANEL_ID;
    this.addClass('jp-CodexPanel');
    this.title.icon = kernelIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _panel.codex.trans.__('Codex'));
    overview.changed.connect(this._count, this);
    this._count();
  }

  /** Bring the next open question into sight and the keyboard to it. */
  focusQuestion(): void {
    const found = this.node.querySelector<HTMLElement>(
      '.jp-CodexPanel-question button.jp-Codex-choice, .jp-CodexPanel-question input'
    );
    found?.scrollIntoView({ block: 'center' });
    found?.focus();
  }

  protected render(): React.ReactElement {
    return (
      <UseSignal signal={this._panel.overview.changed}>
        {() => <Body panel={this._panel} />}
      </UseSignal>
    );
  }

  protected override onAfterShow(_: Message): void {
    this._panel.overview.isWatched = true;
  }

  protected override onAfterHide(_: Message): void {
    this._panel.overview.isWatched = false;
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._panel.overview.isWatched = this.isVisible;
  }

  /** The number of open questions on the tab. */
  private _count(): void {
    const { trans } = this._panel.codex;
    const count = this._panel.overview.questions.length;
    const label = count ? String(count) : '';
    if (this.title.dataset[COUNT] !== label) {
      this.title.dataset = { ...this.title.dataset, [COUNT]: label };
      this.title.className = count ? 'jp-CodexPanel-tab jp-mod-waiting' : 'jp-CodexPanel-tab';
    }
    this.title.caption = count
      ? trans._n(
          'Codex: %1 question waits for you',
          'Codex: %1 questions wait for you',
          count,
          count
        )
      : trans.__('Codex');
  }
}

function Body({ panel }: { panel: IPanel }): React.ReactElement {
  const { codex } = panel;
  if (!codex.isAvailable) {
    return <Missing panel={panel} />;
  }
  return (
    <>
      <Head panel={panel} />
      {!codex.feed.isConnected && (
        <p className="jp-CodexPanel-problem" role="status">
          {codex.trans.__('Not connected to the Jupyter server; trying again…')}
        </p>
      )}
      <Questions panel={panel} />
      <Turns panel={panel} />
      <Background panel={panel} />
      <Sessions panel={panel} />
      <Account panel={panel} />
    </>
  );
}

function Head({ panel }: { panel: IPanel }): React.ReactElement {
  const { trans } = panel.codex;
  return (
    <div className="jp-CodexPanel-head">
      <h2>{trans.__('Codex')}</h2>
      <Tool
        icon={addIcon}
        label={trans.__('Begin a new session in the current notebook')}
        onClick={() => void panel.commands.execute(CommandIDs.newSession)}
      />
      <Tool
        icon={refreshIcon}
        label={trans.__('Read again')}
        onClick={() => void panel.overview.refresh()}
      />
    </div>
  );
}

/** What to do when the page's server does not have our extension. */
function Missing({ panel }: { panel: IPanel }): React.ReactElement {
  const { trans } = panel.codex;
  return (
    <>
      <div className="jp-CodexPanel-head">
        <h2>{trans.__('Codex')}</h2>
      </div>
      <Note>
        {trans.__(
          'The server extension of codex-kernel is not running, so turns are shown as they were saved and cannot be followed or steered.'
        )}
      </Note>
      <Note>{trans.__('Where the Jupyter server runs, do this and restart it:')}</Note>
      <pre className="jp-CodexPanel-command" tabIndex={0}>
        pip install codex-kernel{'\n'}jupyter server extension enable codex_kernel
      </pre>
    </>
  );
}
