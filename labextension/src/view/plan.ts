/** The plan of a turn as a checklist. */

import type { IPlanStep } from '../contracts';
import type { IContext } from './context';
import { el } from './dom';
import { inlineMarkdown } from './markdown';
import { known } from './words';

export class PlanView {
  readonly node = el('ul', 'jp-Codex-plan');

  constructor(private _context: IContext) {
    this.node.setAttribute('aria-label', _context.host.trans.__('Plan'));
  }

  draw(plan: ReadonlyArray<IPlanStep> | null): void {
    const shown = JSON.stringify(plan);
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    this.node.hidden = !plan?.length;
    this.node.replaceChildren(...(plan ?? []).map(step => this._step(step)));
  }

  private _step({ step, status }: IPlanStep): HTMLElement {
    const { trans } = this._context.host;
    const words: { [status: string]: string } = {
      completed: trans.__('done'),
      in_progress: trans.__('in progress'),
      pending: trans.__('to do')
    };
    const mark = el('span', 'jp-Codex-check');
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', known(words, status) ?? words.pending);
    const made = el('li', '', mark, el('span', '', ...inlineMarkdown(step, this._context)));
    made.dataset.status = status;
    return made;
  }

  private _shown = '';
}
