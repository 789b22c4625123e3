/**
 * The states of a turn, as `codex_kernel/turn/state.py` has them: what may follow what.
 */

import type { FinalState, State } from './contracts';

export const FINAL_STATES: readonly FinalState[] = [
  'completed',
  'interrupted',
  'failed',
  'cancelled',
  'lost'
];

const EVENT_TYPES = [
  'turn.queued',
  'turn.started',
  'item.started',
  'item.text',
  'item.completed',
  'plan.updated',
  'diff.updated',
  'usage.updated',
  'approval.requested',
  'approval.decided',
  'input.requested',
  'input.answered',
  'steer.sent',
  'interrupt.requested',
  'retry',
  'warning',
  'settings.updated',
  'turn.ended'
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
type Steps = Partial<Record<EventType, State>>;

const DURING: readonly EventType[] = [
  'item.started',
  'item.text',
  'item.completed',
  'plan.updated',
  'diff.updated',
  'usage.updated',
  'steer.sent',
  'settings.updated',
  'retry',
  'warning'
];
const OPENED: Steps = { 'approval.requested': 'waiting', 'input.requested': 'waiting' };
const ANSWERED: Steps = { 'approval.decided': 'running', 'input.answered': 'running' };
const STOPPING: Steps = { 'interrupt.requested': 'interrupting' };

/** Which state an event leads to. `turn.ended` carries its state, see `ENDINGS`. */
export const TRANSITIONS: Readonly<Record<State, Steps>> = {
  queued: {
    'turn.queued': 'queued',
    warning: 'queued',
    'settings.updated': 'starting',
    ...STOPPING
  },
  starting: {
    'turn.started': 'running',
    'settings.updated': 'starting',
    warning: 'starting',
    retry: 'starting',
    ...STOPPING
  },
  running: { ...all(DURING, 'running'), ...OPENED, ...ANSWERED, ...STOPPING },
  waiting: { ...all(DURING, 'waiting'), ...OPENED, ...ANSWERED, ...STOPPING },
  interrupting: all(
    EVENT_TYPES.filter(type => type !== 'turn.queued' && type !== 'turn.ended'),
    'interrupting'
  ),
  completed: {},
  interrupted: {},
  failed: {},
  cancelled: {},
  lost: {}
};

/** The states in which a turn may end from a live one. */
export const ENDINGS: Readonly<Record<State, readonly FinalState[]>> = {
  queued: ['cancelled', 'failed', 'lost'],
  starting: ['cancelled', 'interrupted', 'failed', 'lost'],
  running: ['completed', 'interrupted', 'failed', 'lost'],
  waiting: ['completed', 'interrupted', 'failed', 'lost'],
  interrupting: FINAL_STATES,
  completed: [],
  interrupted: [],
  failed: [],
  cancelled: [],
  lost: []
};

/** An event that cannot follow in this state: the record, or our reading of it, is wrong. */
export class InvalidTransition extends Error {}

/** Whether nothing can follow. */
export function isFinal(state: string): state is FinalState {
  return (FINAL_STATES as readonly string[]).includes(state);
}

/**
 * The state after an event other than `turn.ended`; while questions are open after it, the turn
 * waits. Throws `InvalidTransition`.
 */
export function advance(state: State, type: EventType, openQuestions = 0): State {
  const after = TRANSITIONS[state][type];
  if (after === undefined) {
    throw new InvalidTransition(`${type} cannot follow in state ${state}.`);
  }
  return after === 'running' && openQuestions ? 'waiting' : after;
}

/** The final state, when a turn may end so from `state`; throws `InvalidTransition`. */
export function end(state: State, final: FinalState): State {
  if (!ENDINGS[state].includes(final)) {
    throw new InvalidTransition(`A turn that is ${state} cannot end as ${final}.`);
  }
  return final;
}

function all(types: readonly EventType[], state: State): Steps {
  return Object.fromEntries(types.map(type => [type, state]));
}
