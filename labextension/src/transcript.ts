/**
 * The transcript: `fold(events)`, the state that a reader of a turn sees.
 *
 * The same fold as `codex_kernel/turn/transcript.py`, held to the same golden files: insensitive
 * to how events are cut into batches and to events seen twice; unknown kinds only move `seq` on.
 * It takes events over as they are and remembers what they touched, so that a view need not
 * compare.
 */

import type { FinalState, IEntry, IPlanStep, ITurnError, IUsage, Json, State } from './contracts';
import { advance, end, isFinal, type EventType } from './state';

/** A stamped event: the fields of its type besides. */
export interface IEvent {
  turn_id: string;
  seq: number;
  at: string;
  type: string;
  // Fields follow the type.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

/** An approval or an input as the record keeps it; `outcome` is null while it is open. */
export interface IQuestion {
  id: string;
  item_id: string | null;
  outcome: string | null;
  requested_at: string;
  // Fields follow the kind of the question.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

export interface ITranscript {
  turn_id: string | null;
  session_id: string | null;
  codex_turn_id: string | null;
  notebook: string | null;
  cell_id: string | null;
  again: boolean;
  state: State;
  seq: number;
  prompt: string;
  items: IEntry[];
  plan: IPlanStep[] | null;
  plan_explanation: string | null;
  diff: string | null;
  usage: IUsage | null;
  approvals: IQuestion[];
  inputs: IQuestion[];
  steers: { text: string; by: string; at: string }[];
  retry: { message: string; details: string | null } | null;
  warnings: { message: string; kind: string | null }[];
  settings: { [key: string]: Json };
  error: ITurnError | null;
  queued_at: string | null;
  started_at: string | null;
  finished_at: string | null;
}

/** What was touched since somebody looked last. */
export class Touched {
  /** Items whose fields are others or whose text grew. */
  readonly items = new Set<string>();
  /** Items, questions, steers, warnings or a retry came, went or were decided. */
  list = false;
  /** Everything else that a reader sees. */
  header = false;
  /** Everything may be another: the transcript was replaced. */
  all = false;
}

/** What is known of a turn after the events applied so far. */
export class Transcript {
  private _data!: ITranscript;
  private _items!: Map<string, IEntry>;
  private _touched = new Touched();

  /** Begin blank, or go on from a snapshot, which belongs to the transcript from then on. */
  constructor(data: ITranscript = blank()) {
    this.replace(data);
  }

  get data(): ITranscript {
    return this._data;
  }

  get isFinal(): boolean {
    return isFinal(this._data.state);
  }

  /** Approvals and inputs without a decision. */
  openQuestions(): IQuestion[] {
    const { approvals, inputs } = this._data;
    return [...approvals, ...inputs].filter(question => question.outcome === null);
  }

  /** Go on from a snapshot, which belongs to the transcript from then on. */
  replace(data: ITranscript): void {
    this._data = data;
    this._items = new Map(data.items.map(item => [item.id, item]));
    this._touched.all = this._touched.list = this._touched.header = true;
  }

  /** What was touched since the last call. */
  takeTouched(): Touched {
    const touched = this._touched;
    this._touched = new Touched();
    return touched;
  }

  /**
   * Take events in, in order; those with a known number are passed over.
   * Throws `InvalidTransition` for an event that cannot follow, leaving it out.
   */
  apply(events: Iterable<IEvent>): void {
    const turn = new Fold(this._data, this._items, this._touched);
    for (const event of events) {
      if (event.seq <= this._data.seq) {
        continue;
      }
      if (Object.hasOwn(STEPS, event.type)) {
        STEPS[event.type as EventType](turn, event);
      }
      this._data.seq = event.seq;
    }
  }
}

/** The transcript of all events of a turn. */
export function fold(events: Iterable<IEvent>): ITranscript {
  const transcript = new Transcript();
  transcript.apply(events);
  return transcript.data;
}

/** The transcript of a turn of which nothing is known. */
export function blank(): ITranscript {
  return {
    turn_id: null,
    session_id: null,
    codex_turn_id: null,
    notebook: null,
    cell_id: null,
    again: false,
    state: 'queued',
    seq: 0,
    prompt: '',
    items: [],
    plan: null,
    plan_explanation: null,
    diff: null,
    usage: null,
    approvals: [],
    inputs: [],
    steers: [],
    retry: null,
    warnings: [],
    settings: {},
    error: null,
    queued_at: null,
    started_at: null,
    finished_at: null
  };
}

/** What a step of the fold works on. */
class Fold {
  constructor(
    readonly data: ITranscript,
    readonly items: Map<string, IEntry>,
    readonly touched: Touched
  ) {}

  advance(event: IEvent): void {
    const { approvals, inputs } = this.data;
    const open = (question: IQuestion): boolean => question.outcome === null;
    const questions = approvals.filter(open).length + inputs.filter(open).length;
    const state = advance(this.data.state, event.type as EventType, questions);
    this.touched.header ||= state !== this.data.state;
    this.data.state = state;
  }

