/**
 * What happened in a turn, from the first thought to the answer.
 *
 * A turn that is watched shows every step. One that had ended when it was opened begins as a
 * summary: its steps are drawn when the reader asks for them, so that a notebook with hundreds of
 * turns opens at once.
 */

import type { IChange, IEntry, ITurnSource } from '../contracts';
import { readFiles } from '../diff';
import { answerOf } from '../entries';
import { fileChange } from './changes';
import type { IContext } from './context';
import { el, fold, setText } from './dom';
import { EntryList } from './list';
import { steps } from './words';

/** What a reader should see without opening anything. */
const REMARKS = ['warning', 'retry'];

export class Steps {
  readonly node = el('div', 'jp-Codex-steps');

  constructor(private _context: IContext) {
    this._shown = new EntryList(_context);
    this._lead = new EntryList(_context);
    this._folded = new EntryList(_context);
    this._fold = fold([this._summary], false, () => [this._folded.node]);
    this._fold.classList.add('jp-Codex-work');
    this._fold.addEventListener('toggle', () => this._drawFolded(null));
    this.node.append(this._lead.node, this._fold, this._shown.node, this._files);
  }

  draw({ picture, freshness }: ITurnSource, change: IChange): void {
    this._wasLive ||= !picture.final && freshness === 'live';
    const at = picture.final && !this._wasLive ? endOfSteps(picture.items) : 0;
    const before = picture.items.slice(0, at);
    const lead = before.filter(entry => REMARKS.includes(entry.type));
    const hidden = before.filter(entry => !REMARKS.includes(entry.type));
    const shown = picture.items.slice(at);
    const isListed = hidden.length === this._hidden.length && !change.list;
    this._hidden = hidden;
    this._fold.hidden = hidden.length === 0;
    setText(this._summary, steps(hidden, this._context.host.trans));
    if (isListed) {
      this._shown.touch(shown, change.entries);
    } else {
      this._lead.draw(lead, change.entries);
      this._shown.draw(shown, change.entries);
    }
    this._drawFolded(change.entries);
    this._drawFiles(picture.diff, picture.final);
  }

  private _drawFolded(changed: ReadonlySet<string> | null): void {
    if (this._fold.open) {
      this._folded.draw(this._hidden, changed);
    }
  }

  /** Files that changed without a patch that shows it, e.g. by a command. */
  private _drawFiles(diff: string | null, isFinal: boolean): void {
    const shown = isFinal ? diff : null;
    if (shown === this._diff) {
      return;
    }
    this._diff = shown;
    const files = readFiles(shown ?? '');
    this._files.hidden = files.length === 0;
    this._files.replaceChildren(
      el('strong', '', this._context.host.trans.__('Also changed')),
      ...files.map(file =>
        fileChange({ ...file, move_path: file.movePath }, 'completed', this._context)
      )
    );
  }

  private _wasLive = false;
  private _hidden: IEntry[] = [];
  private _diff: string | null = '';
  private readonly _summary = el('span');
  private readonly _fold: HTMLDetailsElement;
  private readonly _lead: EntryList;
  private readonly _shown: EntryList;
  private readonly _folded: EntryList;
  private readonly _files = el('div', 'jp-Codex-files');
}

/** Where the steps of a turn end and its answer begins. */
function endOfSteps(items: ReadonlyArray<IEntry>): number {
  const answer = answerOf(items);
  return answer ? items.indexOf(answer) : items.length;
}
