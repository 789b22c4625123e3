/** The line above a turn: how it stands, what it runs with, how full the context is, Stop. */

import type { IPicture, ITurnSource, Freshness } from '../contracts';
import { draw } from '../frames';
import type { IContext } from './context';
import { button, el, kept } from './dom';
import { visible } from './plain';
import { contextLeft, duration, stateSymbol, stateWord, thousands, tokenCount } from './words';

const DANGER = 'danger-full-access';
/** Per cent of the context; below it the meter warns. */
const LITTLE_CONTEXT = 30;

export class Header {
  readonly node = el('div', 'jp-Codex-header');

  constructor(
    private _source: ITurnSource,
    private _context: IContext,
    private _say: (message: string) => void
  ) {}

  /** Whether the time is seen to pass: the view is in the page and the page in sight. */
  set isWatched(isWatched: boolean) {
    this._isWatched = isWatched;
    this._tick();
  }

  draw(): void {
    const { picture, freshness } = this._source;
    const { trans } = this._context.host;
    const isStale = !picture.final && (freshness === 'saved' || freshness === 'unknown');
    const state = el(
      'span',
      'jp-Codex-state',
      el('span', 'jp-Codex-symbol', isStale ? '?' : stateSymbol(picture.state)),
      isStale ? trans.__('Was running when saved') : stateWord(picture.state, trans)
    );
    this.node.dataset.state = isStale ? 'stale' : picture.state;
    this.node.replaceChildren(
      ...kept(
        state,
        this._freshness(freshness, picture),
        this._elapsed,
        this._model(picture),
        this._meter(picture),
        picture.codex.sandbox === DANGER && el('strong', 'jp-Codex-danger', trans.__('No sandbox')),
        el('span', 'jp-Codex-spacer'),
        this._stop(picture, freshness)
      )
    );
    this._tick();
  }

  private _freshness(freshness: Freshness, picture: IPicture): Node | null {
    const { trans } = this._context.host;
    const words: { [freshness: string]: string } = {
      connecting: trans.__('connecting…'),
      offline: trans.__('reconnecting…'),
      unknown: trans.__('saved copy')
    };
    const isFollowing = freshness === 'connecting' || freshness === 'offline';
    const word = isFollowing && picture.final ? '' : words[freshness];
    return word ? el('span', 'jp-Codex-freshness', word) : null;
  }

  private _model({ codex }: IPicture): Node | null {
    const { model, effort } = codex;
    return typeof model === 'string' && model
      ? el('span', 'jp-Codex-model', visible(effort ? `${model} (${effort})` : model))
      : null;
  }

  private _meter({ usage }: IPicture): Node | null {
    const { trans } = this._context.host;
    const tokens = tokenCount(usage);
    const left = contextLeft(usage);
    if (tokens === null) {
      return null;
    }
    const count = trans.__('%1 tokens', thousands(tokens));
    if (left === null) {
      return el('span', '', count);
    }
    const words = trans.__('%1 % context left', left);
    const bar = el('span', 'jp-Codex-bar', el('span', 'jp-Codex-fill'));
    bar.style.setProperty('--jp-Codex-used', `${100 - left}%`);
    const made = el('span', 'jp-Codex-meter', bar, words);
    made.title = `${count} / ${thousands(usage?.context_window ?? 0)}`;
    made.classList.toggle('jp-mod-warning', left < LITTLE_CONTEXT);
    return made;
  }

  private _stop(picture: IPicture, freshness: Freshness): Node | null {
    const { trans, actions } = this._context.host;
    const id = picture.turn_id;
    if (!actions || !id || picture.final || freshness !== 'live') {
      return null;
    }
    if (picture.state === 'queued') {
      return button(trans.__('Cancel'), 'jp-Codex-stop', () => this._ask(() => actions.cancel(id)));
    }
    const made = button(trans.__('Stop'), 'jp-Codex-stop', () => void this._interrupt(id));
    made.disabled = picture.state === 'interrupting' || this._isAsking;
    return made;
  }

  /** Stops the turn; where commands run, only after a second look. */
  private async _interrupt(id: string): Promise<void> {
    const { host } = this._context;
    const { trans } = host;
    const running = this._source.picture.items.filter(
      item => item.type === 'command' && item.status === 'running'
    );
    const names = running.map(item => visible(item.command ?? '')).join('\n');
    const isSure =
      running.length === 0 ||
      (await host.confirm(
        trans._n(
          'Stop a running command?',
          'Stop %1 running commands?',
          running.length,
          running.length
        ),
        names,
        trans.__('Stop')
      ));
    if (isSure) {
      await this._ask(() => host.actions!.interrupt(id));
    }
  }

  private async _ask(
    action: () => Promise<{ ok: boolean; message?: string; nextStep?: string }>
  ): Promise<void> {
    this._isAsking = true;
    this.draw();
    try {
      const said = await action();
      if (!said.ok) {
        this._say([said.message, said.nextStep].filter(Boolean).join(' '));
      }
    } finally {
      this._isAsking = false;
      this.draw();
    }
  }

  /** Shows the time that passed, and again each second while it does. */
  /** The seconds that pass are drawn with the text that grows, in one frame. */
  private readonly _tick = (): void => {
    const { picture, freshness } = this._source;
    const isRunning = !picture.final && freshness === 'live' && picture.started_at !== null;
    const end = picture.finished_at
      ? Date.parse(picture.finished_at)
      : isRunning
        ? Date.now()
        : NaN;
    const seconds = (end - Date.parse(picture.started_at ?? '')) / 1000;
    const isKnown = Number.isFinite(seconds);
    this._elapsed.hidden = !isKnown;
    if (isKnown) {
      const shown = isRunning ? Math.max(0, Math.floor(seconds)) : seconds;
      this._elapsed.textContent =
        isRunning && shown < 60
          ? this._context.host.trans.__('%1 s', shown)
          : duration(shown, this._context.host.trans);
    }
    clearTimeout(this._timer);
    if (isRunning && this._isWatched) {
      this._timer = window.setTimeout(() => draw(this._tick, true), 1000);
    }
  };

  private readonly _elapsed = el('span', 'jp-Codex-elapsed');
  private _isWatched = false;
  private _isAsking = false;
  private _timer = 0;
}
