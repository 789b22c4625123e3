/** The inline parts of Markdown as nodes. Raw HTML stays the text it is. */

import type { Token, Tokens } from 'marked';

import type { IContext } from './context';
import { el } from './dom';
import { picture } from './images';
import { codeOrFile, link } from './links';
import { printable } from './plain';
import { known } from './words';

const NAMED: { [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '©',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  times: '×',
  rarr: '→',
  larr: '←'
};
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi;

export function inline(tokens: ReadonlyArray<Token> | undefined, context: IContext): Node[] {
  return (tokens ?? []).flatMap(token => KINDS[token.type]?.(token, context) ?? plain(token.raw));
}

/** Text whose character references are the characters they stand for. */
export function plain(text: string): Text {
  return document.createTextNode(printable(text.replace(ENTITY, character)));
}

function character(found: string, decimal: string, hex: string, name: string): string {
  if (name) {
    return known(NAMED, name.toLowerCase()) ?? found;
  }
  const code = decimal ? Number(decimal) : parseInt(hex, 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

// Fields of a token follow its type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Draw = (token: any, context: IContext) => Node | Node[];

const KINDS: { [type: string]: Draw } = {
  text: (token: Tokens.Text, context) =>
    token.tokens ? inline(token.tokens, context) : plain(token.text),
  escape: (token: Tokens.Escape) => plain(token.text),
  html: (token: Tokens.Tag) => document.createTextNode(printable(token.raw)),
  strong: (token: Tokens.Strong, context) => el('strong', '', ...inline(token.tokens, context)),
  em: (token: Tokens.Em, context) => el('em', '', ...inline(token.tokens, context)),
  del: (token: Tokens.Del, context) => el('del', '', ...inline(token.tokens, context)),
  codespan: (token: Tokens.Codespan, context) => codeOrFile(token.text, context),
  br: () => el('br'),
  link: (token: Tokens.Link, context) => link(token.href, inline(token.tokens, context), context),
  image: (token: Tokens.Image, context) => picture(token.href, token.text, context),
  math: (token: Tokens.Generic, context) => math(token.raw, context)
};

/** A formula: its text, for the host to typeset where it can. */
export function math(raw: string, context: IContext): HTMLElement {
  const made = el('span', 'jp-Codex-math', printable(raw));
  context.host.typeset?.(made);
  return made;
}
