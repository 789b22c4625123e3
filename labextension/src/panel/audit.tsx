/** What was done in a session, by whom and from where: a table in the main area, and its CSV. */

import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem, type IAuditEntry, type ISession } from '../api';
import { sessionTitle } from '../session/words';
import type { ICodex } from '../tokens';
import { visible } from '../view/plain';
import { Note } from './parts';

/** A tab with the audit of a session. */
export function auditTab(codex: ICodex, session: ISession): MainAreaWidget {
  const title = sessionTitle(session, codex.trans);
  const content = new AuditBody(codex, session);
  const tab = new MainAreaWidget({ content });
  tab.id = `jp-CodexAudit-${session.session_id}`;
  tab.title.label = codex.trans.__('Done in “%1”', title);
  tab.title.caption = tab.title.label;
  tab.title.closable = true;
  return tab;
}

class AuditBody extends ReactWidget {
  constructor(
    private readonly _codex: ICodex,
    private readonly _session: ISession
  ) {
    super();
    this.addClass('jp-CodexAudit');
  }

  protected render(): React.ReactElement {
    return <Audit codex={this._codex} session={this._session} />;
  }
}

interface IAuditProps {
  codex: ICodex;
  session: ISession;
}

export function Audit({ codex, session }: IAuditProps): React.ReactElement {
  const { api, trans } = codex;
  const id = session.session_id;
  const [entries, setEntries] = React.useState<IAuditEntry[]>([]);
  const [next, setNext] = React.useState<string | null>(null);
  const [said, setSaid] = React.useState(trans.__('Reading…'));
  const read = async (after?: string): Promise<void> => {
    try {
      const page = await api.audit(id, after);
      setEntries(known => (after === undefined ? page.entries : [...known, ...page.entries]));
      setNext(page.next);
      setSaid('');
    } catch (problem) {
      setSaid(problem instanceof Problem ? `${problem.message} ${problem.nextStep}` : '');
    }
  };
  React.useEffect(() => void read(), [id]);
  const heads = [
    trans.__('When'),
    trans.__('Who'),
    trans.__('What'),
    trans.__('Details'),
    trans.__('Outcome')
  ];
  return (
    <>
      <a className="jp-CodexPanel-link" href={api.auditUrl(id, 'csv')} download="codex-audit.csv">
        <downloadIcon.react tag="span" /> {trans.__('Download as CSV')}
      </a>
      {said && <Note>{said}</Note>}
      <table>
        <thead>
          <tr>
            {heads.map(head => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map(entry => (
            <tr key={`${entry.turn_id} ${entry.seq}`}>
              <td>{new Date(entry.at).toLocaleString()}</td>
              <td>{visible([entry.who, entry.client].filter(Boolean).join(', '))}</td>
              <td>{entry.kind}</td>
              <td className="jp-CodexAudit-what">{visible(entry.what)}</td>
              <td>{visible(entry.outcome ?? '')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {next !== null && (
        <button type="button" className="jp-CodexPanel-link" onClick={() => void read(next)}>
          {trans.__('Show more')}
        </button>
      )}
    </>
  );
}
