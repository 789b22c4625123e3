/**
 * What a command writes: live, selectable, bounded in the page.
 *
 * The box follows the end until the reader scrolls up. It takes the wheel only when it has been
 * clicked or reached by keyboard, so that scrolling the page never gets stuck in it.
 */

import { Terminal, stripped, type Line } from './ansi';
import type { IContext } from './context';
import { button, copyButton, el, kept, setText } from './dom';
import { styled } from './palette';

/** Lines in one element; the browser lays out only those in sight. */
const CHUNK_LINES = 200;
/** What is in the page of an output that is not shown in full: its end. */
const TAIL_LINES = 200;
/** What is in the page of one that is. */
const MOST_LINES = 20_000;
/** Longer outputs can be shown in full. */
export const SHORT_LINES = 10;

export class Output {
  readonly node: HTMLElement;

  constructor(
    private _context: IContext,
    label: string
  ) {
    this._box = el('pre', 'jp-Codex-output');
    this._box.tabIndex = 0;
    this._box.setAttribute('role', 'group');
    this._box.setAttribute('aria-label', label);
    this._box.addEventListener('scroll', () => (this._follows = this._isAtEnd()));
    // Drawn before it is in the page, or in a fold: its end is shown when it gets a size.
    new ResizeObserver(() => this._follow()).observe(this._box);
    const { trans } = _context.host;
    this._above = el('div', 'jp-Codex-muted jp-Codex-above');
    this._below = el('div', 'jp-Codex-below');
    this._copy = copyButton(trans.__('Copy'), trans.__('Copied'), () => stripped(this._text));
    this._copy.setAttribute('aria-label', trans.__('Copy the output'));
    this.node = el('div', 'jp-Codex-copies', this._above, this._box, this._below);
  }

  get lineCount(): number {
    const { lines } = this._terminal;
    return lines.length - (lines[lines.length - 1].length ? 0 : 1);
  }

  /** Shows the text; cheap when it only grew. */
  update(text: string): void {
    if (text === this._text) {
      return;
    }
    const grown = text.startsWith(this._text) ? text.slice(this._text.length) : null;
    this._text = text;
    if (grown === null) {
      this._terminal = new Terminal();
      this._restart();
    }
    this._draw(this._terminal.write(grown ?? text));
  }

  private _restart(): void {
    this._box.replaceChildren();
    this._chunks = [];
  }

  /** Draws the lines from `first` on; those that have scrolled out of the bound are taken away. */
  private _draw(first: number): void {
    const { lines } = this._terminal;
    const most = this._isWhole ? MOST_LINES : TAIL_LINES;
    const from = Math.floor(Math.max(0, lines.length - most) / CHUNK_LINES) * CHUNK_LINES;
    this._chunks.filter(chunk => chunk.start < from).forEach(chunk => chunk.node.remove());
    this._chunks = this._chunks.filter(chunk => chunk.start >= from);
    let at = Math.max(from, this._chunks.length ? first : from);
    while (at < lines.length) {
      at = this._drawChunk(at, lines);
    }
    this._label(from);
    this._follow();
  }

  private _follow(): void {
    if (this._follows) {
      this._box.scrollTop = this._box.scrollHeight;
    }
  }

  /** Draws one chunk from line `at` on; where the next one begins. */
  private _drawChunk(at: number, lines: Line[]): number {
    const start = Math.floor(at / CHUNK_LINES) * CHUNK_LINES;
    const end = Math.min(start + CHUNK_LINES, lines.length);
    let chunk = this._chunks.find(each => each.start === start);
    if (!chunk) {
      chunk = { start, lines: [], node: el('div', 'jp-Codex-chunk') };
      this._chunks.push(chunk);
      this._box.append(chunk.node);
    }
    chunk.lines.splice(at - start).forEach(line => line.forEach(node => node.remove()));
    for (let number = at; number < end; number++) {
      const nodes = lines[number].map(piece => styled(piece.text, piece.style) as ChildNode);
      // A newline in the last line would be an empty line more.
      if (number < lines.length - 1) {
        nodes.push(document.createTextNode('\n'));
      }
      chunk.lines.push(nodes);
      chunk.node.append(...nodes);
    }
    chunk.node.classList.toggle('jp-mod-whole', chunk.lines.length === CHUNK_LINES);
    return end;
  }

  private _label(from: number): void {
    const { trans } = this._context.host;
    const count = this.lineCount;
    this._above.hidden = from === 0;
    setText(
      this._above,
      this._isWhole
        ? trans.__('%1 earlier lines are in the turn log', from)
        : trans._n('%1 earlier line', '%1 earlier lines', from, from)
    );
    if (count > SHORT_LINES && !this._toggle) {
      this._toggle = button('', 'jp-Codex-quiet', () => this._show(!this._isWhole));
    }
    if (this._toggle) {
      const all = trans.__('Show all %1 lines', count);
      setText(this._toggle, this._isWhole ? trans.__('Show less') : all);
      this._toggle.setAttribute('aria-expanded', String(this._isWhole));
    }
    if (!this._below.firstChild || this._toggle?.parentElement !== this._below) {
      this._below.replaceChildren(...kept(this._toggle, this._copy));
      this._below.classList.toggle('jp-mod-over', !this._toggle);
    }
  }

  private _show(isWhole: boolean): void {
    this._isWhole = isWhole;
    this._follows = !isWhole;
    this._box.classList.toggle('jp-mod-whole', isWhole);
    this._restart();
    this._draw(0);
  }

  private _isAtEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this._box;
    return scrollTop + clientHeight >= scrollHeight - 4;
  }

  private readonly _box: HTMLPreElement;
  private readonly _above: HTMLElement;
  private readonly _below: HTMLElement;
  private readonly _copy: HTMLButtonElement;
  private _toggle: HTMLButtonElement | null = null;
  private _terminal = new Terminal();
  private _chunks: { start: number; lines: ChildNode[][]; node: HTMLElement }[] = [];
  private _text = '';
  private _isWhole = false;
  private _follows = true;
}

/** Preformatted text that does not grow. */
export function outputBlock(text: string, label: string, context: IContext): HTMLElement {
  const output = new Output(context, label);
  output.update(text.trimEnd());
  return output.node;
}
