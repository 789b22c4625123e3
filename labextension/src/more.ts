/** The way from a bounded copy of a turn to all of it, where the record has it. */

import { Widget } from '@lumino/widgets';

import { Problem } from './api';
import type { IEntry, IHost, IPicture, ITurnSource } from './contracts';
import { button, el } from './view/dom';

/** What stands in a text whose rest was left out, see `codex_kernel/render/bounds.py`. */
const MARK = /left out; the whole (text|output) is in the turn log/;

/** Whether the bounds of a bundle cut something off. */
export function isCut(picture: IPicture): boolean {
  return MARK.test(picture.prompt) || picture.items.some(isCutEntry);
}

function isCutEntry(entry: IEntry): boolean {
  return Object.values(entry).some(value =>
    Array.isArray(value)
      ? value.some(
          part => isText(part) || (part && isText(part.diff)) || (part && isText(part.text))
        )
      : isText(value)
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && MARK.test(value);
}

/** A button that fetches what was cut off. */
export class More extends Widget {
  constructor(
    private readonly _source: ITurnSource,
    private readonly _host: IHost
  ) {
    super();
    this.addClass('jp-Codex-more');
    const label = _host.trans.__('Show all from the record');
    this.node.append(button(label, '', () => void this._fetch()));
  }

  private async _fetch(): Promise<void> {
    const { trans } = this._host;
    try {
      const isWhole = await this._source.whole?.();
      this._say(isWhole ? '' : trans.__('The record no longer has this turn.'));
    } catch (problem) {
      const isOurs = problem instanceof Problem;
      this._say(isOurs ? `${problem.message} ${problem.nextStep}` : String(problem));
    }
  }

  /** In place of the button; nothing once everything is shown. */
  private _say(text: string): void {
    if (!this.isDisposed) {
      this.node.replaceChildren(...(text ? [el('span', 'jp-Codex-note', text)] : []));
    }
  }
}
