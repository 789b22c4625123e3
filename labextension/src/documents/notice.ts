/** A line above a document that has changed on disk, with what can be done about it. */

import { MessageLoop } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import type { IHost } from '../contracts';
import { button, el } from '../view/dom';
import { DiffView } from '../view/diffview';
import type { ILine } from '../diff';

export interface IChoice {
  label: string;
  /** Does it; the notice goes when that worked. */
  act(): Promise<void>;
}

export interface INotice {
  text: string;
  /** A command to type, in full. */
  code?: string;
  path: string;
  /** What differs, from what is here to what is on disk; asked for when it is looked at. */
  difference?(): Promise<ILine[]>;
  choices: readonly IChoice[];
}

/** Stays until a choice was made or the document is closed. */
export class Notice extends Widget {
  private readonly _problem = el('span', 'jp-CodexNotice-problem');
  private readonly _diff = el('div', 'jp-CodexNotice-diff jp-Codex');

  constructor(
    private readonly _notice: INotice,
    private readonly _host: IHost
  ) {
    super();
    const { trans } = _host;
    this.addClass('jp-CodexNotice');
    this.node.setAttribute('role', 'status');
    const text = el('span', 'jp-CodexNotice-text');
    text.textContent = _notice.text;
    const line = el('div', 'jp-CodexNotice-line', text);
    if (_notice.code) {
      this.addClass('jp-mod-long');
      const code = el('code', 'jp-CodexNotice-code');
      code.textContent = _notice.code;
      line.append(code);
    }
    if (_notice.difference) {
      line.append(button(trans.__('Show changes'), 'jp-mod-styled', () => void this._compare()));
    }
    for (const choice of _notice.choices) {
      line.append(button(choice.label, 'jp-mod-styled', () => void this._choose(choice)));
    }
    line.append(this._problem);
    this.node.append(line, this._diff);
  }

  private async _choose(choice: IChoice): Promise<void> {
    try {
      await choice.act();
      this.dispose();
    } catch (error) {
      this._problem.textContent = String(error);
    }
  }

  private async _compare(): Promise<void> {
    if (this._diff.hasChildNodes()) {
      this._diff.replaceChildren();
      this._resize();
      return;
    }
    try {
      const lines = await this._notice.difference!();
      const context = { host: this._host, cwd: () => null, item: () => undefined };
      const view = new DiffView(lines, this._notice.path, context);
      this._diff.replaceChildren(lines.length ? view.node : this._host.trans.__('No difference.'));
      this._resize();
    } catch (error) {
      this._problem.textContent = String(error);
    }
  }

  /** The layout above the document gives a widget the least height that its style asks for. */
  private _resize(): void {
    this.toggleClass('jp-mod-open', this._diff.hasChildNodes());
    if (this.parent) {
      MessageLoop.postMessage(this.parent, Widget.Msg.FitRequest);
    }
  }
}

/** Put a notice above a document, in place of an earlier one of ours. */
export function showNotice(header: Panel, notice: Notice): void {
  header.widgets.filter(each => each instanceof Notice).forEach(each => each.dispose());
  header.addWidget(notice);
}
