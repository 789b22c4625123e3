/**
 * What a reader sees of a turn, in order, as `codex_kernel/render/entries.py` has it: its items,
 * and between them what else happened.
 */

import type { IEntry } from './contracts';
import { isFinal } from './state';
import type { IQuestion, ITranscript } from './transcript';

const APPROVAL_FIELDS = [
  'kind', 'item_id', 'reason', 'command', 'cwd', 'changes', 'permissions', 'server', 'tool',
  'arguments', 'grant_root', 'rule', 'outcome', 'decision', 'by', 'decision_reason',
  'requested_at', 'decided_at'
]; // prettier-ignore
const INPUT_FIELDS = [
  'item_id', 'source', 'message', 'questions', 'outcome', 'answers', 'by', 'requested_at',
  'decided_at'
]; // prettier-ignore
const SHOWN_BY_ITEM = ['command', 'cwd', 'changes', 'arguments', 'server', 'tool'];
const AGAIN =
  'This cell has run before in this session: Codex remembers, and this is a further turn.';

/** The entries of a transcript; items are the transcript's own objects where nothing is added. */
export function entries(data: ITranscript): IEntry[] {
  const items = withoutRepeated(data.items);
  const known = new Map(items.map(item => [item.id, item]));
  const asked = [...approvals(data, known), ...inputs(data)];
  const askedBy = group(asked);
  const steers = [...data.steers];
  const warnings = data.warnings.map((warning, at) => warningEntry(`warning-${at + 1}`, warning));
  const shown: IEntry[] = data.again
    ? [warningEntry('again', { kind: 'again', message: AGAIN })]
    : [];
  // What is to be known of the session stands first: the reader may want another one.
  shown.push(...warnings.filter(entry => entry.kind === 'notice'));
  for (const item of items) {
    shown.push(credited(item, steers), ...(askedBy.get(item.id) ?? []));
  }
  const loose = asked.filter(entry => !known.has(entry.item_id));
  steers.forEach((steer, at) =>
    loose.push({ id: `steer-${at + 1}`, type: 'steer', status: 'completed', ...steer })
  );
  shown.splice(placeBeforeAnswer(shown), 0, ...loose);
  shown.push(...warnings.filter(entry => entry.kind !== 'notice'));
  if (data.retry && !isFinal(data.state)) {
    shown.push({ id: 'retry', type: 'retry', status: 'running', ...data.retry });
  }
  return shown;
}

/**
 * The final answer: the last message marked so, else the last message. A message that Codex gave
 * up (a retry says it again) is one only where there is no other.
 */
export function answerOf(shown: readonly IEntry[]): IEntry | null {
  const said = shown.filter(entry => entry.type === 'message');
  const kept = said.filter(entry => entry.status !== 'lost');
  const messages = kept.length ? kept : said;
  const final = messages.filter(entry => entry.phase === 'final_answer');
  return (final.length ? final : messages).at(-1) ?? null;
}

/** Where entries without a place go: before the answer when that ends the turn. */
function placeBeforeAnswer(shown: IEntry[]): number {
  const last = shown.at(-1);
  return last !== undefined && last === answerOf(shown) ? shown.length - 1 : shown.length;
}

/** The items without reviews that say what a message says too (Codex sends findings twice). */
function withoutRepeated(items: IEntry[]): IEntry[] {
  const isFindings = (item: IEntry): boolean => item.type === 'review' && item.phase === 'exited';
  if (!items.some(isFindings)) {
    return items;
  }
  const messages = items.filter(item => item.type === 'message');
  const said = new Set(messages.map(item => item.text.trim()));
  return items.filter(item => !isFindings(item) || !said.has((item.text ?? '').trim()));
}

/** The item; if it is a steer that Codex took up, with who sent it, and that one struck off. */
function credited(item: IEntry, steers: ITranscript['steers']): IEntry {
  if (item.type !== 'user_message') {
    return item;
  }
  const at = steers.findIndex(steer => steer.text.trim() === item.text.trim());
  return at < 0 ? item : { ...item, by: steers.splice(at, 1)[0].by };
}

function group(asked: IEntry[]): Map<string | null, IEntry[]> {
  const groups = new Map<string | null, IEntry[]>();
  for (const entry of asked) {
    groups.set(entry.item_id, [...(groups.get(entry.item_id) ?? []), entry]);
  }
  return groups;
}

function approvals(data: ITranscript, items: Map<string, IEntry>): IEntry[] {
  return data.approvals.map(approval => {
    const hidden = saysTheSame(approval, items) ? SHOWN_BY_ITEM : [];
    return askedEntry('approval', approval, APPROVAL_FIELDS, hidden);
  });
}

function saysTheSame(approval: IQuestion, items: Map<string, IEntry>): boolean {
  const item = items.get(approval.item_id ?? '');
  const { command } = approval;
  return (
    item !== undefined &&
    (command === undefined || command === null || [item.command, item.raw].includes(command))
  );
}

function inputs(data: ITranscript): IEntry[] {
  return data.inputs.map(question => askedEntry('input', question, INPUT_FIELDS, []));
}

function askedEntry(type: string, question: IQuestion, fields: string[], hidden: string[]): IEntry {
  const entry: IEntry = {
    id: question.id,
    type,
    status: statusOf(question.outcome),
    item_id: null,
    outcome: null
  };
  for (const field of fields) {
    if (!hidden.includes(field) && (question[field] ?? null) !== null) {
      entry[field] = question[field];
    }
  }
  return entry;
}

function statusOf(outcome: string | null): string {
  if (outcome === null) {
    return 'running';
  }
  return outcome === 'accepted' || outcome === 'answered' ? 'completed' : 'declined';
}

function warningEntry(id: string, warning: { message: string; kind: string | null }): IEntry {
  return { id, type: 'warning', status: 'completed', ...warning };
}
