/**
 * Where a turn view reads a turn from: the record, as it happens, or a bundle of a document.
 *
 * A turn is followed once per page, by one socket, however many views it has, and only while one
 * of them is looked at. Knows no document and no widget.
 */

import { Signal, type ISignal } from '@lumino/signaling';

import type { Api } from './api';
import { Channel } from './channel';
import type { Freshness, IChange, IEntry, IPicture, ITurnSource } from './contracts';
import { draw, leaveOut } from './frames';
import { Picture } from './picture';
import type { Rows } from './rows';
import { InvalidTransition } from './state';
import { Transcript, type IEvent, type ITranscript } from './transcript';

/** A frame of `turns/{id}/stream`. */
type IFrame =
  | { type: 'snapshot'; seq: number; transcript: ITranscript }
  | { type: 'event'; event: IEvent }
  | { type: 'heartbeat' }
  | { type: 'end'; state: string };

/** A source that may rest while nobody looks. */
export interface IFollowingSource extends ITurnSource {
  suspend(): void;
  resume(): void;
}

abstract class Source implements ITurnSource {
  protected readonly _changed = new Signal<ITurnSource, IChange>(this);
  protected readonly _disposed = new Signal<ITurnSource, void>(this);
  private _isDisposed = false;

  abstract readonly picture: IPicture;
  abstract readonly freshness: Freshness;
  abstract readonly questions: readonly IEntry[];
  abstract readonly whole: (() => Promise<boolean>) | null;

  get changed(): ISignal<ITurnSource, IChange> {
    return this._changed;
  }

  get disposed(): ISignal<ITurnSource, void> {
    return this._disposed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._disposed.emit();
      Signal.clearData(this);
    }
  }
}

/** What a document says of a turn. Nobody vouches for it: it has no questions to answer. */
export class SavedSource extends Source {
  readonly questions = [];
  private _freshness: Freshness;
  private _picture: IPicture;

  /**
   * `unknown`: the record does not have this turn; `saved`: nobody was asked. `api`: the record
   * that may have more of it.
   */
  constructor(
    bundle: IPicture,
    freshness: 'saved' | 'unknown' | 'connecting' = 'saved',
    private readonly _api: Api | null = null
  ) {
    super();
    this._picture = { ...bundle, items: bundle.items.map(item => ({ ...item })) };
    this._freshness = freshness;
  }

  get picture(): IPicture {
    return this._picture;
  }

  get freshness(): Freshness {
    return this._freshness;
  }

  get whole(): (() => Promise<boolean>) | null {
    return this._api && this._picture.final ? () => this._fetchWhole() : null;
  }

  /** The document has a newer bundle of the turn. */
  update(bundle: IPicture): void {
    const known = new Map(this._picture.items.map(entry => [entry.id, entry]));
    const before = this._picture.items;
    const entries = new Set<string>();
    const items = bundle.items.map(item => {
      const entry = known.get(item.id);
      if (entry === undefined || JSON.stringify(entry) !== JSON.stringify(item)) {
        entries.add(item.id);
      }
      return Object.assign(entry ?? {}, item);
    });
    Object.assign(this._picture, bundle, { items });
    const list = items.length !== before.length || items.some((each, at) => each !== before[at]);
    this._changed.emit({ list, entries, header: true });
  }

  /** It is known now whether the record has this turn. */
  setFreshness(freshness: Freshness): void {
    if (freshness !== this._freshness) {
      this._freshness = freshness;
      this._changed.emit({ list: false, entries: new Set(), header: true });
    }
  }

  private async _fetchWhole(): Promise<boolean> {
    const { turn_id, session_id } = this._picture;
    const { turns } = await this._api!.turns({ ids: [turn_id ?? ''] });
    // A bundle may name whatever turn it likes: only the one it is of is shown here.
    if (turns.length === 0 || session_id === null || turns[0].session_id !== session_id) {
      return false;
    }
    const { transcript } = await this._api!.turn(turns[0].turn_id);
    const whole = new Picture();
    whole.draw(transcript, new Transcript(transcript).takeTouched());
    this.update(whole.value);
    return true;
  }
}

/** A turn as the record has it, followed while somebody looks. One for all views of the page. */
class Followed {
  readonly changed = new Signal<Followed, IChange>(this);
  readonly transcript = new Transcript();
  private readonly _picture: Picture;
  private readonly _watchers = new Set<object>();
  private _freshness: Freshness = 'connecting';
  private _questions: readonly IEntry[] = [];
  private _channel: Channel | null = null;
  private _frames: IFrame[] = [];

  constructor(
    private readonly _turnId: string,
    private readonly _api: Api,
    private readonly _rows: Rows,
    private readonly _seed: IPicture | null
  ) {
    this._picture = new Picture(_seed ?? undefined);
  }

  get picture(): IPicture {
    return this._picture.value;
  }

  get freshness(): Freshness {
    return this._freshness;
  }

  get questions(): readonly IEntry[] {
    return this._questions;
  }

  /** Somebody looks: the turn is followed. */
  watch(watcher: object): void {
    this._watchers.add(watcher);
    if (this._channel === null && this._freshness !== 'ended') {
      this._channel = new Channel({
        url: () => this._url(),
        onFrame: text => this._take(text),
        onState: isConnected => this._setConnected(isConnected),
        mayRetry: () => this._isThere(),
        WebSocket: this._api.settings.WebSocket
      });
    }
  }

