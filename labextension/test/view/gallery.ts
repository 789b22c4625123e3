/**
 * A page of turns to look at and to test in a browser: no JupyterLab, the same view.
 *
 * `show` draws turns below one another; what it returns lets a test change them.
 */

import type { Freshness, IEntry, IPicture } from '../../src/contracts';
import { TurnView } from '../../src/view/turn';
import { Widget } from '@lumino/widgets';
import { Given, hostOf, turn, type ICall } from './turns';

export interface IShown {
  title?: string;
  picture: Partial<IPicture>;
  freshness?: Freshness;
  questions?: IEntry[];
  /** Opens every fold. */
  open?: boolean;
}

interface IGallery {
  sources: Given[];
  views: TurnView[];
  calls: ICall[];
  show(shown: IShown[]): void;
}

const KEYWORDS = /\b(def|return|import|from|class|if|else|for|in|const|let|function)\b/;

/** Enough of a highlighter to see where colours go. */
function highlight(code: string, _: string, into: HTMLElement): Promise<void> {
  const parts = code.split(new RegExp(KEYWORDS.source, 'g')).map(part => {
    const made = document.createElement('span');
    made.textContent = part;
    if (KEYWORDS.test(part)) {
      made.style.color = 'var(--jp-mirror-editor-keyword-color)';
    }
    return made;
  });
  into.replaceChildren(...parts);
  return Promise.resolve();
}

const host = hostOf({
  highlight,
  runPrompt: prompt => host.calls.push({ name: 'run', args: [prompt] })
});

const gallery: IGallery = {
  sources: [],
  views: [],
  calls: host.calls,
  show: all => {
    gallery.views.splice(0).forEach(view => view.dispose());
    document.body.replaceChildren();
    gallery.sources = all.map(({ picture, freshness, questions }) => {
      const source = new Given(turn([], picture), freshness);
      source.questions = questions ?? [];
      return source;
    });
    all.forEach(({ title, open }, at) => {
      const head = document.createElement('h1');
      head.textContent = title ?? '';
      const frame = document.createElement('div');
      frame.className = 'frame';
      document.body.append(head, frame);
      const view = new TurnView(gallery.sources[at], host);
      Widget.attach(view, frame);
      gallery.views.push(view);
      if (open) {
        openAll(view.node);
      }
    });
  }
};

function openAll(node: HTMLElement): void {
  for (let closed = true; closed;) {
    const fold = node.querySelector<HTMLDetailsElement>('details:not([open])');
    closed = fold !== null;
    if (fold) {
      fold.open = true;
      fold.dispatchEvent(new Event('toggle'));
    }
  }
}

Object.assign(window, { gallery });
