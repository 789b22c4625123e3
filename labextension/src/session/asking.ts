/**
 * A notebook that asks for more than the user's own settings allow is not obeyed: the user is
 * told, and may allow it for this notebook.
 */

import { Notification } from '@jupyterlab/apputils';

import type { NotebookState } from './notebook';
import { isMeant, tell } from './telling';
import { approvals, FULL_ACCESS, NAMES, sandboxes, settingLabel, type Name } from './words';

/** Say once for each value what the file of a notebook asks for and does not get. */
export function askForCarried(state: NotebookState): void {
  const told = new Map<Name, string>();
  state.changed.connect(() => {
    // Before the server has answered nothing is known to be wider.
    if (!state.isCodex || state.notebook === null) {
      return;
    }
    for (const name of NAMES) {
      const { refused } = state.value(name);
      if (refused !== null && told.get(name) !== refused) {
        told.set(name, refused);
        ask(state, name, refused);
      }
    }
  });
}

function ask(state: NotebookState, name: Name, value: string): void {
  const { trans } = state.codex;
  const known = [...sandboxes(trans), ...approvals(trans)].find(each => each.value === value);
  // Notifications show 140 characters.
  const words = trans.__(
    'This notebook asks for %1 “%2”, wider than your own setting. It is not used unless you allow it.',
    settingLabel(name, trans),
    known?.label ?? value
  );
  const allow = async (): Promise<void> => {
    if (value !== FULL_ACCESS || (await isMeant(trans))) {
      tell(await state.choose({ [name]: value }));
    }
  };
  Notification.warning(words, {
    autoClose: false,
    actions: [
      {
        label: trans.__('Allow here'),
        callback: () => void allow(),
        displayType: value === FULL_ACCESS ? 'warn' : 'default'
      }
    ]
  });
}
