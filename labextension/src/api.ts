/**
 * The REST API of our server extension, typed: every route of `codex_kernel/server`.
 *
 * What reads throws a `Problem`; what asks for something to be done gives an `IOutcome`, where a
 * refusal is a sentence for the user. Knows neither sockets nor widgets.
 */

import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import type { IDecision, IOutcome, ITurnError, IUsage, Json, State } from './contracts';
import type { IEvent, ITranscript } from './transcript';

const PREFIX = 'codex-kernel/api';
/** What our server extension tells every page of its server. */
const ANNOUNCED = 'codexKernel';
const CLIENT = 'JupyterLab';
/** An owner answers within 2 s or the server says 202; then it is asked so often again. */
const OUTCOME_MS = 500;
const OUTCOME_TRIES = 20;
/** A command whose answer was lost on the way is sent again with the same key. */
const SENT_AGAIN_MS = [500, 2000];

/** A turn as the record lists it; `prompt` is its beginning. */
export interface ITurnRow {
  turn_id: string;
  session_id: string | null;
  codex_turn_id: string | null;
  /** The stored path. */
  notebook: string | null;
  /** The contents API's path, below its root. */
  path: string | null;
  cell_id: string | null;
  prompt: string;
  state: State;
  seq: number;
  error: ITurnError | null;
  client: string | null;
  session_tokens: number | null;
  queued_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  /** The number in the prompt of its cell. */
  execution_count: number | null;
  updated_at: string;
  is_compacted: boolean;
}

export interface ITurnDetail extends ITurnRow {
  transcript: ITranscript;
}

/** A turn as the kernel puts it into a notebook; `data` is the MIME bundle of the output. */
export interface ITurnBundle {
  turn_id: string;
  state: State;
  final: boolean;
  execution_count: number | null;
  data: { [mimeType: string]: Json };
}

/** What a turn has changed below the server's root; commands may have changed more. */
export interface IChangedFiles {
  files: { path: string; kind: 'add' | 'update' | 'delete'; is_own_notebook: boolean }[];
  ran_commands: boolean;
}

/** Which part of a cell and of its outputs is to be told. */
export interface IBounds {
  max_chars: number;
  mime_types: string[];
}

/** What is to be done on an open notebook, see `codex_kernel/server/models.py`. */
export type Operation =
  | ({ verb: 'read'; cells: string[] | null; first: number; count: number } & IBounds)
  | {
      verb: 'insert';
      kind: 'code' | 'markdown' | 'raw';
      source: string;
      place: 'before' | 'after';
      anchor: string | null;
    }
  | {
      verb: 'replace';
      cell_id: string;
      was: string;
      source: string;
      kind: 'code' | 'markdown' | 'raw' | null;
    }
  | { verb: 'delete'; cell_id: string; was: string }
  | ({ verb: 'run'; cell_id: string; was: string; wait: boolean; seconds: number } & IBounds);

/** An operation that this page has taken up. */
export interface IOpenOperation {
  operation_id: string;
  path: string | null;
  notebook: string;
  /** Who wants it, for the mark on the cell. */
  by: string;
  turn_id: string | null;
  operation: Operation;
}

/** What became of an operation: a result, or why there is none. */
export interface IPageOutcome {
  result?: { [field: string]: Json };
  error?: string;
  next_step?: string;
}

/** A question without an answer; `event` is `approval.requested` or `input.requested`. */
export interface IOpenQuestion {
  turn_id: string;
  session_id: string | null;
  notebook: string | null;
  path: string | null;
  cell_id: string | null;
  event: IEvent;
}

export interface ISession {
  session_id: string;
  title: string | null;
  /** How its first prompt begins. */
  preview: string | null;
  cwd: string | null;
  model: string | null;
  forked_from: string | null;
  is_fresh: boolean;
  turns: number;
  tokens: number | null;
  running: boolean;
  archived: boolean;
  created_at: string;
  last_activity: string;
}

export interface ISessionDetail extends ISession {
  /** Stored paths of the notebooks bound to it. */
  notebooks: string[];
}

/** A session of Codex's, whoever began it. */
export interface IThread {
  session_id: string;
  title: string | null;
  preview: string;
  cwd: string | null;
  model: string | null;
  source: string | null;
  /** Seconds since 1970. */
  updated_at: number;
  known: boolean;
}

