/** The blocks of Markdown as elements. */

import type { Token, Tokens } from 'marked';

import { codeBlock } from './code';
import type { IContext } from './context';
import { el } from './dom';
import { inline, math, plain } from './inline';
import { printable } from './plain';

/** One block as an element, or nothing for white space and definitions. */
export function block(token: Token, context: IContext, isSettled = true): HTMLElement | null {
  const draw = KINDS[token.type];
  return draw ? draw(token, context, isSettled) : el('p', '', plain(token.raw));
}

function blocks(tokens: ReadonlyArray<Token>, context: IContext, isSettled: boolean): Node[] {
  return tokens.flatMap(token => {
    // The text of an item of a tight list is no paragraph.
    const drawn =
      token.type === 'text' ? inline([token], context) : block(token, context, isSettled);
    return drawn ?? [];
  });
}

type Draw = (
  // Fields of a token follow its type.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  token: any,
  context: IContext,
  isSettled: boolean
) => HTMLElement | null;

const KINDS: { [type: string]: Draw } = {
  space: () => null,
  def: () => null,
  hr: () => el('hr'),
  paragraph: (token: Tokens.Paragraph, context) => el('p', '', ...inline(token.tokens, context)),
  text: (token: Tokens.Text, context) => el('p', '', ...inline([token], context)),
  html: (token: Tokens.HTML) => el('p', 'jp-Codex-raw', printable(token.raw.trimEnd())),
  heading: (token: Tokens.Heading, context) => heading(token, context),
  blockquote: (token: Tokens.Blockquote, context, isSettled) =>
    el('blockquote', '', ...blocks(token.tokens, context, isSettled)),
  code: (token: Tokens.Code, context, isSettled) =>
    codeBlock(token.text, token.lang ?? '', context, isSettled),
  list: (token: Tokens.List, context, isSettled) => list(token, context, isSettled),
  table: (token: Tokens.Table, context) => table(token, context),
  mathBlock: (token: Tokens.Generic, context) => el('p', '', math(token.raw.trim(), context))
};

/** A heading of an answer, below those of the notebook: not a landmark of the page's outline. */
function heading(token: Tokens.Heading, context: IContext): HTMLElement {
  const level = Math.min(6, token.depth + 2) as 3 | 4 | 5 | 6;
  return el(`h${level}`, `jp-Codex-h${token.depth}`, ...inline(token.tokens, context));
}

function list(token: Tokens.List, context: IContext, isSettled: boolean): HTMLElement {
  const made = el(token.ordered ? 'ol' : 'ul');
  if (made instanceof HTMLOListElement && typeof token.start === 'number') {
    made.start = token.start;
  }
  made.append(...token.items.map(item => listItem(item, context, isSettled)));
  return made;
}

function listItem(item: Tokens.ListItem, context: IContext, isSettled: boolean): HTMLElement {
  const made = el('li', '', ...blocks(item.tokens, context, isSettled));
  if (item.task) {
    const box = el('input', 'jp-Codex-task');
    box.type = 'checkbox';
    box.disabled = true;
    box.checked = Boolean(item.checked);
    made.classList.add('jp-Codex-taskItem');
    (made.firstElementChild?.tagName === 'P' ? made.firstElementChild : made).prepend(box);
  }
  return made;
}

function table(token: Tokens.Table, context: IContext): HTMLElement {
  const row = (cells: Tokens.TableCell[], tag: 'th' | 'td'): HTMLElement =>
    el('tr', '', ...cells.map(cell => tableCell(cell, tag, context)));
  const head = el('thead', '', row(token.header, 'th'));
  const body = el('tbody', '', ...token.rows.map(cells => row(cells, 'td')));
  return el('div', 'jp-Codex-tableBox', el('table', '', head, body));
}

function tableCell(cell: Tokens.TableCell, tag: 'th' | 'td', context: IContext): HTMLElement {
  const made = el(tag, '', ...inline(cell.tokens, context));
  if (cell.align) {
    made.classList.add(`jp-Codex-align-${cell.align}`);
  }
  return made;
}
