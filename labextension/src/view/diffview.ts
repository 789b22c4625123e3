/** The lines of one file's diff: unified or side by side, in the colours of its language. */

import type { ILine } from '../diff';
import { highlight } from './code';
import type { IContext } from './context';
import { button, el, kept } from './dom';
import { visible } from './plain';

/** Lines drawn of a long diff until the reader asks for all. */
const MOST_LINES = 400;
const CLASSES: { [mark: string]: string } = {
  '+': 'jp-mod-added',
  '-': 'jp-mod-removed',
  '@': 'jp-mod-hunk',
  '…': 'jp-mod-hunk'
};

/** Side by side, for every diff that is drawn from now on: what the reader chose last. */
let isSplit = false;

export class DiffView {
  readonly node = el('div', 'jp-Codex-diff jp-Codex-copies');
  readonly toggle: HTMLButtonElement;

  constructor(
    private _lines: ReadonlyArray<ILine>,
    private _path: string,
    private _context: IContext
  ) {
    this.toggle = button('', 'jp-Codex-quiet', () => {
      this._isSplit = isSplit = !this._isSplit;
      this._draw();
    });
    this._draw();
  }

  private _draw(): void {
    const { trans } = this._context.host;
    this.toggle.textContent = this._isSplit ? trans.__('Unified') : trans.__('Side by side');
    const lines = this._isWhole ? this._lines : this._lines.slice(0, MOST_LINES);
    const left = this._lines.length - lines.length;
    const more = trans._n('Show %1 more line', 'Show %1 more lines', left, left);
    const rest = left > 0 && button(more, 'jp-Codex-quiet', () => this._showAll());
    const rows = this._isSplit
      ? paired(lines).map(pair => this._pair(pair))
      : lines.map(line => this._row(line));
    const table = el('div', 'jp-Codex-lines', ...rows);
    table.classList.toggle('jp-mod-split', this._isSplit);
    this.node.replaceChildren(...kept(table, rest));
    this._colour(lines);
  }

  private _showAll(): void {
    this._isWhole = true;
    this._draw();
  }

  private _row(line: ILine): HTMLElement {
    const made = el('div', `jp-Codex-line ${CLASSES[line.mark] ?? ''}`.trim());
    made.append(number(line.new ?? line.old), this._text(line, line.mark === '-' ? 'old' : 'new'));
    return made;
  }

  private _pair([before, after]: [ILine | null, ILine | null]): HTMLElement {
    const made = el('div', 'jp-Codex-line');
    if (before && before === after && before.mark !== ' ') {
      made.classList.add('jp-mod-hunk');
      made.append(number(null), this._text(before, 'new'));
      return made;
    }
    for (const [line, side] of [
      [before, 'old'],
      [after, 'new']
    ] as const) {
      const cell = el('div', `jp-Codex-side ${(line && CLASSES[line.mark]) ?? ''}`.trim());
      cell.append(number(line && line[side]), line ? this._text(line, side) : el('code'));
      made.append(cell);
    }
    return made;
  }

  private _text(line: ILine, side: 'old' | 'new'): HTMLElement {
    const sign = line.mark === '+' || line.mark === '-' ? line.mark : ' ';
    const code = el('code', '', visible(line.text));
    code.dataset.sign = sign;
    if (line.mark !== '@' && line.mark !== '…') {
      this._cells[side].push(code);
    }
    return code;
  }

  /** Colours each side as a whole, so that what spans lines is told, then cuts it into lines. */
  private _colour(lines: ReadonlyArray<ILine>): void {
    const cells = this._cells;
    this._cells = { old: [], new: [] };
    const language = languageOf(this._path);
    if (lines.length > MOST_LINES || !language) {
      return;
    }
    for (const side of ['old', 'new'] as const) {
      const text = cells[side].map(cell => cell.textContent ?? '').join('\n');
      const whole = el('code', '', text);
      void highlight(text, language, whole, this._context).then(isDone => {
        const parts = isDone && whole.textContent === text ? linesOf(whole) : [];
        if (parts.length === cells[side].length) {
          cells[side].forEach((cell, at) => cell.replaceChildren(parts[at]));
        }
      });
    }
  }

  private _cells: { old: HTMLElement[]; new: HTMLElement[] } = { old: [], new: [] };
  private _isSplit = isSplit;
  private _isWhole = false;
}

/** The number of a line stands in an attribute: it is not copied with the text. */
function number(line: number | null): HTMLElement {
  const made = el('span', 'jp-Codex-number');
  made.dataset.number = line === null ? '' : String(line);
  return made;
}

/** The language of a file by its ending, as editors know them. */
export function languageOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return /\.(\w{1,12})$/.exec(name)?.[1].toLowerCase() ?? '';
}

/** A coloured element cut at its newlines. */
export function linesOf(whole: HTMLElement): DocumentFragment[] {
  const lines = [document.createDocumentFragment()];
  for (const child of Array.from(whole.childNodes)) {
    (child.textContent ?? '').split('\n').forEach((text, at) => {
      if (at > 0) {
        lines.push(document.createDocumentFragment());
      }
      const piece = child instanceof HTMLElement ? (child.cloneNode(false) as HTMLElement) : null;
      lines[lines.length - 1].append(piece ?? text);
      piece?.append(text);
    });
  }
  return lines;
}

/** Lines side by side: what was removed beside what was added in its place. */
export function paired(lines: ReadonlyArray<ILine>): [ILine | null, ILine | null][] {
  const rows: [ILine | null, ILine | null][] = [];
  let removed: ILine[] = [];
  let added: ILine[] = [];
  const flush = (): void => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      rows.push([removed[at] ?? null, added[at] ?? null]);
    }
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.mark === '-') {
      removed.push(line);
    } else if (line.mark === '+') {
      added.push(line);
    } else {
      flush();
      rows.push([line, line]);
    }
  }
  flush();
  return rows;
}
