/** The words and figures with which a turn is described: plain text, nothing of the DOM. */

import type { IEntry, ITranslation, IUsage, State } from '../contracts';

export type Trans = ITranslation;

/** What a table has under a key of somebody else's; nothing of what every object has. */
export function known<T>(table: { [key: string]: T }, key: unknown): T | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;
}

const SYMBOLS: { [state: string]: string } = {
  queued: '⋯',
  starting: '⋯',
  running: '●',
  waiting: '?',
  interrupting: '◌',
  completed: '✓',
  interrupted: '■',
  failed: '✗',
  cancelled: '⊘',
  lost: '?'
};

export function stateSymbol(state: State): string {
  return known(SYMBOLS, state) ?? '·';
}

export function stateWord(state: State, trans: Trans): string {
  const words: { [state: string]: string } = {
    queued: trans.__('Queued'),
    starting: trans.__('Starting'),
    running: trans.__('Working'),
    waiting: trans.__('Waiting for you'),
    interrupting: trans.__('Stopping'),
    completed: trans.__('Completed'),
    interrupted: trans.__('Interrupted'),
    failed: trans.__('Failed'),
    cancelled: trans.__('Cancelled'),
    lost: trans.__('Lost')
  };
  return known(words, state) ?? String(state);
}

/** What to add to an item that is neither running nor completed; empty otherwise. */
export function ending(status: string, trans: Trans): string {
  const words: { [status: string]: string } = {
    failed: trans.__('failed'),
    declined: trans.__('declined'),
    interrupted: trans.__('interrupted'),
    background: trans.__('running in background'),
    lost: trans.__('lost: how it ended is not known')
  };
  return known(words, status) ?? '';
}

/** A length of time, in the two units that matter. */
export function duration(seconds: number, trans: Trans): string {
  const whole = Math.round(seconds);
  if (seconds < 9.95) {
    return trans.__('%1 s', Math.max(seconds, 0).toFixed(1));
  }
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  return whole < 3600
    ? trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60)
    : trans.__('%1 h %2 min', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/** How long an item took; empty where that is not worth a word. */
export function took(entry: IEntry, trans: Trans): string {
  const milliseconds = entry.duration_ms;
  return typeof milliseconds === 'number' && milliseconds >= 100
    ? duration(milliseconds / 1000, trans)
    : '';
}

export function thousands(count: number): string {
  return count >= 1000 ? `${(count / 1000).toFixed(1)}k` : String(count);
}

/** Tokens of the last request, which is what fills the context (`total` is cumulative). */
export function tokenCount(usage: IUsage | null): number | null {
  const count = usage?.last?.total_tokens;
  return typeof count === 'number' && count > 0 ? count : null;
}

/** Per cent of the context window that are free; `null` when that is not known. */
export function contextLeft(usage: IUsage | null): number | null {
  const used = tokenCount(usage);
  const window = usage?.context_window;
  if (used === null || typeof window !== 'number' || window <= 0 || used > window) {
    return null;
  }
  return Math.min(100, Math.max(0, Math.round(100 * (1 - used / window))));
}

/** A part of reasoning as its bold title and the rest. */
export function title(part: string): [string, string] {
  const text = part.trim();
  const end = text.indexOf('**', 2);
  if (text.startsWith('**') && end > 2 && !text.slice(0, end).includes('\n')) {
    return [text.slice(2, end), text.slice(end + 2).trim()];
  }
  return ['', text];
}

/** What a web search item did. */
export function search(entry: IEntry, trans: Trans): string {
  const action = entry.action ?? {};
  const url = action.url;
  if (['open_page', 'openPage'].includes(action.type) && url) {
    return trans.__('Opened %1', url);
  }
  if (['find_in_page', 'findInPage'].includes(action.type) && url) {
    return trans.__('Looked for “%1” in %2', action.pattern ?? '', url);
  }
  const query = entry.query || action.query;
  return query ? trans.__('Searched the web for “%1”', query) : trans.__('Searched the web');
}

/** What an approval asks for, without the command or the files. */
export function question(entry: IEntry, trans: Trans): string {
  if (entry.kind === 'mcp_tool_call') {
    return trans.__('Use the tool %1 of %2?', entry.tool ?? '?', entry.server ?? '?');
  }
  if (entry.kind === 'file_change') {
    return entry.grant_root
      ? trans.__('Write below %1?', entry.grant_root)
      : trans.__('Change these files?');
  }
  if (entry.kind === 'code') {
    return trans.__('Run this code?');
  }
  return entry.kind === 'permissions'
    ? trans.__('Grant these permissions?')
    : trans.__('Run this command?');
}

/** How an approval was decided, for what scope and by whom; also why, at a decline. */
export function decision(entry: IEntry, trans: Trans): string {
  const by = entry.by || trans.__('nobody');
  const said: { [outcome: string]: string } = {
    once: trans.__('Allowed once by %1', by),
    session: trans.__('Allowed for this session by %1', by),
    always: trans.__('Allowed always, by a rule, by %1', by),
    accepted: trans.__('Allowed by %1', by),
    declined: trans.__('Declined by %1', by),
    stopped: trans.__('Declined, and the turn stopped, by %1', by),
    expired: trans.__('Declined by %1', by),
    closed: trans.__('Left open by %1', by)
  };
  if (entry.outcome === null || entry.outcome === undefined) {
    return trans.__('Waiting for a decision');
  }
  const key =
    entry.outcome === 'accepted' && known(said, entry.decision) ? entry.decision : entry.outcome;
  const word = known(said, key) ?? String(entry.outcome);
  const isNo = entry.outcome === 'declined' || entry.outcome === 'stopped';
  return isNo && entry.decision_reason ? `${word}: ${entry.decision_reason}` : word;
}

/** What has a word of its own in a count, or is not Codex's doing. */
const COUNTED = [
  'reasoning command file_change mcp_tool_call tool_call web_search',
  'message user_message steer approval input hook_prompt'
].flatMap(types => types.split(' '));

/** A count of what was done: "5 commands, 2 searches, 1 failed". */
export function steps(entries: ReadonlyArray<IEntry>, trans: Trans): string {
  const count = (...types: string[]): number =>
    entries.filter(entry => types.includes(entry.type)).length;
  const files = new Set(
    entries
      .filter(entry => entry.type === 'file_change')
      .flatMap(entry => (entry.changes ?? []).map((change: { path?: string }) => change.path))
  ).size;
  const commands = count('command');
  const thoughts = count('reasoning');
  const tools = count('mcp_tool_call', 'tool_call');
  const searches = count('web_search');
  const failed = entries.filter(entry => entry.status === 'failed').length;
  const others = entries.filter(entry => !COUNTED.includes(entry.type)).length;
  return [
    thoughts && trans._n('%1 thought', '%1 thoughts', thoughts, thoughts),
    commands && trans._n('%1 command', '%1 commands', commands, commands),
    files && trans._n('%1 file changed', '%1 files changed', files, files),
    tools && trans._n('%1 tool call', '%1 tool calls', tools, tools),
    searches && trans._n('%1 search', '%1 searches', searches, searches),
    others && trans._n('%1 other step', '%1 other steps', others, others),
    failed && trans.__('%1 failed', failed)
  ]
    .filter(Boolean)
    .join(', ');
}
