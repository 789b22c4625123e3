/**
 * One turn: header, plan, steps, answer, what Codex asks, a box to steer.
 *
 * Knows one source and one host, nothing of JupyterLab. What changes is collected and drawn once
 * per frame; a view that is not in the page is drawn too, so that it is right when it comes back.
 */

import { Widget } from '@lumino/widgets';
import type { Message } from '@lumino/messaging';

import type { IChange, IHost, ITurnSource } from '../contracts';
import { draw, leaveOut } from '../frames';
import { Announcer } from './announce';
import type { IContext } from './context';
import { el } from './dom';
import { Header } from './header';
import { PlanView } from './plan';
import { problem } from './problem';
import { Questions } from './questions';
import { SteerBox } from './steer';
import { Steps } from './steps';

export class TurnView extends Widget {
  /** The source stays its owner's; the view only listens to it. */
  constructor(source: ITurnSource, host: IHost) {
    super();
    this.addClass('jp-Codex');
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', host.trans.__('Codex turn'));
    // Keys pressed on our buttons are theirs, not the notebook's.
    this.node.dataset.lmSuppressShortcuts = 'true';
    this._source = source;
    this._context = contextOf(source, host);
    const say = (message: string): void => this._announcer.say(message);
    this._announcer = new Announcer(host.trans);
    this._header = new Header(source, this._context, say);
    this._plan = new PlanView(this._context);
    this._steps = new Steps(this._context);
    this._questions = new Questions(source, this._context, say);
    this._steer = new SteerBox(source, this._context, say);
    this.node.append(
      this._header.node,
      this._plan.node,
      this._steps.node,
      this._problem,
      this._questions.node,
      this._steer.node
    );
    source.changed.connect(this._onChanged, this);
    document.addEventListener('visibilitychange', this._watch);
    this._draw({ list: true, entries: new Set(), header: true });
  }

  override dispose(): void {
    if (!this.isDisposed) {
      leaveOut(this._drawPending);
      document.removeEventListener('visibilitychange', this._watch);
      this._header.isWatched = false;
      this._source.changed.disconnect(this._onChanged, this);
      super.dispose();
    }
  }

  protected override onAfterAttach(_: Message): void {
    this._watch();
  }

  protected override onAfterDetach(_: Message): void {
    this._watch();
  }

  private _watch = (): void => {
    this._header.isWatched = this.isAttached && !document.hidden;
  };

  private _onChanged(_: ITurnSource, change: IChange): void {
    const pending = this._pending;
    this._pending = {
      list: change.list || Boolean(pending?.list),
      header: change.header || Boolean(pending?.header),
      entries: new Set([...(pending?.entries ?? []), ...change.entries])
    };
    draw(this._drawPending, !change.list && !change.header);
  }

  private readonly _drawPending = (): void => {
    const collected = this._pending!;
    this._pending = null;
    this._draw(collected);
  };

  private _draw(change: IChange): void {
    const { picture } = this._source;
    this._steps.draw(this._source, change);
    this._questions.draw(() => this.node.focus());
    this.toggleClass('jp-mod-asks', this._questions.areShown);
    if (change.header || change.list) {
      this._header.draw();
      this._plan.draw(picture.plan);
      this._drawProblem();
      this._steer.draw();
    }
    if (!picture.final && !this._announcer.node.parentElement) {
      this.node.append(this._announcer.node);
    }
    this._announcer.follow(picture);
  }

  private _drawProblem(): void {
    const { picture, freshness } = this._source;
    const isVouchedFor = freshness === 'live' || freshness === 'ended';
    const tone = picture.state === 'interrupted' ? 'warning' : 'error';
    const shown = JSON.stringify([picture.error, isVouchedFor]);
    if (shown !== this._shownProblem) {
      this._shownProblem = shown;
      const error = picture.error && problem(picture.error, this._context, isVouchedFor, tone);
      this._problem.replaceChildren(...(error ? [error] : []));
    }
  }

  private readonly _source: ITurnSource;
  private readonly _context: IContext;
  private readonly _announcer: Announcer;
  private readonly _header: Header;
  private readonly _plan: PlanView;
  private readonly _steps: Steps;
  private readonly _problem = el('div');
  private readonly _questions: Questions;
  private readonly _steer: SteerBox;
  private _shownProblem = '';
  private _pending: IChange | null = null;
}

function contextOf(source: ITurnSource, host: IHost): IContext {
  return {
    host,
    cwd: () => {
      const { cwd } = source.picture.codex;
      return typeof cwd === 'string' ? cwd : null;
    },
    item: id => source.picture.items.find(item => item.id === id)
  };
}
