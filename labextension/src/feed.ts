/**
 * The page's one socket to the record: which turns live, which questions are open, what changes.
 * Its being open, with the notebooks that the page shows, is the page's presence.
 */

import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Api, IOpenQuestion, ITurnRow } from './api';
import { Channel } from './channel';
import type { Json, State } from './contracts';
import { isFinal } from './state';
import type { IEvent } from './transcript';

/** A turn that lives, as far as the feed tells. */
export type ILiveTurn = Pick<
  ITurnRow,
  'turn_id' | 'session_id' | 'notebook' | 'path' | 'cell_id' | 'state' | 'seq'
> &
  Partial<ITurnRow>;

/** A turn is in another state; with a final one it is no longer among `Feed.turns`. */
export interface ITurnChange {
  turn: ILiveTurn;
  before: State | null;
}

/** A question came (`question`) or is closed. */
export interface IQuestionChange {
  id: string;
  turnId: string;
  question: IOpenQuestion | null;
}

export interface ISessionChange {
  session_id: string;
  title: string | null;
  cwd: string | null;
  model: string | null;
  turns: number | null;
  is_gone: boolean;
}

export interface INotebookChange {
  notebook: string;
  path: string | null;
  session_id: string | null;
  settings: { [name: string]: Json };
  is_gone: boolean;
}

/** Something is to be done on a notebook that a page shows; one page takes it up. */
export interface IOperationCall {
  operation_id: string;
  notebook: string;
  path: string | null;
}

// A frame is what the server says; its fields follow the type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type IFrame = { type: string; [field: string]: any };

/** What changes, for everybody in this page. */
export class Feed implements IDisposable {
  private readonly _turns = new Map<string, ILiveTurn>();
  private readonly _questions = new Map<string, IOpenQuestion>();
  private readonly _turnChanged = new Signal<this, ITurnChange>(this);
  private readonly _questionChanged = new Signal<this, IQuestionChange>(this);
  private readonly _sessionChanged = new Signal<this, ISessionChange>(this);
  private readonly _notebookChanged = new Signal<this, INotebookChange>(this);
  private readonly _operationAsked = new Signal<this, IOperationCall>(this);
  private readonly _stateChanged = new Signal<this, void>(this);
  private readonly _connectedChanged = new Signal<this, boolean>(this);
  private _cursor: number | null = null;
  private _isCurrent = false;
  private _shown: readonly string[] = [];
  private _channel: Channel | null = null;

  constructor(private readonly _api: Api) {
    if (this._api.isAnnounced) {
      this._channel = new Channel({
        url: () => this._api.socketUrl('feed', { after: this._cursor ?? undefined }),
        onFrame: text => this._hear(JSON.parse(text)),
        onState: isConnected => this._setConnected(isConnected),
        WebSocket: this._api.settings.WebSocket
      });
    }
  }

  /** Whether `turns` and `questions` are what is, now. */
  get isConnected(): boolean {
    return this._isCurrent;
  }

  /** The turns that live, by id. */
  get turns(): ReadonlyMap<string, ILiveTurn> {
    return this._turns;
  }

  /** The questions that are open, by their id. */
  get questions(): ReadonlyMap<string, IOpenQuestion> {
    return this._questions;
  }

  /** A turn began, went on to another state, or ended. */
  get turnChanged(): ISignal<this, ITurnChange> {
    return this._turnChanged;
  }

  get questionChanged(): ISignal<this, IQuestionChange> {
    return this._questionChanged;
  }

  get sessionChanged(): ISignal<this, ISessionChange> {
    return this._sessionChanged;
  }

  get notebookChanged(): ISignal<this, INotebookChange> {
    return this._notebookChanged;
  }

  /** Something is asked of the page that shows a notebook. */
  get operationAsked(): ISignal<this, IOperationCall> {
    return this._operationAsked;
  }

  /** All turns and questions were told anew: at first, and after a long absence. */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get connectedChanged(): ISignal<this, boolean> {
    return this._connectedChanged;
  }

