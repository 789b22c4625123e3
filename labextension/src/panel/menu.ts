/** What can be done with a session of the list, as a menu with commands of its own. */

import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';

import type { ISession } from '../api';
import { fork, resumeIn } from '../session/resume';
import { sessionTitle } from '../session/words';
import type { IPanel } from './tools';

/** Open the menu of a session; it is operated by keyboard, and Escape closes it. */
export function openSessionMenu(
  panel: IPanel,
  session: ISession,
  { x, y }: { x: number; y: number }
): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  const before = document.activeElement as HTMLElement | null;
  const items = itemsOf(panel, session);
  for (const [id, item] of Object.entries(items)) {
    commands.addCommand(id, { label: item.label, isEnabled: item.isEnabled, execute: item.run });
    menu.addItem({ command: id });
    if (item.isLastOfGroup) {
      menu.addItem({ type: 'separator' });
    }
  }
  menu.aboutToClose.connect(() => before?.focus());
  menu.open(x, y);
}

interface IItem {
  label: string;
  run(): Promise<unknown> | void;
  isEnabled?(): boolean;
  isLastOfGroup?: boolean;
}

function itemsOf(panel: IPanel, session: ISession): { [id: string]: IItem } {
  const { trans, api } = panel.codex;
  const { session_id: id, archived } = session;
  const state = panel.current();
  const hasNotebook = (): boolean => state !== null && !archived;
  return {
    resume: {
      label: state
        ? trans.__('Resume in %1', state.path.split('/').at(-1))
        : trans.__('Resume in the Current Notebook'),
      isEnabled: () => hasNotebook() && state!.notebook?.session_id !== id,
      run: () => resumeIn(state!, id)
    },
    fork: {
      label: trans.__('Fork into the Current Notebook'),
      isEnabled: hasNotebook,
      isLastOfGroup: true,
      run: () => fork(state!, id)
    },
    rename: { label: trans.__('Rename…'), run: () => rename(panel, session) },
    archive: {
      label: archived ? trans.__('Get Back from the Archive') : trans.__('Archive'),
      isEnabled: () => !session.running,
      run: () => change(panel, api.changeSession(id, { archived: !archived }))
    },
    audit: {
      label: trans.__('Show What Was Done…'),
      isLastOfGroup: true,
      run: () => panel.showAudit(session)
    },
    remove: {
      label: trans.__('Delete…'),
      isEnabled: () => !session.running,
      run: () => remove(panel, session)
    }
  };
}

async function change(panel: IPanel, doing: Parameters<IPanel['told']>[0]): Promise<void> {
  await panel.told(doing);
  await panel.overview.refresh();
}

async function rename(panel: IPanel, session: ISession): Promise<void> {
  const { trans, api } = panel.codex;
  const { value } = await InputDialog.getText({
    title: trans.__('Rename the session'),
    label: trans.__('Title'),
    text: sessionTitle(session, trans)
  });
  if (value?.trim()) {
    await change(panel, api.changeSession(session.session_id, { title: value }));
  }
}

async function remove(panel: IPanel, session: ISession): Promise<void> {
  const { trans, api } = panel.codex;
  const { button, isChecked } = await showDialog({
    title: trans.__('Delete “%1”?', sessionTitle(session, trans)),
    body: trans.__(
      'The record of its turns is deleted. Notebooks keep the pictures that they have saved; files that Codex wrote stay.'
    ),
    checkbox: {
      label: trans.__('Delete Codex’s own record of the session, too'),
      checked: false
    },
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  if (button.accept) {
    await change(panel, api.deleteSession(session.session_id, isChecked === true));
  }
}