export interface INotebook {
  path: string | null;
  notebook: string;
  session_id: string | null;
  /** What the notebook asks for. */
  settings: { [name: string]: Json };
  /** How many pages show it now. */
  pages: number;
  /** The user's own; null: Codex's choice. */
  defaults: { [name: string]: Json };
  /** What the last turn reported to work with. */
  last_turn: {
    turn_id: string;
    state: State;
    settings: { [name: string]: Json };
    usage: IUsage | null;
  } | null;
}

/** Every setting of a session, as its kernel has it. */
export interface ISessionSettings {
  /** `env`: names. */
  settings: { [name: string]: Json };
  /** null: they did not tell in time. */
  mcp_servers: { name: string; state: string; login: string; tools: string[] }[] | null;
}

/** What is left out stays as it is; null takes a wish back. */
export interface INotebookWishes {
  model?: string | null;
  effort?: string | null;
  sandbox?: 'read-only' | 'workspace-write' | 'danger-full-access' | null;
  approval_policy?: 'untrusted' | 'on-request' | 'never' | null;
  cwd?: string | null;
  env?: string[] | null;
}

export interface ILogin {
  login_id: string;
  url: string;
  code: string;
  state: 'waiting' | 'done' | 'failed' | 'cancelled';
  problem: string | null;
}

export interface IAccount {
  account: { [field: string]: Json } | null;
  needs_login: boolean;
  rate_limits: { [field: string]: Json } | null;
  login: ILogin | null;
}

export interface IAuditEntry {
  at: string;
  turn_id: string;
  seq: number;
  kind: string;
  who: string | null;
  client: string | null;
  what: string;
  outcome: string | null;
  notebook: string | null;
  cell_id: string | null;
}

export interface IHealth {
  status: 'ok' | 'degraded' | 'unavailable';
  version: string;
  problem: string | null;
  next_step: string | null;
  log: { [field: string]: Json } | null;
  live_turns: number | null;
  readers: number;
}

export interface ITurnsQuery {
  notebook?: string;
  session?: string;
  cell?: string;
  state?: (State | 'live')[];
  ids?: readonly string[];
  before?: string;
  limit?: number;
}

export interface ISessionsQuery {
  search?: string;
  cwd?: string;
  archived?: boolean;
  before?: string;
  limit?: number;
}

// What the server says; each method names its shape.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Answer = any;
type Query = { [name: string]: string | number | boolean | readonly string[] | undefined };
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Why something was not done, as a sentence, and what to do about it. `status` 0: no answer. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly nextStep: string,
    readonly status: number,
    readonly kind: string,
    readonly outcome: { [key: string]: Json } | null = null
  ) {
    super(message);
  }

  /** The problem as the outcome of a command. */
  asOutcome(): IOutcome {
    const { message, nextStep, outcome } = this;
    return { ok: false, message, nextStep, outcome };
  }
}

/** The server extension's routes. */
export class Api {
  constructor(readonly settings = ServerConnection.makeSettings()) {}

  /** Whether this page's server has our extension; if not, nothing is ever asked. */
  get isAnnounced(): boolean {
    return PageConfig.getOption(ANNOUNCED) !== '';
  }

  /** The address of a socket, with what authenticates it. */
  socketUrl(path: string, query: Query = {}): string {
    const { wsUrl, token, appendToken } = this.settings;
    const all = appendToken && token ? { ...query, token } : query;
    return URLExt.join(wsUrl, PREFIX, path) + asText(all);
  }

  // What is

  turns(query: ITurnsQuery): Promise<{ turns: ITurnRow[]; next: string | null }> {
    return this._read('turns', { ...query });
  }

  turn(turnId: string): Promise<ITurnDetail> {
    return this._read(`turns/${encodeURIComponent(turnId)}`);
  }

  bundle(turnId: string): Promise<ITurnBundle> {
    return this._read(`turns/${encodeURIComponent(turnId)}/bundle`);
  }

  files(turnId: string): Promise<IChangedFiles> {
    return this._read(`turns/${encodeURIComponent(turnId)}/files`);
  }

  events(turnId: string, after = 0): Promise<{ events: IEvent[]; state: State; seq: number }> {
    return this._read(`turns/${encodeURIComponent(turnId)}/events`, { after });
  }

  sessions(query: ISessionsQuery = {}): Promise<{ sessions: ISession[]; next: string | null }> {
    return this._read('sessions', { ...query });
  }

