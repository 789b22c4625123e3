/** Going on with a session in a notebook, also with one that another notebook has. */

import { Dialog } from '@jupyterlab/apputils';

import type { NotebookState } from './notebook';
import { launch, tell } from './telling';
import { sessionTitle } from './words';

/** Bind a notebook to a session; asks first when it is another notebook's. Whether it was done. */
export async function resumeIn(state: NotebookState, sessionId: string): Promise<boolean> {
  const { api, trans } = state.codex;
  // One that was begun elsewhere is not in the record yet.
  const session = await api.session(sessionId).catch(() => null);
  const others = session?.notebooks.filter(path => path !== state.notebook?.notebook) ?? [];
  if (!session || others.length === 0) {
    return tell(await state.bind(sessionId));
  }
  const [cancel, copy, take] = [
    trans.__('Cancel'),
    trans.__('Go on from a copy'),
    trans.__('Take it over')
  ];
  const { button } = await launch({
    title: trans.__('“%1” is the session of another notebook', sessionTitle(session, trans)),
    body: trans.__(
      'One session works in one notebook at a time. Taken over, %1 begins a new one with its next turn.',
      others[0]
    ),
    buttons: [
      Dialog.cancelButton({ label: cancel }),
      Dialog.okButton({ label: copy }),
      Dialog.okButton({ label: take })
    ],
    defaultButton: 1
  });
  if (button.label === copy) {
    return fork(state, sessionId);
  }
  return button.label === take && tell(await state.bind(sessionId, true));
}

/** Bind a notebook to a copy of a session, as a whole or up to a turn; whether it was done. */
export async function fork(
  state: NotebookState,
  sessionId: string,
  turnId: string | null = null
): Promise<boolean> {
  const upTo = turnId === null ? {} : { turn_id: turnId };
  const outcome = await state.codex.api.fork(sessionId, { ...upTo, notebook: state.path });
  await state.refresh();
  return tell(outcome);
}
