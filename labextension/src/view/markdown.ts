/**
 * Markdown that grows: what is settled stays, the last blocks are drawn again.
 *
 * Safe by construction: `marked` only takes the text apart, every element is made by name and
 * every text is a text node.
 */

import { Lexer, Marked, type Token, type TokenizerExtension } from 'marked';

import { block } from './blocks';
import type { IContext } from './context';
import { el } from './dom';
import { inline } from './inline';
import { printable } from './plain';

/** Beyond this a text is shown as it is. */
const LONGEST = 500_000;
/** A paragraph that grows beyond this is formatted when it is whole. */
const LONG_BLOCK = 8_000;
/** Deeper quotes and lists are nobody's prose; taking them apart costs too much. */
const DEEP = /^(?:[ \t]*(?:>|(?:[-*+]|\d+[.)])[ \t])){24}/m;
/** A line that opens or closes a block of code, or is about to. */
const FENCE = /^ {0,3}(?:`{1,}|~{1,})/m;
/** What may mean something in Markdown, or end what does. */
const MARKED = /[^\p{L}\p{N} ,.'"’“”–—()?!-]/u;
/** A line this long begins as what it is; a list's or heading's mark is shorter. */
const BEGUN = 24;
const MOST_LINKS = 100;
const MOST_OPENINGS = 500;
const OPENING = /[*_~`[\\$<]/;
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;

/** Formulas keep their text. Block ones begin a block: they interrupt no paragraph. */
const MATH_BLOCK = /^ {0,3}(?:\$\$[^$]{1,8000}?\$\$|\\\[[^]{1,8000}?\\\])[ \t]*(?:\n|$)/;
const MATH =
  /^(?:\$\$[^$\n]{1,500}?\$\$|\$(?![\s$])[^$\n]{0,500}?[^\s$\\]\$(?!\d)|\\\([^\n]{1,500}?\\\))/;

const marked = new Marked({
  gfm: true,
  extensions: [
    { ...mathRule('math', 'inline', MATH), start: text => startOf(text, /\$|\\\(/) },
    mathRule('mathBlock', 'block', MATH_BLOCK)
  ]
});

function startOf(text: string, rule: RegExp): number | undefined {
  const at = text.search(rule);
  return at < 0 ? undefined : at;
}

function mathRule(name: string, level: 'inline' | 'block', rule: RegExp): TokenizerExtension {
  return {
    name,
    level,
    tokenizer: (text: string) => {
      const found = rule.exec(text);
      return found ? { type: name, raw: found[0] } : undefined;
    }
  };
}

/** The blocks of a text; one of plain text where it cannot be taken apart. */
function lex(text: string): Token[] {
  if (text.length <= LONGEST && !DEEP.test(text)) {
    try {
      return taken(text);
    } catch {
      // Too deep for the lexer.
    }
  }
  return [{ type: 'html', raw: text, text, pre: false, block: true }];
}

/** The tokens of a text. A line that would take the lexer seconds stays as it is. */
function taken(text: string): Token[] {
  const lexer = new Lexer(marked.defaults);
  lexer.blockTokens(text, lexer.tokens);
  for (const { src, tokens } of lexer['inlineQueue']) {
    if (isTangled(src)) {
      tokens.push({ type: 'text', raw: src, text: src });
    } else {
      lexer.inlineTokens(src, tokens);
    }
  }
  return lexer.tokens;
}

/** Whether so much may open in a text and close nowhere that the lexer's time is not bounded. */
function isTangled(text: string): boolean {
  return text.split('](').length > MOST_LINKS || text.split(OPENING).length > MOST_OPENINGS;
}

/** One line of Markdown: code, emphasis and links, no blocks. */
export function inlineMarkdown(text: string, context: IContext): Node[] {
  const first = text.length < 2_000 ? lex(text)[0] : undefined;
  const tokens = first && 'tokens' in first ? first.tokens : undefined;
  return tokens ? inline(tokens, context) : [document.createTextNode(printable(text))];
}

interface IBlock {
  raw: string;
  type: string;
  node: HTMLElement | null;
}

export class Markdown {
  readonly node = el('div', 'jp-Codex-markdown');

  constructor(private _context: IContext) {}

  /** Shows the text; cheap when it only grew. `isWhole`: no more will come. */
  update(given: string, isWhole: boolean): void {
    const text = given.includes('\r') ? given.replace(/\r\n?/g, '\n') : given;
    if (text === this._text && isWhole === this._isWhole) {
      return;
    }
    const grown = text.startsWith(this._text) ? text.slice(this._text.length) : null;
    this._text = text;
    this._isWhole = isWhole;
    if (grown !== null && !isWhole && this._growsInPlace(grown)) {
      return;
    }
    // A definition may change what came before it.
    const isAnew = grown === null || (isWhole && DEFINITION.test(text));
    this._drop(isAnew ? 0 : this._settled());
    const start = this._blocks.reduce((length, each) => length + each.raw.length, 0);
    const tokens = lex(text.slice(start));
    const last = tokens.map(token => token.type !== 'space').lastIndexOf(true);
    tokens.forEach((token, at) => this._put(token, isWhole || at < last));
  }

  /** How many blocks no further text can change: all but the last two that hold anything. */
  private _settled(): number {
    let count = this._blocks.length;
    for (let held = 0; count > 0 && held < 2; count--) {
      held += this._blocks[count - 1].node ? 1 : 0;
    }
    return count;
  }

  private _drop(from: number): void {
    this._blocks.splice(from).forEach(each => each.node?.remove());
  }

  private _put(token: Token, isSettled: boolean): void {
    const node = block(token, this._context, isSettled);
    this._blocks.push({ raw: token.raw, type: token.type, node });
    if (node) {
      this.node.append(node);
    }
  }

  /** Whether the text goes on in code, plain words or a very long paragraph, and stands there now. */
  private _growsInPlace(grown: string): boolean {
    const last = this._blocks.at(-1);
    const isCode = last?.type === 'code' && FENCE.test(last.raw);
    const isLong = last?.type === 'paragraph' && last.raw.length > LONG_BLOCK;
    if (last && this._isPlain(last, grown)) {
      (last.node!.lastChild as Text).appendData(grown);
      last.raw += grown;
      return true;
    }
    if (!last?.node || !(isCode || isLong)) {
      return false;
    }
    const line = last.raw.slice(last.raw.lastIndexOf('\n') + 1) + grown;
    if (isCode ? !last.raw.includes('\n') || FENCE.test(line) : line.includes('\n\n')) {
      return false;
    }
    (isCode ? last.node.querySelector('code') : last.node)?.append(printable(grown));
    last.raw += grown;
    return true;
  }

  /** Whether words go on in a paragraph behind words. */
  private _isPlain({ type, raw, node }: IBlock, grown: string): boolean {
    const isBegun = raw.length - raw.lastIndexOf('\n') > BEGUN;
    const isWord = isBegun && !MARKED.test(raw.slice(-1) + grown);
    return type === 'paragraph' && isWord && node?.lastChild instanceof Text;
  }

  private _text = '';
  private _isWhole = false;
  private _blocks: IBlock[] = [];
}