  /** Somebody looks no longer: with the last one the socket goes; what is known stays. */
  leave(watcher: object): void {
    if (this._watchers.delete(watcher) && this._watchers.size === 0) {
      this._rest();
    }
  }

  private _url(): string {
    this._apply();
    const path = `turns/${encodeURIComponent(this._turnId)}/stream`;
    return this._api.socketUrl(path, { after: this.transcript.data.seq });
  }

  private _rest(): void {
    leaveOut(this._apply);
    this._apply();
    this._channel?.dispose();
    this._channel = null;
  }

  private async _isThere(): Promise<boolean> {
    try {
      const isThere = (await this._rows.get(this._turnId)) !== null;
      if (!isThere) {
        this._end('unknown');
      }
      return isThere;
    } catch {
      return true; // The server is away: it is tried again.
    }
  }

  private _setConnected(isConnected: boolean): void {
    if (this._freshness !== 'ended' && this._freshness !== 'unknown') {
      const isBeginning = this._freshness === 'connecting' && !isConnected;
      this._setFreshness(isConnected ? 'live' : isBeginning ? 'connecting' : 'offline');
    }
  }

  private _setFreshness(freshness: Freshness): void {
    if (freshness !== this._freshness) {
      this._freshness = freshness;
      this.changed.emit({ list: false, entries: new Set(), header: true });
    }
  }

  private _end(freshness: Freshness): void {
    this._questions = [];
    this._setFreshness(freshness);
    this._rest();
  }

  /** Frames are applied when the page is drawn, however many came. */
  private _take(text: string): void {
    const frame = JSON.parse(text) as IFrame;
    if (frame.type !== 'heartbeat') {
      this._frames.push(frame);
      draw(this._apply, frame.type === 'event' && frame.event.type === 'item.text');
    }
  }

  private readonly _apply = (): void => {
    const frames = this._frames;
    this._frames = [];
    if (frames.length === 0) {
      return;
    }
    const ended = this._fold(frames);
    // What the document showed already is not taken back while the record is read.
    if (ended || this.transcript.data.seq >= (this._seed?.seq ?? 0)) {
      this._questions = this._readQuestions();
      this.changed.emit(this._picture.draw(this.transcript.data, this.transcript.takeTouched()));
    }
    if (ended) {
      // A turn that is deleted while it is read has no final state.
      this._end(this.transcript.isFinal ? 'ended' : 'unknown');
    }
  };

  /** Whether the turn is over. */
  private _fold(frames: IFrame[]): boolean {
    for (const frame of frames) {
      if (frame.type === 'event') {
        if (frame.event.seq > this.transcript.data.seq + 1) {
          this._channel?.renew();
          return false;
        }
        this._foldEvent(frame.event);
      } else if (frame.type === 'snapshot' && frame.seq > this.transcript.data.seq) {
        this.transcript.replace(frame.transcript);
      } else if (frame.type === 'end') {
        return true;
      }
    }
    return false;
  }

  private _foldEvent(event: IEvent): void {
    try {
      this.transcript.apply([event]);
    } catch (error) {
      if (!(error instanceof InvalidTransition)) {
        throw error;
      }
      // A newer kernel may know steps that we do not: the rest is still worth showing.
      this.transcript.data.seq = event.seq;
    }
  }

  private _readQuestions(): readonly IEntry[] {
    if (this.transcript.isFinal) {
      return [];
    }
    return this.transcript.openQuestions().map(question => ({
      ...question,
      type: this.transcript.data.inputs.includes(question) ? 'input' : 'approval',
      status: 'running'
    }));
  }
}

/** One view's hold on a turn of the record. */
export class LogSource extends Source implements IFollowingSource {
  readonly whole = null;

  constructor(
    private readonly _followed: Followed,
    private readonly _onDispose: () => void
  ) {
    super();
    _followed.changed.connect(this._tell, this);
    this.resume();
  }

  get picture(): IPicture {
    return this._followed.picture;
  }

  get freshness(): Freshness {
    return this._followed.freshness;
  }

  get questions(): readonly IEntry[] {
    return this._followed.questions;
  }

  /** The transcript behind the picture, with everything the record has. */
  get transcript(): ITranscript {
    return this._followed.transcript.data;
  }

  /** Nobody looks at this view now. */
  suspend(): void {
    this._followed.leave(this);
  }

  /** Somebody looks again. */
  resume(): void {
    this._followed.watch(this);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._followed.changed.disconnect(this._tell, this);
      this._followed.leave(this);
      super.dispose();
      this._onDispose();
    }
  }

  private _tell(_: Followed, change: IChange): void {
    this._changed.emit(change);
  }
}

/** The turns of the record that views of this page hold. */
export class Sources {
  private readonly _held = new Map<string, { followed: Followed; holds: number }>();

  constructor(
    private readonly _api: Api,
    private readonly _rows: Rows
  ) {}

  /** Follow a turn of the record until the source is disposed; `seed`: what is shown of it. */
  open(turnId: string, seed: IPicture | null = null): LogSource {
    const held = this._held.get(turnId) ?? {
      followed: new Followed(turnId, this._api, this._rows, seed),
      holds: 0
    };
    this._held.set(turnId, held);
    held.holds += 1;
    return new LogSource(held.followed, () => this._release(turnId));
  }

  private _release(turnId: string): void {
    const held = this._held.get(turnId);
    if (held && --held.holds === 0) {
      this._held.delete(turnId);
    }
  }
}
