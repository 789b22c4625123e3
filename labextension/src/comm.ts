/**
 * A turn that comes by a widget's comm: its whole transcript in the widget's state, then events.
 *
 * Events that come before the transcript, twice or not at all are told by their numbers: for a gap
 * the whole is asked for again.
 */

import { Signal, type ISignal } from '@lumino/signaling';

import type {
  Freshness,
  IChange,
  IDecision,
  IEntry,
  IOutcome,
  IPicture,
  ITurnActions,
  ITurnSource
} from './contracts';
import { Picture } from './picture';
import { Transcript, type IEvent, type IQuestion, type ITranscript } from './transcript';

/** What we use of a widget's model, as anywidget has it. */
export interface IModel {
  get(name: string): unknown;
  on(name: 'msg:custom', handler: (message: IMessage) => void): void;
  off(name: 'msg:custom', handler: (message: IMessage) => void): void;
  send(message: object): void;
}

/** What the kernel sends. */
export interface IMessage {
  kind?: string;
  events?: IEvent[];
  transcript?: ITranscript;
  id?: number;
  outcome?: IOutcome;
}

/** A kernel that is there has answered by then, if only to say that there is no answer yet. */
const ANSWER_MILLISECONDS = 15_000;

export class CommSource implements ITurnSource {
  /** `null` where the kernel shows and takes no orders. */
  readonly actions: ITurnActions | null;
  /** What the kernel sends is the whole. */
  readonly whole = null;

  constructor(private readonly _model: IModel) {
    const known = _model.get('transcript') as ITranscript | null;
    this._transcript = new Transcript(known?.turn_id ? structuredClone(known) : undefined);
    this.actions = _model.get('is_acting') ? this._actions() : null;
    this._draw();
    _model.on('msg:custom', this._take);
    this._askWhole();
  }

  get changed(): ISignal<ITurnSource, IChange> {
    return this._changed;
  }

  get disposed(): ISignal<ITurnSource, void> {
    return this._disposed;
  }

  get picture(): IPicture {
    return this._picture.value;
  }

  get freshness(): Freshness {
    return this._transcript.isFinal ? 'ended' : this._isWhole ? 'live' : 'connecting';
  }

  get questions(): readonly IEntry[] {
    return this._questions;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._model.off('msg:custom', this._take);
      [...this._asked.keys()].forEach(id =>
        this._settle(id, { ok: false, message: 'The widget was closed.' })
      );
      this._disposed.emit();
      Signal.clearData(this);
    }
  }

  private _take = (given: IMessage): void => {
    // Every view of the widget is given the same object, and each goes on with its own.
    const message = structuredClone(given);
    if (message.kind === 'whole' && message.transcript) {
      this._isWhole = true;
      if (message.transcript.seq >= this._transcript.data.seq) {
        this._transcript.replace(message.transcript);
      }
      this._draw();
    } else if (message.kind === 'events') {
      this._append(message.events ?? []);
    } else if (message.kind === 'answer' && message.id !== undefined) {
      this._settle(message.id, message.outcome ?? { ok: false });
    }
  };

  private _settle(id: number, outcome: IOutcome): void {
    const asked = this._asked.get(id);
    if (asked) {
      this._asked.delete(id);
      clearTimeout(asked.timer);
      asked.answer(outcome);
    }
  }

  private _append(events: IEvent[]): void {
    const fresh = events.filter(event => event.seq > this._transcript.data.seq);
    if (fresh.length && fresh[0].seq !== this._transcript.data.seq + 1) {
      this._askWhole();
      return;
    }
    this._isWhole = true;
    this._transcript.apply(fresh);
    this._draw();
  }

  private _askWhole(): void {
    if (!this._transcript.isFinal) {
      this._model.send({ kind: 'whole' });
    }
  }

  private _draw(): void {
    const change = this._picture.draw(this._transcript.data, this._transcript.takeTouched());
    this._questions = this._transcript.isFinal
      ? []
      : this._transcript.openQuestions().map(question => entryOf(question));
    const isAnother = this.freshness !== this._shown;
    this._shown = this.freshness;
    this._changed.emit({ ...change, header: change.header || isAnother });
  }

  private _actions(): ITurnActions {
    return {
      interrupt: id => this._ask('turn', id, 'interrupt'),
      cancel: id => this._ask('turn', id, 'cancel'),
      steer: (id, text) => this._ask('turn', id, 'steer', { text }),
      decide: (id, decision: IDecision) => this._ask('approval', id, 'decide', decision)
    };
  }

  private _ask(target: string, target_id: string, verb: string, args = {}): Promise<IOutcome> {
    const id = ++this._serial;
    return new Promise(answer => {
      const message = 'The kernel does not answer. Is it still running?';
      const timer = setTimeout(() => this._settle(id, { ok: false, message }), ANSWER_MILLISECONDS);
      this._asked.set(id, { answer, timer });
      this._model.send({ kind: 'ask', id, target, target_id, verb, args });
    });
  }

  private readonly _changed = new Signal<ITurnSource, IChange>(this);
  private readonly _disposed = new Signal<ITurnSource, void>(this);
  private readonly _transcript: Transcript;
  private readonly _picture = new Picture();
  private readonly _asked = new Map<number, IAsked>();
  private _questions: readonly IEntry[] = [];
  private _isWhole = false;
  private _shown: Freshness = 'connecting';
  private _isDisposed = false;
  private _serial = 0;
}

/** An order that the kernel has not answered yet. */
interface IAsked {
  answer: (outcome: IOutcome) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** An open question with every field of the record. */
function entryOf(question: IQuestion): IEntry {
  const type = 'questions' in question ? 'input' : 'approval';
  return { ...question, type, status: 'running' };
}
