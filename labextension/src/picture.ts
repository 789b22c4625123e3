/**
 * The picture of a turn, kept up to date: the content of our MIME type as
 * `codex_kernel/render/picture.py` makes it, but unbounded and with outputs as they were written
 * (a reader settles carriage returns).
 *
 * Entries are the same objects from drawing to drawing, and only those that were touched are
 * drawn anew. A text stands in the picture once: the diff of the whole turn holds only files that
 * no file change shows, an approval leaves out what its item says.
 */

import type { IChange, IEntry, IPicture, Json } from './contracts';
import { countLines, readFiles, readHunks, type IFileDiff, type ILine } from './diff';
import { entries } from './entries';
import { isFinal } from './state';
import type { ITranscript, Touched } from './transcript';

const CODEX_FIELDS = ['model', 'effort', 'sandbox', 'approval_policy', 'version'];
/** Our own MCP server, as Codex calls it. */
const OWN_SERVER = 'codex_kernel';
const ACTION_FIELDS = ['type', 'name', 'path', 'query'];

/** The picture of one turn, drawn from its transcript again and again. */
export class Picture {
  readonly value: IPicture;
  private _entries: Map<string, IEntry>;
  private _sources = new Map<string, IEntry>();
  private _diff: string | null = null;

  /** Begin with what is shown already, which is left as it is; else with nothing. */
  constructor(seed: IPicture = blankPicture()) {
    this.value = { ...seed, items: seed.items.map(entry => ({ ...entry })) };
    this._entries = new Map(this.value.items.map(entry => [entry.id, entry]));
  }

  /** Bring the picture up to the transcript; says what is another. */
  draw(data: ITranscript, touched: Touched): IChange {
    const drawn = new Set<string>();
    const list = touched.all || touched.list ? this._drawList(data, touched, drawn) : false;
    const cwd = cwdOf(data);
    for (const id of touched.items) {
      const entry = this._entries.get(id);
      const source = this._sources.get(id);
      if (entry && source && !drawn.has(id)) {
        redraw(entry, drawEntry(source, cwd));
        drawn.add(id);
      }
    }
    const header = touched.all || touched.header;
    if (header) {
      this._drawHeader(data);
    }
    const diff = this._drawDiff(data, touched);
    this.value.seq = data.seq;
    return { list, entries: drawn, header: header || diff };
  }

  /** Order and entries; whether entries came, went or moved. */
  private _drawList(data: ITranscript, touched: Touched, drawn: Set<string>): boolean {
    const cwd = cwdOf(data);
    const before = this.value.items;
    const known = this._entries;
    this._entries = new Map();
    this._sources = new Map();
    const items = entries(data).map(source => {
      this._sources.set(source.id, source);
      const entry = known.get(source.id) ?? ({} as IEntry);
      this._entries.set(source.id, entry);
      if (isDue(source, entry, touched)) {
        redraw(entry, drawEntry(source, cwd));
        drawn.add(source.id);
      }
      return entry;
    });
    this.value.items = items;
    return items.length !== before.length || items.some((entry, at) => entry !== before[at]);
  }

  private _drawHeader(data: ITranscript): void {
    const picture = this.value;
    const { turn_id, session_id, cell_id, state, prompt, plan, usage } = data;
    const { error, started_at, finished_at } = data;
    Object.assign(picture, { turn_id, session_id, cell_id, state, prompt, plan, usage });
    Object.assign(picture, { error, started_at, finished_at, final: isFinal(state) });
    picture.codex = Object.fromEntries(
      CODEX_FIELDS.map(field => [field, data.settings[field] ?? null])
    );
  }

  /** What is left of the turn's diff; whether it is another now. */
  private _drawDiff(data: ITranscript, touched: Touched): boolean {
    const isFileChange = (id: string): boolean => this._entries.get(id)?.type === 'file_change';
    if (!touched.all && data.diff === this._diff && ![...touched.items].some(isFileChange)) {
      return false;
    }
    const before = this.value.diff;
    this._diff = data.diff;
    this.value.diff = remainingDiff(data);
    return this.value.diff !== before;
  }
}

/** The picture of a turn of which nothing is known. */
export function blankPicture(): IPicture {
  return {
    schema_version: 1,
    turn_id: null,
    session_id: null,
    cell_id: null,
    state: 'queued',
    final: false,
    seq: 0,
    prompt: '',
    items: [],
    plan: null,
    diff: null,
    usage: null,
    error: null,
    started_at: null,
    finished_at: null,
    codex: {}
  };
}

/** Whether an entry is to be drawn: items only when touched, what stands between them always. */
function isDue(source: IEntry, entry: IEntry, touched: Touched): boolean {
  const isItem = !['approval', 'input', 'steer', 'warning', 'retry'].includes(source.type);
  const isCredited = source.by !== undefined && entry.by === undefined;
  return touched.all || !entry.id || touched.items.has(source.id) || !isItem || isCredited;
}

