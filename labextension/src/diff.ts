/**
 * Unified diffs, read into numbered lines, as `codex_kernel/render/diff.py` reads them: never
 * fails, a line that fits nowhere is kept as a note.
 */

/** Added, removed, unchanged, the head of a hunk, a note. */
export type Mark = '+' | '-' | ' ' | '@' | '…';

/** One line of a diff with its numbers before and after. */
export interface ILine {
  old: number | null;
  new: number | null;
  mark: Mark;
  text: string;
}

/** The changes of one file of a whole diff; `text` is its part, as it was. */
export interface IFileDiff {
  path: string;
  kind: 'add' | 'update' | 'delete';
  movePath: string | null;
  lines: ILine[];
  text: string;
}

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@/;
const PATH = /^(?:---|\+\+\+) (?:[ab]\/)?(.*?)\t?$/;
const GIT = /^diff --git "?a\/(.+?)"? "?b\/(.+?)"?$/;

/** The lines of unified hunks (without file headers). */
export function readHunks(hunks: string): ILine[] {
  return read(split(hunks));
}

/** How many lines are added and removed. */
export function countLines(lines: readonly ILine[]): { added: number; removed: number } {
  const count = (mark: Mark): number => lines.filter(line => line.mark === mark).length;
  return { added: count('+'), removed: count('-') };
}

/** The files of a whole diff as `git diff` writes it; none for an empty one. */
export function readFiles(unified: string): IFileDiff[] {
  return unified.trim() ? sections(unified).map(readFile) : [];
}

/** Lines end at newlines only. */
function split(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** How much of a hunk is still to come. */
class Hunk {
  old = 0;
  new = 0;
  oldLeft = 0;
  newLeft = 0;

  /** Whether the line begins a hunk, where none is open. */
  begins(text: string): boolean {
    const found = this.oldLeft <= 0 && this.newLeft <= 0 ? HUNK.exec(text) : null;
    if (found) {
      [this.old, this.new] = [Number(found[1]), Number(found[3])];
      [this.oldLeft, this.newLeft] = [Number(found[2] || 1), Number(found[4] || 1)];
    }
    return found !== null;
  }

  /** The line, with its numbers, where it is one of the hunk. */
  take(text: string): ILine | null {
    if (text.startsWith('+') && this.newLeft > 0) {
      this.newLeft -= 1;
      return { old: null, new: this.new++, mark: '+', text: text.slice(1) };
    }
    if (text.startsWith('-') && this.oldLeft > 0) {
      this.oldLeft -= 1;
      return { old: this.old++, new: null, mark: '-', text: text.slice(1) };
    }
    if ((text === '' || text.startsWith(' ')) && this.oldLeft > 0 && this.newLeft > 0) {
      [this.oldLeft, this.newLeft] = [this.oldLeft - 1, this.newLeft - 1];
      return { old: this.old++, new: this.new++, mark: ' ', text: text.slice(1) };
    }
    return null;
  }
}

function read(raw: string[]): ILine[] {
  const hunk = new Hunk();
  const lines: ILine[] = [];
  for (const text of raw) {
    if (hunk.begins(text)) {
      lines.push({ old: null, new: null, mark: '@', text });
      continue;
    }
    const line = hunk.take(text) ?? { old: null, new: null, mark: '…', text };
    if (line.mark !== '…' || text) {
      lines.push(line);
    }
  }
  return lines;
}

/** The lines of each file: a header may only begin where no hunk is open. */
function sections(unified: string): string[][] {
  const found: string[][] = [];
  const hunk = new Hunk();
  for (const text of split(unified)) {
    const isOpen = hunk.oldLeft > 0 || hunk.newLeft > 0;
    if (!found.length || (!isOpen && text.startsWith('diff --git '))) {
      found.push([]);
    }
    found[found.length - 1].push(text);
    if (!hunk.begins(text)) {
      hunk.take(text);
    }
  }
  return found;
}

function readFile(section: string[]): IFileDiff {
  const at = section.findIndex(text => text.startsWith('@@ '));
  const head = section.slice(0, at < 0 ? section.length : at);
  const [before, after] = named(head);
  const isNew = before === '/dev/null' || head.some(text => text.startsWith('new file'));
  const isGone = after === '/dev/null' || head.some(text => text.startsWith('deleted file'));
  const lines = at < 0 ? [] : read(section.slice(at));
  return {
    path: isNew ? after : before,
    kind: isNew ? 'add' : isGone ? 'delete' : 'update',
    movePath: !isNew && !isGone && after !== before ? after : null,
    lines: lines.length ? lines : binary(head),
    text: section.join('\n') + '\n'
  };
}

function binary(head: string[]): ILine[] {
  const notes = head.filter(text => /^(Binary|GIT binary)/.test(text));
  return notes.map(text => ({ old: null, new: null, mark: '…', text }));
}

/** The paths before and after, without git's prefixes. */
function named(head: string[]): [string, string] {
  let before = '';
  let after = '';
  for (const text of head) {
    const git = GIT.exec(text);
    if (git) {
      [before, after] = [git[1], git[2]];
    } else if (text.startsWith('rename from ')) {
      before = text.slice('rename from '.length);
    } else if (text.startsWith('rename to ')) {
      after = text.slice('rename to '.length);
    } else if (text.startsWith('--- ')) {
      before = PATH.exec(text)?.[1] ?? before;
    } else if (text.startsWith('+++ ')) {
      after = PATH.exec(text)?.[1] ?? after;
    }
  }
  return [before || after, after || before];
}