  get isDisposed(): boolean {
    return this._channel === null || this._channel.isDisposed;
  }

  /** The page shows these notebooks (contents paths), and no others. */
  show(notebooks: readonly string[]): void {
    this._shown = [...notebooks];
    this._tellPresence();
  }

  dispose(): void {
    this._channel?.dispose();
    Signal.clearData(this);
  }

  private _setConnected(isConnected: boolean): void {
    if (isConnected) {
      this._tellPresence();
    }
    // Behind a cursor nothing is told when nothing happened: then what we have is what is.
    this._setCurrent(isConnected && this._cursor !== null);
  }

  private _setCurrent(isCurrent: boolean): void {
    if (isCurrent !== this._isCurrent) {
      this._isCurrent = isCurrent;
      this._connectedChanged.emit(isCurrent);
    }
  }

  private _tellPresence(): void {
    this._channel?.send({ type: 'presence', notebooks: this._shown });
  }

  private _hear(frame: IFrame): void {
    if (Object.hasOwn(this._hearing, frame.type)) {
      this._hearing[frame.type](frame);
    }
    this._cursor = frame.cursor ?? this._cursor;
  }

  private readonly _hearing: Record<string, (frame: IFrame) => void> = {
    state: frame => this._begin(frame),
    turn: frame => this._changeTurn(frame),
    question: frame => this._changeQuestion(frame),
    session: frame => this._sessionChanged.emit(frame as unknown as ISessionChange),
    notebook: frame => this._notebookChanged.emit(frame as unknown as INotebookChange),
    operation: frame => this._operationAsked.emit(frame as unknown as IOperationCall)
  };

  private _begin(frame: IFrame): void {
    this._turns.clear();
    this._questions.clear();
    for (const turn of frame.turns as ITurnRow[]) {
      this._turns.set(turn.turn_id, turn);
    }
    for (const question of frame.approvals as IOpenQuestion[]) {
      this._questions.set(questionId(question.event), question);
    }
    this._cursor = frame.cursor;
    this._setCurrent(true);
    this._stateChanged.emit();
  }

  private _changeTurn(frame: IFrame): void {
    const { turn_id, session_id, notebook, path, cell_id, seq } = frame;
    const known = this._turns.get(turn_id);
    // A turn that was deleted has no state.
    const state: State = frame.state ?? 'lost';
    const turn = { ...known, turn_id, session_id, notebook, path, cell_id, state, seq };
    if (isFinal(state)) {
      this._turns.delete(turn_id);
      this._closeQuestions(turn_id);
    } else {
      this._turns.set(turn_id, turn);
    }
    if (known || !isFinal(state)) {
      this._turnChanged.emit({ turn, before: known?.state ?? null });
    }
  }

  private _changeQuestion(frame: IFrame): void {
    const event: IEvent | null = frame.event;
    if (event === null) {
      this._closeQuestions(frame.turn_id);
    } else if (event.type === 'approval.requested' || event.type === 'input.requested') {
      const { turn_id, session_id, notebook, path, cell_id } = frame;
      const question = { turn_id, session_id, notebook, path, cell_id, event };
      this._questions.set(questionId(event), question);
      this._questionChanged.emit({ id: questionId(event), turnId: turn_id, question });
    } else {
      this._closeQuestion(event.approval_id ?? event.input_id);
    }
  }

  private _closeQuestions(turnId: string): void {
    for (const [id, question] of this._questions) {
      if (question.turn_id === turnId) {
        this._closeQuestion(id);
      }
    }
  }

  private _closeQuestion(id: string): void {
    const closed = this._questions.get(id);
    if (closed && this._questions.delete(id)) {
      this._questionChanged.emit({ id, turnId: closed.turn_id, question: null });
    }
  }
}

/** The id under which a question is decided. */
export function questionId(event: IEvent): string {
  return (event.approval ?? event.input).id;
}