/** The same object with these fields and no others. */
function redraw(entry: IEntry, fields: IEntry): void {
  for (const key of Object.keys(entry)) {
    if (!(key in fields)) {
      delete entry[key];
    }
  }
  Object.assign(entry, fields);
}

function cwdOf(data: ITranscript): string | null {
  return typeof data.settings.cwd === 'string' ? data.settings.cwd : null;
}

/** The entry as it is shown: paths relative to the working directory, nothing twice. */
function drawEntry(entry: IEntry, cwd: string | null): IEntry {
  const draw = Object.hasOwn(KINDS, entry.type) ? KINDS[entry.type] : null;
  return draw ? draw(entry, cwd) : { ...entry };
}

type Draw = (entry: IEntry, cwd: string | null) => IEntry;

const KINDS: Readonly<Record<string, Draw>> = {
  user_message: entry => {
    const drawn = { ...entry };
    delete drawn.client_id;
    return drawn;
  },
  command: (entry, cwd) => {
    const drawn: IEntry = {
      ...entry,
      actions: (entry.actions ?? []).map(shownAction),
      cwd: shownPlace(entry.cwd ?? null, cwd),
      output: entry.output ?? ''
    };
    delete drawn.raw;
    return drawn;
  },
  file_change: (entry, cwd) => ({ ...entry, changes: shownChanges(entry.changes, cwd) }),
  reasoning: entry => {
    const hasSummary = (entry.summary ?? []).some((part: string) => part.trim());
    return hasSummary ? { ...entry, content: [] } : { ...entry };
  },
  image: (entry, cwd) => ({ ...entry, path: shownPath(entry.path, cwd) }),
  mcp_tool_call: drawToolCall,
  tool_call: drawToolCall,
  approval: (entry, cwd) => {
    const drawn = { ...entry };
    if ('cwd' in entry) {
      drawn.cwd = shownPlace(entry.cwd, cwd);
    }
    if ('changes' in entry) {
      drawn.changes = shownChanges(entry.changes, cwd);
    }
    return drawn;
  }
};

function drawToolCall(entry: IEntry): IEntry {
  const blocks: Json[] = entry.content ?? [];
  const drawn: IEntry = { ...entry, content: blocks.filter(block => !isBeside(entry, block)) };
  if ('structured' in entry && drawn.content.length) {
    drawn.structured = null;
  }
  return drawn;
}

/** Whether a tool of ours has shown this block of its result itself, below the turn. */
function isBeside(entry: IEntry, block: Json): boolean {
  const notes = (block as { annotations?: { audience?: Json } } | null)?.annotations;
  return entry.server === OWN_SERVER && String(notes?.audience) === 'assistant';
}

function shownAction(action: { [field: string]: Json }): { [field: string]: Json } {
  return Object.fromEntries(
    ACTION_FIELDS.filter(field => action[field]).map(field => [field, action[field]])
  );
}

function shownChanges(changes: IEntry[] | undefined, cwd: string | null): object[] {
  return (changes ?? []).map(change => ({
    path: shownPath(change.path, cwd),
    kind: change.kind ?? null,
    move_path: shownPath(change.move_path, cwd),
    ...countLines(readHunks(change.diff || '')),
    diff: change.diff || ''
  }));
}

/** Relative to the working directory when it lies below it. */
function shownPath(path: string | null | undefined, cwd: string | null): string | null {
  if (path === undefined || path === null || !cwd || !path.startsWith('/')) {
    return path ?? null;
  }
  const folder = cwd.endsWith('/') ? cwd : `${cwd}/`;
  const isBelow = path.startsWith(folder) && !path.split('/').includes('..');
  return isBelow ? path.slice(folder.length) : path === cwd ? '.' : path;
}

/** The working directory of a command, when it is not the turn's. */
function shownPlace(place: string | null, cwd: string | null): string | null {
  return place === cwd ? null : shownPath(place, cwd);
}

/** The part of the turn's diff that no file change shows, e.g. a shell's edits. */
function remainingDiff(data: ITranscript): string | null {
  if (!data.diff) {
    return null;
  }
  const shown = new Map<string, Set<string>>();
  for (const item of data.items) {
    if (item.type !== 'file_change' || !['completed', 'running'].includes(item.status)) {
      continue;
    }
    for (const change of item.changes) {
      const marked = readHunks(change.diff || '').map(marking);
      for (const path of [change.path, change.move_path]) {
        shown.set(path || '', new Set([...(shown.get(path || '') ?? []), ...marked]));
      }
    }
  }
  const rest = readFiles(data.diff).filter(file => !isShown(file, shown));
  return rest.map(file => file.text).join('') || null;
}

function isShown(file: IFileDiff, shown: Map<string, Set<string>>): boolean {
  const lines = file.lines.filter(line => line.mark === '+' || line.mark === '-').map(marking);
  const name = '/' + file.path.replace(/^\/+/, '');
  return [...shown].some(
    ([path, marked]) => `/${path}`.endsWith(name) && lines.every(line => marked.has(line))
  );
}

function marking(line: ILine): string {
  return line.mark + line.text;
}
