/** Why a turn did not complete, what to do about it, and a button that goes on from there. */

import type { ITurnError } from '../contracts';
import type { IContext } from './context';
import { button, el, fold, kept, sentence } from './dom';
import { outputBlock } from './output';

/** `isVouchedFor`: the turn is the record's, not something a document says. */
export function problem(
  error: ITurnError,
  context: IContext,
  isVouchedFor: boolean,
  tone: 'error' | 'warning'
): HTMLElement {
  const { trans, runPrompt } = context.host;
  const { continue_prompt: prompt, details } = error;
  const goOn = prompt && isVouchedFor && runPrompt;
  const proceed = goOn && button(trans.__('Continue'), 'jp-mod-accept', () => runPrompt(prompt));
  if (proceed) {
    proceed.title = prompt;
  }
  return el(
    'div',
    `jp-Codex-note jp-mod-${tone}`,
    el('strong', '', ...sentence(error.message || trans.__('The turn failed.'))),
    error.next_step && el('div', '', ...sentence(error.next_step)),
    proceed && el('div', 'jp-Codex-actions', proceed),
    ...kept(
      details &&
        fold([trans.__('Details')], false, () => [
          outputBlock(details, trans.__('Details'), context)
        ])
    )
  );
}
