/** The box below a running turn: adds to it now, or lines up the next one. */

import type { IOutcome, ITurnSource } from '../contracts';
import type { IContext } from './context';
import { button, el } from './dom';

export class SteerBox {
  readonly node = el('form', 'jp-Codex-steer');

  constructor(
    private _source: ITurnSource,
    private _context: IContext,
    private _say: (message: string) => void
  ) {
    const { trans, enterSteers, actions } = _context.host;
    this._canQueue = Boolean(actions?.queue);
    this._box = el('textarea', 'jp-Codex-steerText');
    this._box.rows = 1;
    this._box.placeholder = !this._canQueue
      ? trans.__('Add to this turn (Enter)')
      : enterSteers
        ? trans.__('Add to this turn (Enter), or run as the next one (Ctrl/⌘ Enter)')
        : trans.__('Run as the next turn (Enter), or add to this one (Ctrl/⌘ Enter)');
    this._box.setAttribute('aria-label', this._box.placeholder);
    this._box.addEventListener('keydown', event => this._onKey(event));
    this._box.addEventListener('input', () => this._fit());
    this._steer = button(trans.__('Send'), 'jp-mod-accept', () => void this._send(true));
    this._steer.title = trans.__('Codex takes it up in this turn');
    this._queue = button(trans.__('Queue'), '', () => void this._send(false));
    this._queue.title = trans.__('Runs as the next turn');
    this._said = el('div', 'jp-Codex-muted jp-Codex-said');
    this._said.setAttribute('role', 'status');
    const queue = this._canQueue ? [this._queue] : [];
    this.node.append(this._box, this._steer, ...queue, this._said);
    this.node.addEventListener('submit', event => event.preventDefault());
  }

  /** Shown while the turn runs for somebody who may act; a text that was not sent stays. */
  draw(): void {
    const { picture, freshness } = this._source;
    const isOpen = !picture.final && freshness === 'live' && Boolean(this._context.host.actions);
    this._isOpen = isOpen && picture.turn_id !== null && picture.state !== 'queued';
    this.node.hidden = !this._isOpen && !this._box.value.trim();
    this._steer.disabled = !this._isOpen;
    this._queue.disabled = !this._isOpen;
  }

  private _onKey(event: KeyboardEvent): void {
    // Enter also ends a composition, e.g. of Japanese: that is no order to send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const isPlain = !(event.ctrlKey || event.metaKey);
    void this._send(!this._canQueue || isPlain === this._context.host.enterSteers);
  }

  private async _send(isSteer: boolean): Promise<void> {
    const { actions, trans } = this._context.host;
    const text = this._box.value.trim();
    const id = this._source.picture.turn_id;
    if (!text || !actions || !id || this._isSending) {
      return;
    }
    this._isSending = true;
    this._box.readOnly = true;
    this._said.textContent = trans.__('Sending…');
    const outcome = await (
      isSteer || !actions.queue ? actions.steer(id, text) : actions.queue(id, text)
    ).catch((error: unknown): IOutcome => ({ ok: false, message: String(error) }));
    this._isSending = false;
    this._box.readOnly = false;
    this._finish(outcome, isSteer ? trans.__('Sent.') : trans.__('Queued as the next turn.'));
  }

  /** Empties the box when the text has gone; otherwise the text stays, with the reason. */
  private _finish(outcome: IOutcome, done: string): void {
    const { trans } = this._context.host;
    if (outcome.ok) {
      this._box.value = '';
      this._fit();
    }
    const refused = [outcome.message ?? trans.__('It was not sent.'), outcome.nextStep];
    const said = outcome.ok ? (outcome.message ?? done) : refused.filter(Boolean).join(' ');
    this._said.textContent = said;
    this._say(said);
    this.draw();
  }

  private _fit(): void {
    this._box.rows = Math.min(8, Math.max(1, this._box.value.split('\n').length));
  }

  private readonly _box: HTMLTextAreaElement;
  private readonly _steer: HTMLButtonElement;
  private readonly _queue: HTMLButtonElement;
  private readonly _said: HTMLElement;
  private readonly _canQueue: boolean;
  private _isOpen = false;
  private _isSending = false;
}
