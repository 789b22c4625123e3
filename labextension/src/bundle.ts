/** The content of our MIME type as a document holds it: anything, until it was looked at. */

import { isTurnId, type IEntry, type IPicture, type State } from './contracts';
import { blankPicture } from './picture';
import { TRANSITIONS } from './state';

// What a document says; looked at field by field.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any;

/** The bundle, with what is not as it should be left out; null when it is none at all. */
export function readBundle(content: unknown): IPicture | null {
  const found = content as Anything;
  if (!isObject(found) || !Array.isArray(found.items) || !Object.hasOwn(TRANSITIONS, found.state)) {
    return null;
  }
  const picture: Anything = blankPicture();
  for (const field of ['session_id', 'cell_id', 'started_at', 'finished_at', 'diff']) {
    picture[field] = typeof found[field] === 'string' ? found[field] : null;
  }
  for (const field of ['usage', 'error']) {
    picture[field] = isObject(found[field]) ? found[field] : null;
  }
  return {
    ...picture,
    turn_id: isTurnId(found.turn_id) ? found.turn_id : null,
    state: found.state as State,
    final: found.final === true,
    seq: Number.isSafeInteger(found.seq) ? found.seq : 0,
    prompt: typeof found.prompt === 'string' ? found.prompt : '',
    items: withoutDoubles(found.items.filter(isEntry)),
    plan: Array.isArray(found.plan) ? found.plan.filter(isObject) : null,
    codex: isObject(found.codex) ? found.codex : {}
  };
}

function isObject(value: unknown): value is { [field: string]: Anything } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(entry: unknown): entry is IEntry {
  const isText = (field: string): boolean => typeof (entry as Anything)[field] === 'string';
  return isObject(entry) && ['id', 'type', 'status'].every(isText);
}

function withoutDoubles(entries: IEntry[]): IEntry[] {
  return [...new Map(entries.map(entry => [entry.id, entry])).values()];
}
