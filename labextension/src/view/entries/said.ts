/** What was said: messages, thoughts, plans, findings, and what the user added. */

import type { IEntry } from '../../contracts';
import { redrawn, type EntryMaker, type IContext, type IEntryView } from '../context';
import { copyButton, el, fold, kept, setText } from '../dom';
import { Markdown, inlineMarkdown } from '../markdown';
import { printable, visible } from '../plain';
import { title } from '../words';

class Message implements IEntryView {
  readonly node = el('div', 'jp-Codex-message jp-Codex-copies');

  constructor(private _context: IContext) {
    this._text = new Markdown(_context);
    const { trans } = _context.host;
    this._copy = copyButton(trans.__('Copy'), trans.__('Copied'), () => this._raw);
    this._copy.setAttribute('aria-label', trans.__('Copy the message as Markdown'));
  }

  update(entry: IEntry): void {
    this._raw = entry.text ?? '';
    this.node.hidden = !this._raw.trim();
    if (entry.status === 'lost') {
      const head = this._context.host.trans.__('Draft that Codex gave up');
      this._text.update(this._raw, true);
      this.node.replaceChildren(fold([head], false, () => [this._text.node]));
      return;
    }
    this._text.update(this._raw, entry.status !== 'running');
    const isFinal = entry.phase === 'final_answer' && entry.status !== 'running';
    this.node.classList.toggle('jp-mod-answer', entry.phase === 'final_answer');
    if (this._text.node.parentElement !== this.node) {
      this.node.replaceChildren(this._text.node);
    }
    if (isFinal && !this._copy.parentElement) {
      this.node.append(el('div', 'jp-Codex-corner', this._copy));
    }
  }

  private _raw = '';
  private readonly _text: Markdown;
  private readonly _copy: HTMLButtonElement;
}

class Reasoning implements IEntryView {
  readonly node = el('div', 'jp-Codex-reasoning');

  constructor(private _context: IContext) {
    this._body = new Markdown(_context);
    this._fold = fold([this._title], false, () => [this._body.node]);
    this._fold.addEventListener('toggle', () => this._drawBody());
    this.node.append(this._fold);
  }

  update(entry: IEntry): void {
    const { trans } = this._context.host;
    const held = (parts?: string[]): string[] => (parts ?? []).filter(part => part.trim());
    const summary = held(entry.summary);
    this._parts = summary.length ? summary : held(entry.content);
    this._isWhole = entry.status !== 'running';
    // Codex says what it thinks about now in the title of the newest part.
    const said = this._parts.map(part => title(part)[0]).filter(Boolean);
    const shown = (this._isWhole ? said[0] : said.at(-1)) ?? trans.__('Thinking');
    if (shown !== this._shown) {
      this._shown = shown;
      this._title.replaceChildren(...inlineMarkdown(shown, this._context));
    }
    this.node.hidden = this._parts.length === 0 && this._isWhole;
    this.node.classList.toggle('jp-mod-running', !this._isWhole);
    const hasBody = this._parts.length > 1 || Boolean(title(this._parts[0] ?? '')[1]);
    this._fold.classList.toggle('jp-mod-empty', !hasBody);
    this._drawBody();
  }

  private _drawBody(): void {
    if (this._fold.open) {
      const [, rest] = title(this._parts[0] ?? '');
      this._body.update([rest, ...this._parts.slice(1)].join('\n\n'), this._isWhole);
    }
  }

  private _shown = '';
  private _parts: string[] = [];
  private _isWhole = false;
  private readonly _title = el('span', 'jp-Codex-thought');
  private readonly _fold: HTMLDetailsElement;
  private readonly _body: Markdown;
}

/** A text under a heading of its own, e.g. a proposed plan. */
class Titled implements IEntryView {
  readonly node = el('div', 'jp-Codex-note jp-mod-info');

  constructor(
    private _heading: (entry: IEntry) => string,
    context: IContext
  ) {
    this._text = new Markdown(context);
    this.node.append(this._head, this._text.node);
  }

  update(entry: IEntry): void {
    setText(this._head, this._heading(entry));
    this._text.update(entry.text ?? '', entry.status !== 'running');
  }

  private readonly _head = el('strong');
  private readonly _text: Markdown;
}

function added(heading: (entry: IEntry, context: IContext) => string): EntryMaker {
  return redrawn('jp-Codex-note jp-mod-info', (entry, context) => {
    const by = entry.by && context.host.trans.__('by %1', visible(entry.by));
    return kept(
      el('strong', '', heading(entry, context)),
      by && el('span', 'jp-Codex-muted', ` ${by}`),
      el('div', 'jp-Codex-plainText', printable(entry.text ?? ''))
    );
  });
}

const reviewBegins = redrawn('jp-Codex-step jp-mod-plain', (entry, context) => [
  context.host.trans.__('Review begins: %1', visible(entry.text ?? ''))
]);

export const SAID: { [type: string]: EntryMaker } = {
  message: context => new Message(context),
  reasoning: context => new Reasoning(context),
  plan: context => new Titled(() => context.host.trans.__('Proposed plan'), context),
  user_message: added((entry, { host }) => host.trans.__('You added')),
  steer: added((entry, { host }) => host.trans.__('Sent to the turn')),
  hook_prompt: added((entry, { host }) => host.trans.__('A hook said')),
  review: context => {
    const begins = reviewBegins(context);
    const findings = new Titled(() => context.host.trans.__('Review'), context);
    const node = el('div');
    return {
      node,
      update: entry => {
        const view = entry.phase === 'entered' ? begins : findings;
        view.update(entry);
        node.replaceChildren(view.node);
      }
    };
  }
};
