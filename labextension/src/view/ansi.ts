/**
 * What a program wrote to a terminal, as lines of styled pieces.
 *
 * Interprets carriage returns, backspaces, erase-in-line and colours (ECMA-48 SGR); every other
 * control sequence, also links and titles (OSC), is dropped. Takes text as it comes: a sequence
 * that is cut off waits for its rest.
 */

import { PLAIN, type Colour, type IStyle } from './palette';

export interface IPiece {
  text: string;
  style: IStyle;
}

export type Line = IPiece[];

/* eslint-disable no-control-regex -- escape sequences begin with one */
const TOKEN =
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])?|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\x90\x98\x9e\x9f]*(?:\x1b\\|\x9c)|\x1b[ -/]*[0-~]?|(\r?\n)|([\x00-\x08\x0b-\x1f\x7f-\x9f])|([^\x00-\x08\x0a-\x1f\x7f-\x9f]+)/g;
/** The beginning of a sequence at the end of what has come. */
const CUT =
  /(?:\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b\x9c\n]{0,4096}\x1b?|[PX^_][^\x1b\x9c]{0,4096}\x1b?|[ -/]*)?|\x9b[0-?]*[ -/]*|\r)$/;
const SIMPLE = /^[\x00-\ud7ff\ue000-\uffff]*$/;
/** A line of more colours keeps the last one: a sequence must not fill the page with elements. */
const MOST_PIECES = 2_000;
/** A cursor cannot be moved farther right than this: a sequence must not allocate memory. */
const WIDEST = 1_000;

export class Terminal {
  /** Lines so far; the last one is still being written. */
  readonly lines: Line[] = [[]];

  /** Takes more text; the number of the first line that changed. */
  write(text: string): number {
    const first = this.lines.length - 1;
    let taken = (this._rest + text).replace(/\r{2,}/g, '\r');
    this._rest = CUT.exec(taken)?.[0] ?? '';
    taken = taken.slice(0, taken.length - this._rest.length);
    for (const token of taken.matchAll(TOKEN)) {
      this._take(token);
    }
    this._close();
    return first;
  }

  private _take([, params, final, newline, control, text]: RegExpMatchArray): void {
    if (text !== undefined) {
      this._print(text);
    } else if (newline !== undefined) {
      this._close();
      this.lines.push([]);
      this._column = this._width = 0;
    } else if (control === '\r') {
      this._column = 0;
    } else if (control === '\b') {
      this._column = Math.max(0, this._column - 1);
    } else if (final === 'm') {
      this._style = restyled(this._style, params);
    } else if (final !== undefined) {
      this._move(final, params);
    }
  }

  private _print(text: string): void {
    const line = this.lines[this.lines.length - 1];
    const last = line.at(-1);
    if (this._open || this._column !== this._width) {
      this._overwrite(text);
    } else if (last && (last.style === this._style || line.length >= MOST_PIECES)) {
      last.text += text;
    } else {
      line.push({ text, style: this._style });
    }
    // Columns are characters; most text has one unit for each.
    this._column += SIMPLE.test(text) ? text.length : Array.from(text).length;
    this._width = Math.max(this._width, this._column);
  }

  private _overwrite(text: string): void {
    const cells = this._cells();
    while (cells.length < this._column) {
      cells.push({ text: ' ', style: PLAIN });
    }
    Array.from(text).forEach((char, at) => {
      cells[this._column + at] = { text: char, style: this._style };
    });
  }

  private _move(final: string, params: string): void {
    const number = /^\d{1,5}$/.test(params) ? Number(params) : 0;
    if (final === 'K') {
      this._erase(number);
    }
    const column = {
      C: this._column + Math.max(number, 1),
      D: this._column - Math.max(number, 1),
      G: number - 1
    }[final];
    this._column = Math.min(Math.max(column ?? this._column, 0), WIDEST);
  }

  private _erase(mode: number): void {
    const cells = this._cells();
    if (mode === 0) {
      cells.splice(this._column);
    } else if (mode === 2) {
      cells.length = 0;
    } else if (mode === 1) {
      cells.fill({ text: ' ', style: PLAIN }, 0, this._column + 1);
    }
    this._width = cells.length;
  }

  private _cells(): IPiece[] {
    const line = this.lines[this.lines.length - 1];
    this._open ??= line.flatMap(({ text, style }) =>
      Array.from(text, char => ({ text: char, style }))
    );
    return this._open;
  }

  private _close(): void {
    if (!this._open) {
      return;
    }
    const line: Line = [];
    for (const { text, style } of this._open) {
      const last = line.at(-1);
      if (last && last.style === style) {
        last.text += text;
      } else {
        line.push({ text, style });
      }
    }
    this.lines[this.lines.length - 1] = line;
    this._open = null;
  }

  private _style = PLAIN;
  /** The last line character by character, while it is written over. */
  private _open: IPiece[] | null = null;
  private _column = 0;
  private _width = 0;
  private _rest = '';
}

/** A text as lines without colours, as they stood on the screen in the end. */
export function stripped(text: string): string {
  const terminal = new Terminal();
  terminal.write(text);
  return terminal.lines.map(line => line.map(piece => piece.text).join('')).join('\n');
}

const SWITCHES: { [code: number]: Partial<IStyle> } = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { fg: null },
  49: { bg: null }
};

/** The style after a "select graphic rendition" with these parameters. */
function restyled(before: IStyle, params: string): IStyle {
  const groups = params.split(';').map(group => group.split(':').map(part => Number(part) || 0));
  let style = before;
  while (groups.length > 0) {
    const [code, ...sub] = groups.shift()!;
    if (code === 38 || code === 48) {
      const rest = sub.length
        ? sub
        : groups.splice(0, groups[0]?.[0] === 5 ? 2 : 4).map(group => group[0]);
      style = { ...style, [code === 38 ? 'fg' : 'bg']: extended(rest) };
    } else {
      style = code === 0 ? PLAIN : { ...style, ...basic(code, sub) };
    }
  }
  const isPlain = (Object.keys(PLAIN) as (keyof IStyle)[]).every(key => style[key] === PLAIN[key]);
  return isPlain ? PLAIN : style;
}

function basic(code: number, sub: number[]): Partial<IStyle> {
  if (code === 4 && sub[0] === 0) {
    return { underline: false };
  }
  for (const [first, name, base] of [
    [30, 'fg', 0],
    [40, 'bg', 0],
    [90, 'fg', 8],
    [100, 'bg', 8]
  ] as const) {
    if (code >= first && code < first + 8) {
      return { [name]: code - first + base };
    }
  }
  return SWITCHES[code] ?? {};
}

function extended(sub: number[]): Colour {
  if (sub.length >= 2 && sub[0] === 5 && sub[1] < 256) {
    return sub[1];
  }
  const rgb = sub.slice(-3);
  return sub.length >= 4 && sub[0] === 2 && Math.max(...rgb) < 256
    ? [rgb[0], rgb[1], rgb[2]]
    : null;
}
