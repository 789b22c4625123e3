/**
 * A button of a Codex notebook's toolbar that shows what holds and opens a menu. In notebooks of
 * other kernels it is hidden. Knows no setting.
 */

import { caretDownIcon, MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { ITranslation } from '../contracts';
import type { NotebookState } from './notebook';

/** A button with a label and a menu. */
export abstract class MenuButton extends Widget {
  protected readonly button = document.createElement('button');
  private readonly _label = document.createElement('span');

  constructor(
    protected readonly state: NotebookState,
    protected readonly commands: CommandRegistry,
    kind: string
  ) {
    super();
    this.addClass('jp-CodexToolbar-item');
    this.addClass(`jp-mod-${kind}`);
    this.button.className = 'jp-CodexToolbar-button';
    this.button.type = 'button';
    this.button.setAttribute('aria-haspopup', 'menu');
    this._label.className = 'jp-CodexToolbar-label';
    this.button.append(this._label);
    caretDownIcon.element({ container: this.button.appendChild(document.createElement('span')) });
    this.button.addEventListener('click', () => void this._open());
    this.node.append(this.button);
    state.changed.connect(this._redraw, this);
  }

  /** Says what holds now. */
  protected abstract draw(): void;
  /** Fills the menu; may wait for what it offers. */
  protected abstract fill(menu: MenuSvg): Promise<void> | void;

  protected get trans(): ITranslation {
    return this.state.codex.trans;
  }

  protected say(label: string, title: string): void {
    if (this._label.textContent !== label || this.button.title !== title) {
      this._label.textContent = label;
      this.button.title = title;
      this.button.setAttribute('aria-label', title.replace(/\n/g, ' '));
    }
  }

  protected override onBeforeAttach(_: Message): void {
    this._redraw();
  }

  private _redraw(): void {
    const { isCodex, codex } = this.state;
    this.setHidden(!isCodex || !codex.isAvailable);
    if (isCodex) {
      this.draw();
    }
  }

  private async _open(): Promise<void> {
    const menu = new MenuSvg({ commands: this.commands });
    menu.addClass('jp-CodexMenu');
    this.button.setAttribute('aria-expanded', 'true');
    try {
      await this.fill(menu);
    } finally {
      this.button.setAttribute('aria-expanded', 'false');
    }
    if (this.isDisposed) {
      return;
    }
    const { left, bottom } = this.button.getBoundingClientRect();
    menu.aboutToClose.connect(() => this.button.focus());
    menu.open(left, bottom);
    menu.activeIndex = Math.max(
      0,
      menu.items.findIndex(item => item.isToggled)
    );
  }
}
