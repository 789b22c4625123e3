/**
 * Whether a cell is to be filled with a turn of the record: what the user wants decides.
 *
 * An output that was saved before its turn had ended is completed. A cell that does not show its
 * turn is filled when it ran after the document was saved for the last time, since then nobody
 * can have seen and removed the output, and when the cell still says what was asked.
 */

import { isTurnId, MIME } from '../contracts';

/** A turn that an output of the cell shows. */
export interface IShown {
  turnId: string;
  final: boolean;
}

/** A cell as its document has it. */
export interface ICellAsIs {
  source: string;
  /** One for each output; null: not a turn. */
  outputs: readonly (IShown | null)[];
}

/** A turn of the cell, from the record. */
export interface ITurnOfCell {
  turn_id: string;
  prompt: string;
  state: string;
  queued_at: string | null;
  started_at: string | null;
}

/** `replace`: the output at `at`; `insert`: in place of what the cell shows; `say`: not filled. */
export type Intent =
  { kind: 'leave' } | { kind: 'insert' | 'say' } | { kind: 'replace'; at: number };

const LEAVE: Intent = { kind: 'leave' };
/** What the record lists of a prompt. */
const LISTED_CHARACTERS = 500;
/** As `codex_kernel/cell/text.py` has it. */
const COMMAND = /^[/%][a-z][a-z-]*(?=\s|$)/;
/** Where a variable's value stands in a prompt, as `codex_kernel/cell/variables.py` has it. */
const PLACE = /\{[A-Za-z_][A-Za-z0-9_]*\}/;
const MAGIC = /^\s*%{1,2}codex(?=\s|$)/;

/** What to do with a cell whose latest turn is `turn`. `savedAt` in ms since 1970. */
export function intentOf(
  cell: ICellAsIs,
  turn: ITurnOfCell,
  savedAt: number,
  wasCleared: boolean
): Intent {
  const at = cell.outputs.findIndex(output => output?.turnId === turn.turn_id);
  if (at >= 0) {
    return cell.outputs[at]!.final ? LEAVE : { kind: 'replace', at };
  }
  const began = Date.parse(turn.started_at ?? turn.queued_at ?? '');
  if (wasCleared || turn.state === 'cancelled' || !(began > savedAt)) {
    return LEAVE;
  }
  // Running the cell has taken away what an earlier turn left in it; anything else is the user's.
  const isStale = cell.outputs.some(output => output !== null && output.turnId < turn.turn_id);
  if (cell.outputs.length > 0 && !isStale) {
    return LEAVE;
  }
  return { kind: asksFor(cell.source, turn.prompt) ? 'insert' : 'say' };
}

/** The turn that an output shows, by its MIME bundle; null: none. */
export function shownIn(data: { readonly [mimeType: string]: unknown }): IShown | null {
  const bundle = data[MIME] as { turn_id?: unknown; final?: unknown } | null | undefined;
  return isTurnId(bundle?.turn_id)
    ? { turnId: bundle.turn_id, final: bundle.final === true }
    : null;
}

/** Whether a cell with this source would ask for the prompt (of which the beginning is known). */
export function asksFor(source: string, prompt: string): boolean {
  const text = source.replace(/\r\n/g, '\n');
  if (MAGIC.test(text) || /^\s*%{1,2}codex\b/m.test(text)) {
    return text.includes(prompt.trim());
  }
  const lines = text.split('\n');
  const first = lines.findIndex(line => line.trim() !== '' && !COMMAND.test(line));
  if (prompt.startsWith('/')) {
    // The turn of a command: `/review`, `/plan` with the lines below it.
    return prompt.split('\n').every(line => text.includes(line.trim()));
  }
  const asked = lines
    .slice(first)
    .join('\n')
    .trimEnd()
    .replace(/^\\(\\*[/%!])/, '$1');
  return fills(asked.split(PLACE), prompt, prompt.length < LISTED_CHARACTERS);
}

/** Whether a text is these parts with anything between them; one that is cut, as far as told. */
function fills([first, ...parts]: string[], text: string, isWhole: boolean): boolean {
  if (!isWhole) {
    return first.startsWith(text) || (parts.length > 0 && text.startsWith(first));
  }
  const last = parts.pop();
  if (last === undefined || !text.startsWith(first)) {
    return text === first;
  }
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) {
      return false;
    }
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
