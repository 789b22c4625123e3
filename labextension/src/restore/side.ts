/** What a cell shows beside its document: a turn that ran with another prompt. It is not saved. */

import type { IDisposable } from '@lumino/disposable';
import { PanelLayout, Widget } from '@lumino/widgets';

import type { ILiveTurn } from '../feed';
import type { ICodex } from '../tokens';
import { TurnView } from '../view/turn';
import { Beside } from './beside';
import type { RestoredCell } from './cell';

interface IStanding {
  turnId: string;
  widget: Beside;
}

/** The notices of one notebook. */
export class Side implements IDisposable {
  private readonly _standing = new Map<RestoredCell, IStanding>();
  isDisposed = false;

  constructor(
    private readonly _codex: ICodex,
    private readonly _path: () => string
  ) {}

  dispose(): void {
    this.isDisposed = true;
    this._standing.forEach(({ widget }) => widget.dispose());
    this._standing.clear();
  }

  /** A turn ran in the cell, and the cell asks for something else now. */
  say(cell: RestoredCell, turn: ILiveTurn & { prompt: string }): void {
    if (this._standing.get(cell)?.turnId !== turn.turn_id) {
      this._stand(cell, turn.turn_id, new OtherPrompt(turn, this._codex, this._path(), cell.id));
    }
  }

  /** The cell's outputs are others. */
  update(cell: RestoredCell): void {
    const standing = this._standing.get(cell);
    if (standing && (cell.outputs.length > 0 || standing.widget.isDisposed)) {
      this._remove(cell);
    }
  }

  private _stand(cell: RestoredCell, turnId: string, content: Widget): void {
    this._remove(cell);
    const widget = cell.widget;
    if (widget) {
      this._standing.set(cell, { turnId, widget: new Beside(widget, content) });
    }
  }

  private _remove(cell: RestoredCell): void {
    this._standing.get(cell)?.widget.dispose();
    this._standing.delete(cell);
  }
}

/** Says which prompt a turn ran with, and shows it when asked to. */
class OtherPrompt extends Widget {
  constructor(turn: ILiveTurn & { prompt: string }, codex: ICodex, path: string, cellId: string) {
    super();
    const { trans } = codex;
    this.layout = new PanelLayout();
    this.addClass('jp-CodexOtherPrompt');
    const notice = new Widget();
    notice.node.setAttribute('role', 'note');
    const text = document.createElement('span');
    text.textContent = trans.__(
      'A turn ran in this cell with another prompt: “%1”',
      short(turn.prompt)
    );
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jp-mod-styled jp-mod-minimal';
    button.textContent = trans.__('Show it');
    button.addEventListener('click', () => {
      button.remove();
      (this.layout as PanelLayout).addWidget(turnView(codex, turn.turn_id, path, cellId));
    });
    notice.node.append(text, ' ', button);
    (this.layout as PanelLayout).addWidget(notice);
  }
}

function turnView(codex: ICodex, turnId: string, path: string, cellId: string): Widget {
  const source = codex.source(turnId);
  const widget = new TurnView(source, codex.host({ path, cellId }));
  widget.disposed.connect(() => source.dispose());
  return widget;
}

function short(prompt: string): string {
  const line = prompt.trim().split('\n')[0];
  return line.length > 120 || line !== prompt.trim() ? `${line.slice(0, 120)} …` : line;
}
