/** The entries of a turn in order. Draws what is new or changed and leaves the rest alone. */

import type { IEntry } from '../contracts';
import type { EntryMaker, IContext, IEntryView } from './context';
import { el } from './dom';
import { COMMANDS } from './entries/command';
import { NOTES, other } from './entries/notes';
import { SAID } from './entries/said';
import { TOOLS } from './entries/tools';

const KINDS: { [type: string]: EntryMaker } = { ...SAID, ...COMMANDS, ...TOOLS, ...NOTES };

interface IDrawn {
  type: string;
  view: IEntryView;
}

export class EntryList {
  readonly node = el('div', 'jp-Codex-entries');

  constructor(private _context: IContext) {}

  /** Brings the list in line with the entries; draws those of `changed`, `null` means all. */
  draw(entries: ReadonlyArray<IEntry>, changed: ReadonlySet<string> | null): void {
    const wanted = new Map(entries.map(entry => [entry.id, entry.type]));
    for (const [id, drawn] of this._drawn) {
      if (wanted.get(id) !== drawn.type) {
        drawn.view.node.remove();
        this._drawn.delete(id);
      }
    }
    let next: ChildNode | null = this.node.firstChild;
    for (const entry of entries) {
      const node = this._draw(entry, changed);
      if (node === next) {
        next = next.nextSibling;
      } else {
        this.node.insertBefore(node, next);
      }
    }
  }

  /** Draws entries that are there already. */
  touch(entries: ReadonlyArray<IEntry>, changed: ReadonlySet<string>): void {
    entries.filter(entry => changed.has(entry.id)).forEach(entry => this._draw(entry, changed));
  }

  private _draw(entry: IEntry, changed: ReadonlySet<string> | null): HTMLElement {
    const known = this._drawn.get(entry.id);
    if (known) {
      if (changed === null || changed.has(entry.id)) {
        this._update(known, entry);
      }
      return known.view.node;
    }
    const kind = Object.hasOwn(KINDS, entry.type) ? KINDS[entry.type] : other;
    const drawn = { type: entry.type, view: kind(this._context) };
    this._drawn.set(entry.id, drawn);
    this._update(drawn, entry);
    return drawn.view.node;
  }

  /** A document may hold anything: what is not of the form its type promises is shown raw. */
  private _update(drawn: IDrawn, entry: IEntry): void {
    try {
      drawn.view.update(entry);
    } catch (error) {
      console.warn(`Codex: an item of type ${entry.type} is not as it should be`, error);
      const raw = other(this._context);
      raw.update(entry);
      drawn.view.node.replaceWith(raw.node);
      drawn.view = raw;
    }
  }

  private readonly _drawn = new Map<string, IDrawn>();
}
