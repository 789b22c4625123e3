/**
 * The widget for frontends without our extension: the same view of a turn, fed by the kernel.
 *
 * Built by esbuild into one module, which anywidget loads. It must bring everything: there is no
 * JupyterLab around it.
 */

import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { CommSource, type IModel } from './comm';
import type { IHost, ITranslation } from './contracts';
import { button, el } from './view/dom';
import { TurnView } from './view/turn';

const trans: ITranslation = {
  __: (message, ...args) => message.replace(/%(\d)/g, (found, at) => String(args[at - 1] ?? found)),
  _n: (singular, plural, n, ...args) => trans.__(n === 1 ? singular : plural, ...args)
};

export default {
  render({ model, el: place }: { model: IModel; el: HTMLElement }): () => void {
    const source = new CommSource(model);
    const view = new TurnView(source, hostOf(source, place));
    // Not `Widget.attach`: the place may not be in the page yet.
    place.append(view.node);
    MessageLoop.sendMessage(view, Widget.Msg.AfterAttach);
    return () => {
      view.dispose();
      source.dispose();
    };
  }
};

function hostOf({ actions }: CommSource, place: HTMLElement): IHost {
  return {
    trans,
    actions,
    enterSteers: true,
    opener: () => null,
    fileUrl: () => Promise.resolve(null),
    confirm: (title, body, accept) => confirmed(place, title, body, accept)
  };
}

/** Asks in the output itself: not every frontend lets a page open a dialog. */
function confirmed(
  place: HTMLElement,
  title: string,
  body: string,
  accept: string
): Promise<boolean> {
  return new Promise(resolve => {
    const answer = (isSure: boolean): void => {
      asked.remove();
      resolve(isSure);
    };
    const no = button(trans.__('Cancel'), '', () => answer(false));
    const yes = button(accept, 'jp-mod-accept', () => answer(true));
    const actions = el('div', 'jp-Codex-actions', yes, no);
    const text = el('div', 'jp-Codex-plainText', body);
    const note = el('div', 'jp-Codex-note jp-mod-warning', el('strong', '', title), text, actions);
    const asked = el('div', 'jp-Codex', note);
    asked.setAttribute('role', 'alertdialog');
    asked.setAttribute('aria-label', title);
    place.prepend(asked);
    no.focus();
  });
}
