/**
 * What stands in the toolbar of a Codex notebook: its session and the settings of its next turn.
 * Each item has a name of its own there, so that users can move and hide it.
 */

import type { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { MenuButton } from './button';
import { CommandIDs } from './ids';
import { Models } from './models';
import type { NotebookState } from './notebook';
import { approvals, FULL_ACCESS, sandboxes, sessionTitle, settingLabel, type Name } from './words';

/** One setting of the notebook. */
export class SettingButton extends MenuButton {
  constructor(
    state: NotebookState,
    commands: CommandRegistry,
    private readonly _name: Name
  ) {
    super(state, commands, _name);
  }

  protected draw(): void {
    const { next, reported, isPending, refused } = this.state.value(this._name);
    const setting = settingLabel(this._name, this.trans);
    const label = next === null ? setting : this._called(next);
    const lines = [
      next === null ? this.trans.__('%1: as Codex chooses', setting) : `${setting}: ${label}`
    ];
    if (isPending && reported !== null) {
      const before = this._called(reported);
      lines.push(this.trans.__('From the next turn on; the last one ran with: %1', before));
    }
    if (refused !== null) {
      const wider = this._called(refused);
      lines.push(this.trans.__('The notebook asks for “%1”, which you have not allowed.', wider));
    }
    this.toggleClass('jp-mod-pending', isPending);
    this.toggleClass('jp-mod-danger', this._name === 'sandbox' && next === FULL_ACCESS);
    this.toggleClass('jp-mod-refused', refused !== null);
    this.say(label, lines.join('\n'));
  }

  protected async fill(menu: MenuSvg): Promise<void> {
    const problem = await this._offer(menu);
    if (problem !== null) {
      menu.addItem({ command: CommandIDs.nothing, args: { label: problem } });
    }
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: CommandIDs.settings });
  }

  /** A sentence when there is nothing to choose from. */
  private async _offer(menu: MenuSvg): Promise<string | null> {
    try {
      for (const { value, label, about } of await Models.of(this.state.codex.api).choices(
        this.state,
        this._name
      )) {
        const text = about ? `${label}: ${about}` : label;
        menu.addItem({
          command: CommandIDs.choose,
          args: { name: this._name, value, label: text }
        });
      }
    } catch (problem) {
      return problem instanceof Error ? problem.message : String(problem);
    }
    const args = { name: this._name, value: null, label: this.trans.__('My own setting') };
    menu.addItem({ command: CommandIDs.choose, args });
    return null;
  }

  private _called(value: string): string {
    const known = [...sandboxes(this.trans), ...approvals(this.trans)];
    return known.find(each => each.value === value)?.label ?? value;
  }
}

/** Which session the notebook is in, with what can be done with sessions. */
export class SessionButton extends MenuButton {
  constructor(state: NotebookState, commands: CommandRegistry) {
    super(state, commands, 'session');
  }

  protected draw(): void {
    const { session, notebook, problem } = this.state;
    if (problem !== null) {
      this.say(this.trans.__('Codex'), `${problem.message}\n${problem.nextStep}`);
    } else if (session !== null) {
      const title = sessionTitle(session, this.trans);
      const turns = this.trans._n('%1 turn', '%1 turns', session.turns, session.turns);
      this.say(title, `${this.trans.__('Session: %1', title)}\n${turns}\n${session.cwd ?? ''}`);
    } else {
      const words = notebook?.session_id ? this.trans.__('Session') : this.trans.__('New session');
      this.say(words, this.trans.__('The next turn begins a new session of Codex'));
    }
  }

  protected fill(menu: MenuSvg): void {
    const { newSession, resume, fork, rename, settings, showPanel } = CommandIDs;
    for (const command of [newSession, resume, fork, rename]) {
      menu.addItem({ command });
    }
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: settings });
    menu.addItem({ command: showPanel });
  }
}
