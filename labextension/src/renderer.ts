/** The renderer of our MIME type: a turn view that stays while the document's bundle changes. */

import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { readBundle } from './bundle';
import { placeOf } from './cells';
import { MIME, type IPicture } from './contracts';
import { LabHost, type ILab } from './host';
import { isCut, More } from './more';
import { TurnOutput } from './output';
import type { ICodex, IPlace } from './tokens';
import { TurnView } from './view/turn';

/** Behind ours nothing else is drawn: the widget manager's views have -10. */
export const RANK = -100;
/** How far beyond the window finished turns are drawn. */
const NEAR = '500px';
/** How long an output counts as new. */
const NEW_MILLISECONDS = 1_000;

/** Renderers of turns; `safe`: nothing of a bundle is taken for anything but text. */
export function turnRendererFactory(
  codex: ICodex,
  lab: ILab,
  tracker: INotebookTracker | null
): IRenderMime.IRendererFactory {
  const renderers = new Set<TurnRenderer>();
  return {
    safe: true,
    mimeTypes: [MIME],
    defaultRank: RANK,
    createRenderer: options =>
      new TurnRenderer(renderers, () => new TurnContent(codex, lab, tracker, options))
  };
}

/**
 * One output. In a document that several people edit, whatever somebody else changes of an output
 * replaces it: the turn then moves to the new one, with what is typed and unfolded there.
 */
class TurnRenderer extends Widget implements IRenderMime.IRenderer {
  private readonly _made = performance.now();
  private _model: IRenderMime.IMimeModel | null = null;

  constructor(
    private readonly _all: Set<TurnRenderer>,
    make: () => TurnContent
  ) {
    super();
    this._turn = make();
    const layout = new PanelLayout();
    layout.addWidget(this._turn);
    this.layout = layout;
    _all.add(this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    this._turn.render(model);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._all.delete(this);
      const { turnId } = this._turn;
      const next = turnId === null ? null : [...this._all].find(each => each._replaces(turnId));
      next?._adopt(this._turn);
      super.dispose();
    }
  }

  private _replaces(turnId: string): boolean {
    const isNew = performance.now() - this._made < NEW_MILLISECONDS;
    return isNew && readBundle(this._model?.data[MIME])?.turn_id === turnId;
  }

  private _adopt(turn: TurnContent): void {
    this._turn.dispose();
    this._turn = turn;
    (this.layout as PanelLayout).addWidget(turn);
    turn.render(this._model!);
    turn.takeFocus();
  }

  private _turn: TurnContent;
}

/** What stands in one output. */
class TurnContent extends Widget {
  private readonly _content = new PanelLayout();
  private readonly _host: LabHost;
  private _output: TurnOutput | null = null;
  private _nearing: IntersectionObserver | null = null;
  private _view: Widget | null = null;
  private _more: Widget | null = null;
  private _model: IRenderMime.IMimeModel | null = null;
  private _focused: HTMLElement | null = null;

  constructor(
    private readonly _codex: ICodex,
    lab: ILab,
    private readonly _tracker: INotebookTracker | null,
    private readonly _options: IRenderMime.IRendererOptions
  ) {
    super();
    this.layout = this._content;
    this.addClass('jp-CodexOutput');
    this._host = new LabHost(_codex, { ...lab, latex: _options.latexTypesetter }, () =>
      this._place()
    );
  }

  get turnId(): string | null {
    return this._output?.turnId ?? null;
  }

  /** The keyboard is again where it was before the output was taken away. */
  takeFocus(): void {
    if (this._focused?.isConnected && document.activeElement === document.body) {
      this._focused.focus({ preventScroll: true });
    }
  }

  render(model: IRenderMime.IMimeModel): void {
    this._model = model;
    // Outputs are made long before they are in the page, and a model copies what it is asked for.
    if (this.isAttached || this._view) {
      this._read(model);
    }
  }

  override dispose(): void {
    this._nearing?.disconnect();
    this._output?.dispose();
    this._output = null;
    super.dispose();
  }

  protected override onAfterAttach(_: Message): void {
    this._output?.watch(true);
    if (this._model && !this._view) {
      this._read(this._model);
    }
  }

  protected override onBeforeDetach(_: Message): void {
    const active = document.activeElement;
    this._focused = active instanceof HTMLElement && this.node.contains(active) ? active : null;
    this._output?.watch(false);
  }

  private _read({ data }: IRenderMime.IMimeModel): void {
    const bundle = readBundle(data[MIME]);
    const text = String(data['text/plain'] ?? '');
    this._nearing?.disconnect();
    if (bundle === null) {
      this._showText(text);
    } else if (this._output && this._output.turnId === bundle.turn_id) {
      this._output.update(bundle);
    } else if (bundle.final) {
      this._beginLater(bundle, text);
    } else {
      this._begin(bundle);
    }
  }

  /** A finished turn is its answer until somebody comes near: long notebooks open at once. */
  private _beginLater(bundle: IPicture, text: string): void {
    this._showText(text);
    this._nearing = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          this._nearing?.disconnect();
          this._begin(bundle);
        }
      },
      { rootMargin: NEAR }
    );
    this._nearing.observe(this.node);
  }

  private _begin(bundle: IPicture): void {
    this._output?.dispose();
    this._output = new TurnOutput(bundle, this._codex, this._host, () => this._place());
    this._output.sourceChanged.connect(() => this._showTurn());
    this._showTurn();
  }

  private _showTurn(): void {
    const { source } = this._output!;
    this._show(new TurnView(source, this._host));
    this._more = source.whole && isCut(source.picture) ? new More(source, this._host) : null;
    if (this._more) {
      this._content.addWidget(this._more);
    }
  }

  /** What the output says in plain text. */
  private _showText(text: string): void {
    this._output?.dispose();
    this._output = null;
    const view = new Widget({ node: document.createElement('pre') });
    view.node.textContent = text;
    this._show(view);
  }

  private _show(view: Widget): void {
    this._view?.dispose();
    this._more?.dispose();
    this._view = view;
    this._content.addWidget(view);
  }

  private _place(): IPlace {
    const path = (this._options.resolver as { path?: string } | null)?.path ?? null;
    return this._model ? placeOf(this._tracker, path, this._model) : { path, cellId: null };
  }
}