  session(sessionId: string): Promise<ISessionDetail> {
    return this._read(`sessions/${encodeURIComponent(sessionId)}`);
  }

  audit(
    sessionId: string,
    after?: string
  ): Promise<{ session_id: string; entries: IAuditEntry[]; next: string | null }> {
    const path = `sessions/${encodeURIComponent(sessionId)}/audit`;
    return this._read(path, { format: 'json', after });
  }

  /** Where the audit of a session can be downloaded from. */
  auditUrl(sessionId: string, format: 'json' | 'csv'): string {
    const path = `sessions/${encodeURIComponent(sessionId)}/audit`;
    return this._url(path, { format });
  }

  /** `outcome` is an `ISessionSettings`. */
  sessionSettings(sessionId: string): Promise<IOutcome> {
    return this._ask('GET', `sessions/${encodeURIComponent(sessionId)}/settings`);
  }

  background(sessionId: string): Promise<{ commands: { [field: string]: Json }[] }> {
    return this._read(`sessions/${encodeURIComponent(sessionId)}/background`);
  }

  /** Codex's own sessions of a folder, or of a notebook's folder. */
  threads(query: { notebook?: string; cwd?: string } = {}): Promise<{ threads: IThread[] }> {
    return this._read('threads', query);
  }

  notebook(path: string): Promise<INotebook> {
    return this._read('notebooks', { path });
  }

  openQuestions(
    query: { notebook?: string; session?: string } = {}
  ): Promise<{ approvals: IOpenQuestion[] }> {
    return this._read('approvals', { state: 'pending', ...query });
  }

  account(): Promise<IAccount> {
    return this._read('account');
  }

  models(): Promise<{ models: { [field: string]: Json }[] }> {
    return this._read('models');
  }

  health(): Promise<IHealth> {
    return this._read('health');
  }

  // What is asked of the owner of a turn or a session

  interrupt(turnId: string): Promise<IOutcome> {
    return this._ask('POST', `turns/${encodeURIComponent(turnId)}/interrupt`);
  }

  /** Add to a running turn; what could not be sent comes back in `outcome.text`. */
  steer(turnId: string, text: string): Promise<IOutcome> {
    return this._ask('POST', `turns/${encodeURIComponent(turnId)}/steer`, { text });
  }

  cancel(turnId: string): Promise<IOutcome> {
    return this._ask('POST', `turns/${encodeURIComponent(turnId)}/cancel`);
  }

  decide(questionId: string, decision: IDecision): Promise<IOutcome> {
    return this._ask('POST', `approvals/${encodeURIComponent(questionId)}`, { ...decision });
  }

  changeSession(
    sessionId: string,
    change: { title?: string; archived?: boolean }
  ): Promise<IOutcome> {
    return this._ask('PATCH', `sessions/${encodeURIComponent(sessionId)}`, change);
  }

  /** Delete our record of a session; with `thread` Codex's own, too. */
  deleteSession(sessionId: string, thread = false): Promise<IOutcome> {
    const path = `sessions/${encodeURIComponent(sessionId)}`;
    return this._ask('DELETE', path, undefined, { thread });
  }

  /** Copy a session; `outcome.session_id` is the copy's. */
  fork(sessionId: string, take: { turn_id?: string; notebook?: string }): Promise<IOutcome> {
    return this._ask('POST', `sessions/${encodeURIComponent(sessionId)}/fork`, take);
  }

  /** Stop a background command, or all of the session. */
  stopBackground(sessionId: string, processId?: string): Promise<IOutcome> {
    const path = `sessions/${encodeURIComponent(sessionId)}/background/stop`;
    return this._ask('POST', path, processId === undefined ? {} : { process_id: processId });
  }

  // What the server does itself

  deleteTurn(turnId: string): Promise<{ turn_ids: string[] }> {
    return this._request('DELETE', `turns/${encodeURIComponent(turnId)}`);
  }

  changeNotebook(path: string, wishes: INotebookWishes): Promise<INotebook> {
    return this._request('PATCH', 'notebooks', { path }, wishes);
  }

  /**
   * Go on with a session from the next turn on; null: with a new one. With `takeOver` the kernel
   * that has it open gives it up first.
   */
  bind(path: string, sessionId: string | null, takeOver = false): Promise<INotebook> {
    const body = { path, session_id: sessionId, take_over: takeOver };
    return this._request('POST', 'notebooks/bind', {}, body);
  }

