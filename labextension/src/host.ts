/**
 * What JupyterLab lends a turn view: files open in it, code is highlighted by its editors,
 * questions are asked by its dialogs, and the server's record is asked to act.
 */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { PageConfig } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDecision, IHost, IOutcome, ITurnActions } from './contracts';
import { contentsPath, localPath, type ITurnPlace } from './paths';
import type { ICodex, IPlace } from './tokens';

/** Longer code is not worth the time that highlighting it takes. */
const LONGEST_CODE = 100_000;

/** The parts of JupyterLab that a host uses; what is not there is not offered. */
export interface ILab {
  documents: IDocumentManager | null;
  languages: IEditorLanguageRegistry | null;
  latex?: IRenderMime.ILatexTypesetter | null;
}

/** The host of one output. */
export class LabHost implements IHost {
  /** Whether the record says that the turn shown here is one of this place. */
  isOwn = true;
  /** Where the turn ran, as far as known. */
  ran: Partial<ITurnPlace> = {};

  constructor(
    private readonly _codex: ICodex,
    private readonly _lab: ILab,
    private readonly _place: () => IPlace
  ) {}

  get trans(): TranslationBundle {
    return this._codex.trans;
  }

  get enterSteers(): boolean {
    return this._codex.settings.enterSteers;
  }

  get actions(): ITurnActions | null {
    return this.isOwn && this._codex.isAvailable ? this._actions : null;
  }

  opener(path: string, line?: number): (() => void) | null {
    const found = this._contentsPath(path);
    const { documents } = this._lab;
    return found && documents ? () => void open(documents, found, line) : null;
  }

  async fileUrl(path: string): Promise<string | null> {
    const found = this._contentsPath(path);
    const { documents } = this._lab;
    return found && documents
      ? documents.services.contents.getDownloadUrl(this._onDrive(found))
      : null;
  }

  async highlight(code: string, language: string, into: HTMLElement): Promise<void> {
    const { languages } = this._lab;
    const found = languages?.findBest(language) ?? languages?.findByFileName(language) ?? null;
    if (!languages || !found || code.length > LONGEST_CODE) {
      return;
    }
    // Off the page: the text that stands there is replaced in one go, when all of it is coloured.
    const coloured = document.createElement('span');
    await languages.highlight(code, found, coloured);
    into.replaceChildren(...coloured.childNodes);
  }

  typeset(into: HTMLElement): void {
    this._lab.latex?.typeset(into);
  }

  async confirm(title: string, body: string, accept: string): Promise<boolean> {
    const buttons = [
      Dialog.cancelButton({ label: this.trans.__('Cancel') }),
      Dialog.warnButton({ label: accept })
    ];
    const { button } = await showDialog({ title, body, buttons, defaultButton: 0 });
    return button.accept;
  }

  runPrompt(prompt: string): void {
    this._codex.runPrompt(this._place(), prompt);
  }

  private readonly _actions: ITurnActions = {
    interrupt: turnId => this._codex.api.interrupt(turnId),
    steer: (turnId, text) => this._codex.api.steer(turnId, text),
    queue: async (turnId, text) => this._queue(text),
    cancel: turnId => this._codex.api.cancel(turnId),
    decide: (questionId, decision: IDecision) => this._codex.api.decide(questionId, decision)
  };

  private _queue(text: string): IOutcome {
    if (this._codex.runPrompt(this._place(), text)) {
      return { ok: true };
    }
    return {
      ok: false,
      message: this.trans.__('The notebook of this turn is not open.'),
      nextStep: this.trans.__('Open it and run the prompt there.')
    };
  }

  private _contentsPath(path: string): string | null {
    const root = this.ran.root ?? PageConfig.getOption('serverRoot');
    const place = {
      notebook: localPath(this._place().path),
      cwd: this.ran.cwd ?? null,
      root: root.startsWith('/') ? root : null
    };
    return contentsPath(path, place);
  }

  /** Files of a notebook on another drive are on that drive. */
  private _onDrive(path: string): string {
    const contents = this._lab.documents?.services.contents;
    const drive = contents?.driveName(this._place().path ?? '') ?? '';
    return drive && drive !== 'RTC' ? `${drive}:${path}` : path;
  }
}

async function open(documents: IDocumentManager, path: string, line?: number): Promise<void> {
  const widget = documents.openOrReveal(path, line === undefined ? undefined : 'Editor');
  if (!widget || line === undefined) {
    return;
  }
  await widget.context.ready;
  await widget.revealed;
  // Whatever has an editor can show a line of it.
  const { editor } = widget.content as unknown as { editor?: IJumping };
  const position = { line: Math.max(0, line - 1), column: 0 };
  editor?.setCursorPosition(position);
  editor?.revealPosition?.(position);
}

interface IJumping {
  setCursorPosition(position: { line: number; column: number }): void;
  revealPosition?(position: { line: number; column: number }): void;
}
