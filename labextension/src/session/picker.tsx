/** The dialog that picks a session to go on with: of this folder or of all, with a search. */

import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import type { ISession, IThread } from '../api';
import type { ITranslation } from '../contracts';
import type { ICodex } from '../tokens';
import type { NotebookState } from './notebook';
import { launch } from './telling';
import { ago, sessionTitle } from './words';

const LISTED = 50;
const TYPING_MS = 200;

/** A session as it is offered. */
interface IOffer {
  id: string;
  title: string;
  about: string;
  folder: string | null;
}

/** The id of the session that the user picked; null when none was. */
export async function pickSession(codex: ICodex, state: NotebookState): Promise<string | null> {
  const { trans } = codex;
  const body = new Picker(codex, state);
  const { button, value } = await launch<string | null>({
    title: trans.__('Resume a session'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Resume') })
    ],
    focusNodeSelector: 'input[type=search]'
  });
  return button.accept ? value : null;
}

class Picker extends ReactWidget implements Dialog.IBodyWidget<string | null> {
  private _picked: string | null = null;

  constructor(
    private readonly _codex: ICodex,
    private readonly _state: NotebookState
  ) {
    super();
    this.addClass('jp-CodexPicker');
  }

  getValue(): string | null {
    return this._picked;
  }

  protected render(): React.ReactElement {
    return (
      <Offers
        codex={this._codex}
        path={this._state.path}
        folder={this._state.folder}
        current={this._state.notebook?.session_id ?? null}
        onPick={id => (this._picked = id)}
      />
    );
  }
}

interface IOffersProps {
  codex: ICodex;
  path: string;
  /** The notebook's folder, as sessions have it. */
  folder: string | null;
  current: string | null;
  onPick(id: string): void;
}

/** A search, a choice of folder, and what was found. */
export function Offers(props: IOffersProps): React.ReactElement {
  const { codex, path, folder, current, onPick } = props;
  const { trans } = codex;
  const [search, setSearch] = React.useState('');
  const [isHere, setHere] = React.useState(true);
  const [offers, setOffers] = React.useState<IOffer[] | string | null>(null);
  const [picked, setPicked] = React.useState<string | null>(null);

  React.useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(() => {
      find(codex, path, isHere ? folder : null, search).then(
        found => isWanted && setOffers(found),
        problem => isWanted && setOffers(String(problem.message ?? problem))
      );
    }, TYPING_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [codex, path, folder, search, isHere]);

  const pick = (id: string): void => {
    setPicked(id);
    onPick(id);
  };
  return (
    <div className="jp-CodexPicker-body">
      <input
        type="search"
        className="jp-mod-styled"
        value={search}
        placeholder={trans.__('Search title, first prompt or folder')}
        aria-label={trans.__('Search sessions')}
        onChange={event => setSearch(event.target.value)}
      />
      <label className="jp-CodexPicker-here">
        <input type="checkbox" checked={isHere} onChange={event => setHere(event.target.checked)} />
        {trans.__('Only this notebook’s folder')}
      </label>
      <fieldset className="jp-CodexPicker-list" aria-label={trans.__('Sessions')}>
        {Array.isArray(offers) ? (
          offers.map(offer => (
            <label key={offer.id} className="jp-CodexPicker-offer">
              <input
                type="radio"
                name="jp-CodexPicker"
                checked={picked === offer.id}
                disabled={offer.id === current}
                onChange={() => pick(offer.id)}
              />
              <span className="jp-CodexPicker-title">{offer.title}</span>
              <span className="jp-CodexPicker-about">
                {offer.id === current ? trans.__('this notebook’s own') : offer.about}
              </span>
              <span className="jp-CodexPicker-about">{offer.folder}</span>
            </label>
          ))
        ) : (
          <p className="jp-CodexPicker-about">{offers ?? trans.__('Looking…')}</p>
        )}
        {offers?.length === 0 && (
          <p className="jp-CodexPicker-about">{trans.__('There is no such session.')}</p>
        )}
      </fieldset>
    </div>
  );
}

/** Sessions of the record, and Codex's own ones of the folder that it does not have. */
async function find(
  codex: ICodex,
  path: string,
  folder: string | null,
  search: string
): Promise<IOffer[]> {
  const { api, trans } = codex;
  const query = { search: search || undefined, cwd: folder ?? undefined, limit: LISTED };
  // Without a Codex that starts there still is the record.
  const none = { threads: [] as IThread[] };
  const [{ sessions }, { threads }] = await Promise.all([
    api.sessions(query),
    folder === null ? none : api.threads({ notebook: path }).catch(() => none)
  ]);
  const elsewhere = threads.filter(thread => !thread.known && fits(thread, search));
  return [
    ...sessions.map(session => known(session, trans)),
    ...elsewhere.map(thread => foreign(thread, trans))
  ];
}

function fits({ title, preview }: IThread, search: string): boolean {
  return `${title ?? ''}\n${preview}`.toLowerCase().includes(search.toLowerCase());
}

function known(session: ISession, trans: ITranslation): IOffer {
  const turns = trans._n('%1 turn', '%1 turns', session.turns, session.turns);
  return {
    id: session.session_id,
    title: sessionTitle(session, trans),
    about: `${turns} · ${ago(session.last_activity)}`,
    folder: session.cwd
  };
}

function foreign(thread: IThread, trans: ITranslation): IOffer {
  return {
    id: thread.session_id,
    title: sessionTitle(thread, trans),
    about: `${trans.__('begun elsewhere')} · ${ago(thread.updated_at)}`,
    folder: thread.cwd
  };
}
