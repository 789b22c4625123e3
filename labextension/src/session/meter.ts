/** The context meter of a notebook's toolbar. */

import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { contextLeft } from '../view/words';
import type { NotebookState } from './notebook';

/** Per cent; below it the meter warns. */
const LITTLE_CONTEXT = 30;

/** How full the context of the session was at the end of the last request. */
export class ContextMeter extends Widget {
  private readonly _bar = document.createElement('meter');
  private readonly _label = document.createElement('span');

  constructor(private readonly _state: NotebookState) {
    super();
    this.addClass('jp-CodexToolbar-item');
    this.addClass('jp-mod-context');
    this._bar.min = 0;
    this._bar.max = 100;
    this.node.append(this._bar, this._label);
    _state.changed.connect(this._draw, this);
  }

  protected override onBeforeAttach(_: Message): void {
    this._draw();
  }

  private _draw(): void {
    const left = contextLeft(this._state.notebook?.last_turn?.usage ?? null);
    const { isCodex, codex } = this._state;
    this.setHidden(!isCodex || left === null || !codex.isAvailable);
    if (left === null) {
      return;
    }
    const words = codex.trans.__('%1 % of the context are left', left);
    this._bar.value = 100 - left;
    this._bar.textContent = words;
    this._bar.setAttribute('aria-label', words);
    this._label.textContent = codex.trans.__('%1 % left', left);
    this.node.title = words;
    this.toggleClass('jp-mod-warn', left < LITTLE_CONTEXT);
  }
}
