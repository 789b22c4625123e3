/** The turns that run and those that wait behind them, and what runs in the background. */

import { closeIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IOutcome } from '../contracts';
import type { ILiveTurn } from '../feed';
import { visible } from '../view/plain';
import { stateSymbol, stateWord } from '../view/words';
import type { IBackground } from './overview';
import { Note, Place, Section, Tool } from './parts';
import type { IPanel } from './tools';

export function Turns({ panel }: { panel: IPanel }): React.ReactElement {
  const { turns } = panel.overview;
  const { trans } = panel.codex;
  return (
    <Section title={trans.__('Running')} count={turns.length}>
      {turns.length === 0 && <Note>{trans.__('No turn runs.')}</Note>}
      <ul className="jp-CodexPanel-list" aria-label={trans.__('Turns that run or wait')}>
        {turns.map(turn => (
          <Turn key={turn.turn_id} panel={panel} turn={turn} />
        ))}
      </ul>
    </Section>
  );
}

function Turn({ panel, turn }: { panel: IPanel; turn: ILiveTurn }): React.ReactElement {
  const { codex } = panel;
  const { trans, api } = codex;
  const isQueued = turn.state === 'queued';
  const act = (): Promise<IOutcome> =>
    isQueued ? api.cancel(turn.turn_id) : api.interrupt(turn.turn_id);
  return (
    <li className="jp-CodexPanel-row" data-state={turn.state}>
      <span className="jp-CodexPanel-symbol" aria-hidden="true">
        {stateSymbol(turn.state)}
      </span>
      <div className="jp-CodexPanel-what">
        <div className="jp-CodexPanel-prompt">{visible(panel.overview.prompt(turn)) || '…'}</div>
        <div className="jp-CodexPanel-about">
          {isQueued ? trans.__('Queued') : stateWord(turn.state, trans)}
          {' · '}
          <Place
            path={turn.path}
            fallback={turn.client ?? trans.__('outside of this server')}
            onOpen={() => void panel.goTo(turn.path, turn.cell_id)}
          />
        </div>
      </div>
      <Tool
        icon={isQueued ? closeIcon : stopIcon}
        label={isQueued ? trans.__('Take back this queued turn') : trans.__('Stop this turn')}
        onClick={() => void panel.told(act())}
      />
    </li>
  );
}

export function Background({ panel }: { panel: IPanel }): React.ReactElement | null {
  const { background } = panel.overview;
  const { trans } = panel.codex;
  if (background.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('In the background')} count={background.length}>
      <ul className="jp-CodexPanel-list" aria-label={trans.__('Commands in the background')}>
        {background.map(command => (
          <BackgroundRow
            key={`${command.sessionId} ${command.processId}`}
            panel={panel}
            command={command}
          />
        ))}
      </ul>
    </Section>
  );
}

function BackgroundRow({ panel, command }: { panel: IPanel; command: IBackground }) {
  const { trans, api } = panel.codex;
  const { sessionId, processId } = command;
  const stop = async (): Promise<void> => {
    await panel.told(api.stopBackground(sessionId, processId!));
    await panel.overview.refresh();
  };
  return (
    <li className="jp-CodexPanel-row">
      <div className="jp-CodexPanel-what">
        <code className="jp-CodexPanel-command">{visible(command.command)}</code>
      </div>
      {/* Without its id all commands of the session would be stopped. */}
      {processId !== null && (
        <Tool icon={stopIcon} label={trans.__('Stop this command')} onClick={() => void stop()} />
      )}
    </li>
  );
}
