/**
 * The seams of the front end: what a view reads, what it may ask for, what its host lends it.
 *
 * A *turn view* (`view/`) knows one `ITurnSource` and one `IHost`. It imports nothing of
 * JupyterLab, so that the same code serves the cell in JupyterLab and the widget elsewhere.
 */

import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

export const MIME = 'application/vnd.codex.turn.v1+json';

/** Whether a turn may be called so: one that may not would spoil a question about several. */
export function isTurnId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,200}$/.test(value);
}

export type LiveState = 'queued' | 'starting' | 'running' | 'waiting' | 'interrupting';
export type FinalState = 'completed' | 'interrupted' | 'failed' | 'cancelled' | 'lost';
export type State = LiveState | FinalState;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An item of Codex's, or something a reader sees between items; fields as in `turn.schema.json`. */
export interface IEntry {
  id: string;
  type: string;
  status: string;
  // Fields follow the type; a newer Codex may send others.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

export interface IPlanStep {
  step: string;
  status: string;
}

export interface ITurnError {
  kind: string;
  message: string;
  next_step: string;
  details?: string | null;
  continue_prompt?: string;
}

export interface IUsage {
  last?: { [key: string]: number } | null;
  total?: { [key: string]: number } | null;
  context_window?: number | null;
}

/**
 * What a reader sees of a turn: the content of our MIME type, in full where the log is at hand.
 * Then outputs of commands are as they were written; in a bundle overwritten lines are settled.
 */
export interface IPicture {
  schema_version: number;
  turn_id: string | null;
  session_id: string | null;
  cell_id: string | null;
  state: State;
  final: boolean;
  seq: number;
  prompt: string;
  items: IEntry[];
  plan: IPlanStep[] | null;
  diff: string | null;
  usage: IUsage | null;
  error: ITurnError | null;
  started_at: string | null;
  finished_at: string | null;
  codex: { [key: string]: Json };
}

/**
 * Where a picture comes from and how fresh it is.
 * `saved`: a bundle of a document, nobody vouches for it; `connecting` and `offline`: the record is
 * meant to follow; `live`: it follows; `ended`: the record is whole; `unknown`: the record does not
 * have this turn.
 */
export type Freshness = 'saved' | 'connecting' | 'live' | 'offline' | 'ended' | 'unknown';

/** What changed in a picture since the last signal. */
export interface IChange {
  /** Entries that are new, gone or in another place: the list is to be compared. */
  list: boolean;
  /** Ids of entries whose fields changed or whose text grew. */
  entries: ReadonlySet<string>;
  /** Anything else: state, plan, diff, usage, error, settings, freshness. */
  header: boolean;
}

/** One turn, from wherever. Text grows in place: entries are the same objects from change to change. */
export interface ITurnSource extends IDisposable {
  readonly picture: IPicture;
  readonly freshness: Freshness;
  /**
   * Questions without a decision, from the server's record only; empty for any other source. The
   * ids are those of their entries in `picture.items`; here they have every field of the record,
   * also what the entry leaves out (`choices`, `rule`, `command`, `cwd`, `changes`).
   */
  readonly questions: ReadonlyArray<IEntry>;
  /**
   * Fetches from the record what the bounds of a bundle cut off; the entries change in place.
   * False: the record has no more. `null`: this source is whole, or has no record to ask.
   */
  readonly whole: (() => Promise<boolean>) | null;
  readonly changed: ISignal<ITurnSource, IChange>;
  readonly disposed: ISignal<ITurnSource, void>;
}

/** What became of something that was asked; a refusal is a sentence for the user. */
export interface IOutcome {
  ok: boolean;
  message?: string;
  nextStep?: string;
  /** What the server says about it: who decided first, the text that was not sent. */
  outcome?: { [key: string]: Json } | null;
}

export interface IDecision {
  decision?: 'once' | 'session' | 'always' | 'decline' | 'stop';
  reason?: string;
  rule?: string[];
  answers?: { [question: string]: string[] } | null;
}

/** What a user may do to a turn. Only a host with the server's record has these. */
export interface ITurnActions {
  interrupt(turnId: string): Promise<IOutcome>;
  steer(turnId: string, text: string): Promise<IOutcome>;
  /** Run as the next turn; resolves when it is queued. Not where there are no cells to add. */
  queue?(turnId: string, text: string): Promise<IOutcome>;
  cancel(turnId: string): Promise<IOutcome>;
  decide(questionId: string, decision: IDecision): Promise<IOutcome>;
}

export interface ITranslation {
  __(message: string, ...args: unknown[]): string;
  _n(singular: string, plural: string, n: number, ...args: unknown[]): string;
}

/** What a view gets from where it lives. What is not there is not offered. */
export interface IHost {
  readonly trans: ITranslation;
  /** `null`: this host may only show. Drawn for a source only while it is `live`. */
  readonly actions: ITurnActions | null;
  /** Whether Enter steers and Ctrl/Cmd-Enter queues; `false` swaps them. */
  readonly enterSteers: boolean;
  /** Opens a file of the workspace; `null` when the path leads out of it or nothing can open it. */
  opener(path: string, line?: number): (() => void) | null;
  /** Where the browser may load a file of the workspace from; `null` outside of it. */
  fileUrl(path: string): Promise<string | null>;
  /** Fills an element with highlighted code; the text stands in it already. */
  highlight?(code: string, language: string, into: HTMLElement): Promise<void>;
  /** Turns the formula in an element into one that is set; its text stands in it already. */
  typeset?(into: HTMLElement): void;
  /** Confirms something that cannot be taken back. */
  confirm(title: string, body: string, accept: string): Promise<boolean>;
  /** Inserts a cell with this prompt below the turn's cell and runs it. */
  runPrompt?(prompt: string): void;
}