  /** Take up an operation on a notebook of this page; null: another page was first. */
  async claimOperation(operationId: string): Promise<IOpenOperation | null> {
    try {
      const path = `operations/${encodeURIComponent(operationId)}/claim`;
      return await this._request('POST', path, {}, {});
    } catch (problem) {
      if (problem instanceof Problem && (problem.status === 409 || problem.status === 404)) {
        return null;
      }
      throw problem;
    }
  }

  /** Answer an operation that was taken up; what the server has already is not said twice. */
  async answerOperation(operationId: string, outcome: IPageOutcome): Promise<void> {
    const path = `operations/${encodeURIComponent(operationId)}/outcome`;
    try {
      await this._send(UUID.uuid4(), () => ['POST', path, {}, outcome]);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 409) {
        throw problem;
      }
    }
  }

  login(key?: string): Promise<IAccount> {
    const body = key === undefined ? { type: 'device_code' } : { type: 'api_key', api_key: key };
    return this._request('POST', 'account/login', {}, body);
  }

  cancelLogin(): Promise<IAccount> {
    return this._request('POST', 'account/login/cancel', {}, {});
  }

  logout(): Promise<IAccount> {
    return this._request('POST', 'account/logout', {}, {});
  }

  private _read(path: string, query: Query = {}): Promise<Answer> {
    return this._request('GET', path, query);
  }

  private async _ask(
    method: Method,
    path: string,
    body: object = {},
    query: Query = {}
  ): Promise<IOutcome> {
    try {
      const sent = method === 'DELETE' || method === 'GET' ? undefined : body;
      const key = UUID.uuid4();
      return await this._outcome(await this._send(key, () => [method, path, query, sent]));
    } catch (problem) {
      if (problem instanceof Problem) {
        return problem.asOutcome();
      }
      throw problem;
    }
  }

  /** Send a command; an answer that was lost is asked for again, nothing is done twice. */
  private async _send(
    key: string,
    request: () => [Method, string, Query, object | undefined]
  ): Promise<Answer> {
    for (const pause of SENT_AGAIN_MS) {
      try {
        return await this._request(...request(), key);
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.status !== 0) {
          throw problem;
        }
        await new Promise(resolve => setTimeout(resolve, pause));
      }
    }
    return this._request(...request(), key);
  }

  private async _outcome(answer: Answer): Promise<IOutcome> {
    for (let tries = 0; !answer.done && tries < OUTCOME_TRIES; tries++) {
      await new Promise(resolve => setTimeout(resolve, OUTCOME_MS));
      answer = await this._read(`commands/${encodeURIComponent(answer.command_id)}`);
    }
    if (answer.done) {
      return { ok: true, outcome: answer.outcome };
    }
    throw new Problem(
      'Codex was told and has not answered.',
      'Look whether its kernel runs, and restart it if it hangs.',
      504,
      'RequestTimedOut'
    );
  }

  private async _request(
    method: Method,
    path: string,
    query: Query = {},
    body?: object,
    key?: string
  ): Promise<Answer> {
    const headers: Record<string, string> = { 'X-Codex-Client': CLIENT };
    if (key) {
      headers['Idempotency-Key'] = key;
    }
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const init: RequestInit = { method, headers, body: sent };
    let response: Response;
    let text: string;
    try {
      response = await ServerConnection.makeRequest(this._url(path, query), init, this.settings);
      text = await response.text();
    } catch (error) {
      throw new Problem(
        'The Jupyter server does not answer.',
        'Check the connection; it is tried again.',
        0,
        String(error)
      );
    }
    return read(response, text);
  }

  private _url(path: string, query: Query): string {
    return URLExt.join(this.settings.baseUrl, PREFIX, path) + asText(query);
  }
}

function read(response: Response, text: string): Answer {
  let answer: Answer = {};
  try {
    answer = JSON.parse(text || '{}');
  } catch {
    // A proxy's page: its status has to do, unless it says that all is well.
    if (response.ok) {
      throw new Problem(
        'Another page answers in place of the Jupyter server.',
        'Reload this page; you may have to sign in again.',
        response.status,
        'Unknown'
      );
    }
  }
  if (response.ok) {
    return answer;
  }
  throw new Problem(
    answer.message || `The Jupyter server answers ${response.status}.`,
    answer.next_step || 'See the log of the Jupyter server.',
    response.status,
    answer.kind || 'Unknown',
    answer.outcome ?? null
  );
}

function asText(query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : '';
}
