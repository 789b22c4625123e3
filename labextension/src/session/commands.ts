/** Commands about the session and the settings of the notebook that is in front. */

import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import type { INotebookWishes } from '../api';
import { MIME } from '../contracts';
import type { ICodex } from '../tokens';
import { CommandIDs } from './ids';
import type { NotebookState } from './notebook';
import { pickSession } from './picker';
import { fork, resumeIn } from './resume';
import { editSettings } from './settings';
import { isMeant, tell } from './telling';
import { FULL_ACCESS, sessionTitle, type Name } from './words';

/** Registers the commands; `current` is the Codex notebook in front, or null. */
export function addCommands(
  commands: CommandRegistry,
  codex: ICodex,
  current: () => NotebookState | null
): void {
  const { trans } = codex;
  const isEnabled = (): boolean => codex.isAvailable && current() !== null;
  const hasSession = (): boolean => isEnabled() && Boolean(current()!.notebook?.session_id);
  const add = (
    id: string,
    label: string,
    run: (state: NotebookState) => Promise<unknown>,
    more: Partial<CommandRegistry.ICommandOptions> = {}
  ): void => {
    const execute = (): Promise<unknown> | undefined => {
      const state = current();
      return state ? run(state) : undefined;
    };
    commands.addCommand(id, { label, isEnabled, execute, ...more });
  };

  commands.addCommand(CommandIDs.choose, {
    label: args => String(args.label ?? trans.__('Choose a setting of Codex')),
    isEnabled,
    isToggleable: true,
    isToggled: args => {
      const state = current();
      return typeof args.value === 'string' && state?.value(args.name as Name).next === args.value;
    },
    execute: args => choose(current(), args.name as Name, (args.value as string) ?? null)
  });
  commands.addCommand(CommandIDs.nothing, {
    label: args => String(args.label),
    isEnabled: () => false,
    execute: () => undefined
  });
  add(CommandIDs.newSession, trans.__('Begin a New Session'), async state => {
    tell(await state.bind(null));
  });
  add(CommandIDs.resume, trans.__('Resume a Session…'), async state => {
    const sessionId = await pickSession(codex, state);
    return sessionId !== null && (await resumeIn(state, sessionId));
  });
  add(CommandIDs.fork, trans.__('Fork the Session'), state => forkHere(state, null), {
    isEnabled: hasSession
  });
  add(
    CommandIDs.forkFromCell,
    trans.__('Fork the Session After This Cell'),
    async state => forkHere(state, turnOf(state.panel)),
    {
      isEnabled: () => hasSession() && turnOf(current()!.panel) !== null,
      isVisible: isEnabled
    }
  );
  add(CommandIDs.rename, trans.__('Rename the Session…'), rename, { isEnabled: hasSession });
  add(CommandIDs.settings, trans.__('Settings of This Notebook’s Codex…'), editSettings);
  add(CommandIDs.stop, trans.__('Stop the Turn'), stop, { icon: stopIcon });
}

async function choose(
  state: NotebookState | null,
  name: Name,
  value: string | null
): Promise<void> {
  if (state && (value !== FULL_ACCESS || (await isMeant(state.codex.trans)))) {
    tell(await state.choose({ [name]: value } as INotebookWishes));
  }
}

async function forkHere(state: NotebookState, turnId: string | null): Promise<void> {
  const { trans } = state.codex;
  const sessionId = state.notebook?.session_id;
  if (sessionId && (await fork(state, sessionId, turnId))) {
    const said = trans.__('The next turn goes on with a copy of the session.');
    Notification.success(said, { autoClose: 4000 });
  }
}

async function rename(state: NotebookState): Promise<void> {
  const { api, trans } = state.codex;
  const session = state.session;
  if (!session) {
    return;
  }
  const { value } = await InputDialog.getText({
    title: trans.__('Rename the session'),
    label: trans.__('Title'),
    text: sessionTitle(session, trans)
  });
  if (value?.trim()) {
    tell(await api.changeSession(session.session_id, { title: value }));
  }
}

/** Stop what runs; turns that wait in their cells are left to the kernel. */
async function stop(state: NotebookState): Promise<void> {
  const live = [...state.codex.feed.turns.values()];
  const running = live.find(turn => turn.path === state.path && turn.state !== 'queued');
  if (running) {
    tell(await state.codex.api.interrupt(running.turn_id));
  }
}

/** The turn whose output the active cell shows. */
function turnOf(panel: NotebookPanel): string | null {
  const cell = panel.content.activeCell?.model.toJSON();
  const outputs = (cell?.outputs ?? []) as { data?: { [mime: string]: { turn_id?: string } } }[];
  return outputs.map(output => output.data?.[MIME]?.turn_id).find(Boolean) ?? null;
}
