/** Every setting as the kernel of a session reports it: to read, not to change. */

import * as React from 'react';

import type { ISessionSettings } from '../api';
import type { IOutcome, Json } from '../contracts';
import type { NotebookState } from './notebook';

/** Names of settings whose values are not told in one line. */
const IN_FULL = ['instructions'];

export function Reported({ state }: { state: NotebookState }): React.ReactElement {
  const { api, trans } = state.codex;
  const sessionId = state.notebook?.session_id ?? null;
  const [outcome, setOutcome] = React.useState<IOutcome | null>(null);
  const [isOpen, setOpen] = React.useState(false);
  React.useEffect(() => {
    if (isOpen && sessionId !== null) {
      void api.sessionSettings(sessionId).then(setOutcome);
    }
  }, [api, sessionId, isOpen]);
  return (
    <details
      className="jp-CodexSettings-reported"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('Everything, as the kernel reports it')}</summary>
      <LastTurn state={state} />
      {sessionId === null ? (
        <p>{trans.__('There is no session yet: run a prompt.')}</p>
      ) : outcome === null ? (
        <p>{trans.__('Asking the kernel…')}</p>
      ) : outcome.ok ? (
        <Everything state={state} told={outcome.outcome as unknown as ISessionSettings} />
      ) : (
        <p role="alert">{[outcome.message, outcome.nextStep].filter(Boolean).join(' ')}</p>
      )}
    </details>
  );
}

function LastTurn({ state }: { state: NotebookState }): React.ReactElement | null {
  const { trans } = state.codex;
  const reported = state.notebook?.last_turn?.settings;
  return reported ? <Table title={trans.__('The last turn ran with')} rows={reported} /> : null;
}

interface IEverythingProps {
  state: NotebookState;
  told: ISessionSettings;
}

function Everything({ state, told }: IEverythingProps): React.ReactElement {
  const { trans } = state.codex;
  const short = Object.entries(told.settings).filter(([name]) => !IN_FULL.includes(name));
  return (
    <>
      <Table title={trans.__('The session’s settings')} rows={Object.fromEntries(short)} />
      <h4>{trans.__('Instructions')}</h4>
      <pre tabIndex={0}>{String(told.settings.instructions ?? trans.__('none'))}</pre>
      <h4>{trans.__('MCP servers')}</h4>
      {told.mcp_servers === null && (
        <p>{trans.__('They did not tell about themselves in time.')}</p>
      )}
      {told.mcp_servers?.length === 0 && <p>{trans.__('None is configured.')}</p>}
      <ul>
        {told.mcp_servers?.map(server => (
          <li key={server.name}>
            <b>{server.name}</b> {server.state}, {server.login}: {server.tools.join(', ')}
          </li>
        ))}
      </ul>
    </>
  );
}

function Table({ title, rows }: { title: string; rows: { [name: string]: Json } }) {
  return (
    <table>
      <caption>{title}</caption>
      <tbody>
        {Object.entries(rows).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{shown(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shown(value: Json): string {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) {
    return '–';
  }
  return typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? value.join(', ')
      : JSON.stringify(value);
}
