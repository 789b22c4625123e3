/**
 * Documents that are open while a turn changes their files: what is unchanged here is read again,
 * what is not stays, and the user is told. The notebook whose cell the turn is, is never touched.
 *
 * Which files these are the record says, as turns go on; no file is watched.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

import { Problem, type IChangedFiles } from '../api';
import type { IHost } from '../contracts';
import type { ILine } from '../diff';
import type { Feed, ILiveTurn, ITurnChange } from '../feed';
import { localPath, quoted } from '../paths';
import type { LogSource } from '../sources';
import { isFinal } from '../state';
import type { ICodex } from '../tokens';
import { compare } from './compare';
import { Notice, showNotice, type IChoice } from './notice';

interface IOpenDocument {
  widget: DocumentWidget;
  context: DocumentRegistry.Context;
}

/** A turn whose patches are awaited, and how many of them were seen. */
interface IFollowed {
  turn: ILiveTurn;
  source: LogSource;
  patches: number;
}

/** Follows every turn of the page's server, for as long as the page lives. */
export class ChangedDocuments {
  private readonly _followed = new Map<string, IFollowed>();
  /** What the user has chosen and is being done: not to be asked about once more. */
  private readonly _acts = new WeakMap<DocumentRegistry.Context, Promise<void>>();
  private _checks = Promise.resolve();

  constructor(
    private readonly _codex: ICodex,
    private readonly _shell: JupyterFrontEnd.IShell,
    private readonly _documents: IDocumentManager
  ) {
    _codex.feed.turnChanged.connect(this._onTurn, this);
    _codex.feed.stateChanged.connect(this._onState, this);
  }

  private _onState(feed: Feed): void {
    for (const { turn } of this._followed.values()) {
      if (!feed.turns.has(turn.turn_id)) {
        this._end(turn); // while this page was offline
      }
    }
    feed.turns.forEach(turn => this._follow(turn));
  }

  private _onTurn(_: Feed, { turn }: ITurnChange): void {
    if (isFinal(turn.state)) {
      this._end(turn);
    } else {
      this._follow(turn);
    }
  }

  private _end(turn: ILiveTurn): void {
    this._followed.get(turn.turn_id)?.source.dispose();
    this._followed.delete(turn.turn_id);
    this._check(turn, true);
  }

  /** Patches are seen as they are applied where this page shows the notebook of the turn. */
  private _follow(turn: ILiveTurn): void {
    const isShown = this._open().some(({ context }) => localPath(context.path) === turn.path);
    if (!isShown || this._followed.has(turn.turn_id)) {
      return;
    }
    const source = this._codex.source(turn.turn_id);
    const followed = { turn, source, patches: 0 };
    this._followed.set(turn.turn_id, followed);
    source.changed.connect(() => {
      const applied = source.picture.items.filter(
        item => item.type === 'file_change' && item.status === 'completed'
      ).length;
      if (applied > followed.patches) {
        followed.patches = applied;
        this._check(turn, false);
      }
    });
  }

  /** One after the other: a document that is being read is not to be read again beside that. */
  private _check(turn: ILiveTurn, hasEnded: boolean): void {
    const check = this._checks.then(() => this._checkAll(turn, hasEnded));
    this._checks = check.catch(error => console.error('codex_kernel: documents', error));
  }

