/** The sessions of the record: searched, resumed, renamed, forked, put away, deleted. */

import { ellipsesIcon, runningIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ISession, IThread } from '../api';
import { resumeIn } from '../session/resume';
import { ago, sessionTitle, short } from '../session/words';
import { visible } from '../view/plain';
import { Note, Section, Tool } from './parts';
import { openSessionMenu } from './menu';
import type { IPanel } from './tools';

const TYPING_MS = 200;

export function Sessions({ panel }: { panel: IPanel }): React.ReactElement {
  const { overview, codex } = panel;
  const { trans } = codex;
  const { sessions, filter, hasMore } = overview;
  return (
    <Section title={trans.__('Sessions')}>
      <Filter panel={panel} />
      {overview.problem && (
        <Note>
          {overview.problem.message} {overview.problem.nextStep}
        </Note>
      )}
      {sessions.length === 0 && !overview.problem && (
        <Note>
          {filter.search || filter.archived
            ? trans.__('There is no such session.')
            : trans.__('Run a prompt in a Codex notebook to begin one.')}
        </Note>
      )}
      <ul className="jp-CodexPanel-list" aria-label={trans.__('Sessions')}>
        {sessions.map(session => (
          <Session key={session.session_id} panel={panel} session={session} />
        ))}
      </ul>
      {hasMore && (
        <button type="button" className="jp-CodexPanel-link" onClick={() => void overview.more()}>
          {trans.__('Show more')}
        </button>
      )}
      <Elsewhere panel={panel} />
    </Section>
  );
}

function Filter({ panel }: { panel: IPanel }): React.ReactElement {
  const { overview, codex } = panel;
  const { trans } = codex;
  const timer = React.useRef(0);
  React.useEffect(() => () => window.clearTimeout(timer.current), []);
  const search = (text: string): void => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void overview.show({ search: text }), TYPING_MS);
  };
  return (
    <div className="jp-CodexPanel-filter">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Search title, prompt or folder')}
        aria-label={trans.__('Search sessions')}
        onChange={event => search(event.target.value)}
      />
      <label>
        <input
          type="checkbox"
          checked={overview.filter.archived}
          onChange={event => void overview.show({ archived: event.target.checked })}
        />
        {trans.__('Archived')}
      </label>
    </div>
  );
}

function Session({ panel, session }: { panel: IPanel; session: ISession }): React.ReactElement {
  const { trans } = panel.codex;
  const title = sessionTitle(session, trans);
  const isCurrent = panel.current()?.notebook?.session_id === session.session_id;
  const about = [
    trans._n('%1 turn', '%1 turns', session.turns, session.turns),
    session.tokens !== null && trans.__('%1 tokens', short(session.tokens)),
    ago(session.last_activity)
  ];
  const open = (at: { x: number; y: number }): void => openSessionMenu(panel, session, at);
  return (
    <li
      className={`jp-CodexPanel-row${isCurrent ? ' jp-mod-current' : ''}`}
      aria-current={isCurrent || undefined}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        open({ x: event.clientX, y: event.clientY });
      }}
    >
      <div className="jp-CodexPanel-what">
        <div className="jp-CodexPanel-title" title={visible(title)}>
          {session.running && <runningIcon.react tag="span" title={trans.__('A turn runs')} />}
          {visible(title)}
        </div>
        <div className="jp-CodexPanel-about">{about.filter(Boolean).join(' · ')}</div>
        <div className="jp-CodexPanel-about jp-CodexPanel-folder" title={session.cwd ?? ''}>
          <bdi>{visible(session.cwd ?? '')}</bdi>
        </div>
      </div>
      <Tool
        icon={ellipsesIcon}
        label={trans.__('What can be done with “%1”', visible(title))}
        hasMenu
        onClick={event => {
          const { left, bottom } = event.currentTarget.getBoundingClientRect();
          open({ x: left, y: bottom });
        }}
      />
    </li>
  );
}

/** Codex's own sessions, begun in a terminal or an editor: they can be taken up here. */
function Elsewhere({ panel }: { panel: IPanel }): React.ReactElement {
  const { overview, codex } = panel;
  const { trans } = codex;
  const { threads } = overview;
  const state = panel.current();
  if (threads === null) {
    const look = (): void => void overview.lookElsewhere(state?.path ?? null);
    return (
      <button type="button" className="jp-CodexPanel-link" onClick={look}>
        {trans.__('Look for sessions begun in a terminal or an editor')}
      </button>
    );
  }
  return (
    <>
      <h4 className="jp-CodexPanel-heading">{trans.__('Begun elsewhere, in this folder')}</h4>
      {threads.length === 0 && <Note>{trans.__('There are none.')}</Note>}
      <ul className="jp-CodexPanel-list" aria-label={trans.__('Sessions begun elsewhere')}>
        {threads.map(thread => (
          <Thread key={thread.session_id} panel={panel} thread={thread} />
        ))}
      </ul>
    </>
  );
}

function Thread({ panel, thread }: { panel: IPanel; thread: IThread }): React.ReactElement {
  const { trans } = panel.codex;
  const state = panel.current();
  const adopt = async (): Promise<void> => {
    if (state && (await resumeIn(state, thread.session_id))) {
      await panel.overview.lookElsewhere(state.path);
      await panel.overview.refresh();
    }
  };
  return (
    <li className="jp-CodexPanel-row">
      <div className="jp-CodexPanel-what">
        <div className="jp-CodexPanel-title">{visible(sessionTitle(thread, trans))}</div>
        <div className="jp-CodexPanel-about">
          {[thread.source, ago(thread.updated_at)].filter(Boolean).join(' · ')}
        </div>
      </div>
      <button
        type="button"
        className="jp-CodexPanel-link"
        disabled={state === null}
        title={state === null ? trans.__('Open a Codex notebook first') : state.path}
        onClick={() => void adopt()}
      >
        {trans.__('Go on here')}
      </button>
    </li>
  );
}
