/** The questions of a turn that wait for the user, below its transcript. */

import type { ITurnSource } from '../contracts';
import type { IContext } from './context';
import { el } from './dom';
import { createQuestion } from './question';

export class Questions {
  readonly node = el('div', 'jp-Codex-questions');

  constructor(
    private _source: ITurnSource,
    private _context: IContext,
    private _say: (message: string) => void
  ) {}

  get areShown(): boolean {
    return [...this._drawn.values()].some(node => !node.hidden);
  }

  /** Shows what the record has open, and nothing else; `leave` takes the focus of one that goes. */
  draw(leave: () => void): void {
    const { questions, freshness } = this._source;
    const open = freshness === 'live' ? questions : [];
    // Without a connection nobody knows whether they are open: what was typed there is kept.
    const kept = freshness === 'offline' ? questions : open;
    const ids = new Set(kept.map(question => question.id));
    const hadFocus = this.node.contains(document.activeElement);
    for (const [id, node] of this._drawn) {
      node.hidden = freshness !== 'live';
      if (!ids.has(id)) {
        node.remove();
        this._drawn.delete(id);
      }
    }
    if (hadFocus && !this._hasFocus()) {
      leave();
    }
    for (const entry of open) {
      const view = this._drawn.has(entry.id)
        ? null
        : createQuestion(entry, this._context.host, this._context);
      if (view) {
        this._drawn.set(entry.id, view.node);
        this.node.append(view.node);
        this._say(view.node.getAttribute('aria-label') ?? '');
      }
    }
  }

  private _hasFocus(): boolean {
    const focused = document.activeElement;
    return [...this._drawn.values()].some(node => !node.hidden && node.contains(focused));
  }

  private readonly _drawn = new Map<string, HTMLElement>();
}