  private async _checkAll(turn: ILiveTurn, hasEnded: boolean): Promise<void> {
    if (this._open().length === 0) {
      return;
    }
    try {
      const changed = await this._codex.api.files(turn.turn_id);
      for (const document of this._open()) {
        await this._look(document, changed, turn, hasEnded);
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
    }
  }

  private async _look(
    document: IOpenDocument,
    changed: IChangedFiles,
    turn: ILiveTurn,
    hasEnded: boolean
  ): Promise<void> {
    const path = localPath(document.context.path);
    const named = changed.files.find(file => file.path === path);
    if (named?.is_own_notebook) {
      this._protect(document, turn);
    } else if (path !== turn.path && (named || (changed.ran_commands && hasEnded))) {
      await this._compare(document);
    }
  }

  private async _compare({ widget, context }: IOpenDocument): Promise<void> {
    await this._acts.get(context)?.catch(() => undefined); // the notice says what went wrong
    const onDisk = await this._stat(context);
    if (onDisk === null || onDisk.last_modified === context.contentsModel?.last_modified) {
      return;
    }
    if (context.model.dirty || runs(widget)) {
      this._ask({ widget, context });
    } else {
      await this._reread({ widget, context });
    }
  }

  /** What was typed while the file was on its way is put back, and asked about. */
  private async _reread({ widget, context }: IOpenDocument): Promise<void> {
    const typed = await reread(widget, context);
    if (typed !== null) {
      context.model.fromString(typed);
      this._ask({ widget, context });
    }
  }

  /** A file that was deleted is left to what JupyterLab says when it is saved. */
  private async _stat(context: DocumentRegistry.Context): Promise<Contents.IModel | null> {
    try {
      return await this._documents.services.contents.get(context.path, { content: false });
    } catch {
      return null;
    }
  }

  private _ask({ widget, context }: IOpenDocument): void {
    const { trans } = this._codex;
    const text = trans.__(
      'Codex changed %1 on disk. Here it has changes that are not saved.',
      context.path
    );
    const choice = (label: string, act: () => Promise<void>): IChoice => ({
      label,
      act: () => {
        const done = act();
        this._acts.set(context, done);
        return done;
      }
    });
    const keep = choice(trans.__('Keep mine'), () => this._keep(context));
    const take = choice(trans.__('Take theirs'), () => context.revert());
    const { path } = context;
    const isText = context.contentsModel?.format === 'text';
    const difference = isText ? () => this._difference(context) : undefined;
    this._show(
      widget,
      new Notice({ text, path, difference, choices: [keep, take] }, this._host(path))
    );
  }

  private _protect({ widget, context }: IOpenDocument, turn: ILiveTurn): void {
    const { trans } = this._codex;
    const name = context.path.split('/').at(-1)!;
    const text = trans.__(
      'Codex wrote to the file of this notebook. What you see is untouched: save it to keep it, ' +
        'and choose Overwrite when JupyterLab asks. This writes the file as it was when the turn ' +
        'began beside the notebook:'
    );
    const code = `jupyter codex show ${turn.turn_id} --restore ${quoted(name)}`;
    const choices: IChoice[] = [
      { label: trans.__('Save'), act: () => context.save() },
      { label: trans.__('Close'), act: () => Promise.resolve() }
    ];
    const { path } = context;
    this._show(widget, new Notice({ text, code, path, choices }, this._host(path)));
  }

  /** What is here goes over what is on disk: the user has seen both. */
  private async _keep(context: DocumentRegistry.Context): Promise<void> {
    const { contentsModel, model, path } = context;
    if (contentsModel?.format !== 'text') {
      await context.save();
      return;
    }
    const { type, format } = contentsModel;
    let content: string;
    do {
      content = model.toString();
      await this._documents.services.contents.save(path, { type, format, content });
    } while (model.toString() !== content); // typed meanwhile: reading it again would lose that
    await context.revert();
  }

  private async _difference(context: DocumentRegistry.Context): Promise<ILine[]> {
    const { content } = await this._documents.services.contents.get(context.path, {
      type: 'file',
      format: 'text',
      content: true
    });
    return compare(context.model.toString(), String(content));
  }

  private _show(widget: DocumentWidget, notice: Notice): void {
    showNotice(widget.contentHeader, notice);
  }

  private _host(path: string): IHost {
    return this._codex.host({ path, cellId: null });
  }

  /** Documents of this server's files; shared ones follow their file by themselves. */
  private _open(): IOpenDocument[] {
    const found = new Map<DocumentRegistry.Context, IOpenDocument>();
    for (const widget of this._shell.widgets('main')) {
      const context = this._documents.contextForWidget(widget);
      if (context && !context.model.collaborative && isLocal(this._documents, context)) {
        found.set(context, { widget: widget as DocumentWidget, context });
      }
    }
    return [...found.values()];
  }
}

function isLocal(documents: IDocumentManager, context: DocumentRegistry.Context): boolean {
  return documents.services.contents.driveName(context.path) === '';
}

/** Whether cells of the document run: reading it again would lose what they say. */
function runs(widget: DocumentWidget): boolean {
  return (
    widget instanceof NotebookPanel && widget.sessionContext.session?.kernel?.status === 'busy'
  );
}

interface ITextEditor {
  getCursorPosition(): { line: number; column: number };
  setCursorPosition(position: { line: number; column: number }): void;
  editor?: { scrollDOM: HTMLElement };
}

/**
 * Read a document again, with the cursor and the view where they were; returns the text that
 * JupyterLab has overwritten because it was typed meanwhile, or null. A notebook changes in steps,
 * which look like typing.
 */
async function reread(
  widget: DocumentWidget,
  context: DocumentRegistry.Context
): Promise<string | null> {
  const { model } = context;
  const texts = [model.toString()];
  const note = (): number => texts.push(model.toString());
  if (context.contentsModel?.format === 'text') {
    model.contentChanged.connect(note);
  }
  const { editor } = widget.content as unknown as { editor?: ITextEditor };
  const cursor = editor?.getCursorPosition();
  const top = editor?.editor?.scrollDOM.scrollTop;
  await context.revert().finally(() => model.contentChanged.disconnect(note));
  if (editor && cursor) {
    editor.setCursorPosition(cursor);
    if (editor.editor && top !== undefined) {
      editor.editor.scrollDOM.scrollTop = top;
    }
  }
  const read = model.toString();
  const typed = texts.filter(text => text !== read).at(-1);
  return typed === undefined || typed === texts[0] ? null : typed;
}