  put(item: IEntry): void {
    const known = this.items.get(item.id);
    if (known === undefined) {
      const own = { ...item };
      this.data.items.push(own);
      this.items.set(item.id, own);
    } else {
      Object.keys(known).forEach(key => delete known[key]);
      Object.assign(known, item);
    }
    this.touched.items.add(item.id);
    this.touched.list = true;
  }

  forgetRetry(): void {
    this.touched.list ||= this.data.retry !== null;
    this.data.retry = null;
  }

  close(questions: IQuestion[], id: string, fields: { [field: string]: Json }): void {
    for (const question of questions) {
      if (question.id === id && question.outcome === null) {
        Object.assign(question, fields);
      }
    }
    this.touched.list = true;
  }
}

type Step = (turn: Fold, event: IEvent) => void;

/** A step that advances the state and then sets fields of the header. */
function header(fields: (event: IEvent, data: ITranscript) => Partial<ITranscript>): Step {
  return (turn, event) => {
    turn.advance(event);
    Object.assign(turn.data, fields(event, turn.data));
    turn.touched.header = true;
  };
}

function putItem(turn: Fold, event: IEvent): void {
  turn.advance(event);
  turn.put(event.item);
}

function itemText(turn: Fold, event: IEvent): void {
  turn.advance(event);
  turn.forgetRetry();
  const item = turn.items.get(event.item_id);
  if (item === undefined) {
    return;
  }
  const { field, index, text } = event;
  turn.touched.items.add(item.id);
  if (index === null || index === undefined) {
    item[field] = (item[field] ?? '') + text;
    return;
  }
  // The parts may still be those of the event that began the item.
  const parts: string[] = [...(item[field] ?? [])];
  while (parts.length <= index) {
    parts.push('');
  }
  parts[index] += text;
  item[field] = parts;
}

function asked(collection: 'approvals' | 'inputs', field: string): Step {
  return (turn, event) => {
    turn.data[collection].push({ ...event[field], requested_at: event.at, outcome: null });
    turn.touched.list = true;
    turn.advance(event);
  };
}

const STEPS: Readonly<Record<EventType, Step>> = {
  'turn.queued': header((event, data) => ({
    turn_id: event.turn_id ?? data.turn_id,
    prompt: event.prompt ?? data.prompt,
    notebook: event.notebook === undefined ? data.notebook : event.notebook,
    cell_id: event.cell_id === undefined ? data.cell_id : event.cell_id,
    session_id: event.session_id === undefined ? data.session_id : event.session_id,
    again: event.again ?? data.again,
    queued_at: event.at
  })),
  'settings.updated': header((event, data) => ({
    settings: { ...data.settings, ...event.settings },
    session_id: event.session_id || data.session_id
  })),
  'turn.started': header(event => ({
    session_id: event.session_id,
    codex_turn_id: event.codex_turn_id,
    started_at: event.at
  })),
  'item.started': (turn, event) => {
    putItem(turn, event);
    turn.forgetRetry();
  },
  'item.text': itemText,
  'item.completed': putItem,
  'plan.updated': header(event => ({
    plan: event.plan,
    plan_explanation: event.explanation ?? null
  })),
  'diff.updated': header(event => ({ diff: event.diff })),
  'usage.updated': header(event => ({ usage: event.usage })),
  'approval.requested': asked('approvals', 'approval'),
  'input.requested': asked('inputs', 'input'),
  'approval.decided': (turn, event) => {
    turn.close(turn.data.approvals, event.approval_id, {
      outcome: event.outcome ?? null,
      decision: event.decision ?? null,
      by: event.by ?? null,
      decision_reason: event.decision_reason ?? null,
      decided_at: event.at
    });
    turn.advance(event);
  },
  'input.answered': (turn, event) => {
    turn.close(turn.data.inputs, event.input_id, {
      outcome: event.answers === null ? 'declined' : 'answered',
      answers: event.answers,
      by: event.by ?? null,
      decided_at: event.at
    });
    turn.advance(event);
  },
  'steer.sent': (turn, event) => {
    turn.advance(event);
    turn.data.steers.push({ text: event.text, by: event.by, at: event.at });
    turn.touched.list = true;
  },
  'interrupt.requested': (turn, event) => turn.advance(event),
  retry: (turn, event) => {
    turn.advance(event);
    turn.data.retry = { message: event.message, details: event.details ?? null };
    turn.touched.list = true;
  },
  warning: (turn, event) => {
    turn.advance(event);
    const warning = { message: event.message, kind: event.kind ?? null };
    const isKnown = ({ message, kind }: typeof warning): boolean =>
      message === warning.message && kind === warning.kind;
    if (!turn.data.warnings.some(isKnown)) {
      turn.data.warnings.push(warning);
      turn.touched.list = true;
    }
  },
  'turn.ended': (turn, event) => {
    turn.data.state = end(turn.data.state, event.state as FinalState);
    turn.data.error = event.error ?? null;
    turn.data.retry = null;
    turn.data.finished_at = event.at;
    turn.touched.header = turn.touched.list = true;
  }
};
