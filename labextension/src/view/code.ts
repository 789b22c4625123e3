/** A block of code: its language, a copy button, colours when it is whole. */

import type { IContext } from './context';
import { copyButton, el } from './dom';
import { ordered, printable, visible } from './plain';

/** Colours for more than this are not worth the wait. */
const HIGHLIGHT_CHARACTERS = 50_000;

export function codeBlock(
  text: string,
  language: string,
  context: IContext,
  isSettled: boolean
): HTMLElement {
  const name = visible(language.trim().split(/[\s,{]/)[0]);
  const code = el('code', '', ordered(printable(text)));
  const { trans } = context.host;
  const made = el(
    'div',
    'jp-Codex-code jp-Codex-copies',
    el('pre', '', code),
    el(
      'div',
      'jp-Codex-corner',
      name && el('span', 'jp-Codex-muted', name),
      copyButton(trans.__('Copy'), trans.__('Copied'), () => text)
    )
  );
  if (isSettled) {
    highlight(text, name, code, context);
  }
  return made;
}

/** Lets the host colour an element; where it cannot, the plain text stays. */
export function highlight(
  text: string,
  language: string,
  into: HTMLElement,
  context: IContext
): Promise<boolean> {
  if (!context.host.highlight || !language || text.length > HIGHLIGHT_CHARACTERS) {
    return Promise.resolve(false);
  }
  const shown = into.textContent ?? '';
  return context.host.highlight(shown, language, into).then(
    () => true,
    () => {
      into.textContent = shown;
      return false;
    }
  );
}
