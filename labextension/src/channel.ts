/**
 * A WebSocket that comes back: reconnects with growing pauses, at once when the page wakes up or
 * is online again, and does not trust a connection on which nothing is heard.
 *
 * Knows nothing of what is said on it; who uses it says by `url` where to go on.
 */

import type { IDisposable } from '@lumino/disposable';

/** The server says something at least every 15 s. */
const SILENCE_MS = 40_000;
const LOOK_MS = 5_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface IChannelOptions {
  /** Where to connect to, asked before each connection. */
  url(): string;
  /** Something was said. */
  onFrame(text: string): void;
  /** The connection is there, or is gone. */
  onState(isConnected: boolean): void;
  /** Asked after a failure: whether there is a point in trying again. */
  mayRetry?(): Promise<boolean>;
  WebSocket: typeof WebSocket;
}

/** One connection at a time, from `open` to `dispose`. */
export class Channel implements IDisposable {
  private _socket: WebSocket | null = null;
  private _timer = 0;
  private _watch = 0;
  private _failures = 0;
  private _heardAt = 0;
  private _isConnected = false;
  private readonly _ended = new AbortController();

  constructor(private readonly _options: IChannelOptions) {
    const { signal } = this._ended;
    window.addEventListener('online', () => this.renew(), { signal });
    window.addEventListener('offline', () => this.renew(), { signal });
    window.addEventListener('pagehide', () => this._drop(), { signal });
    window.addEventListener('pageshow', event => event.persisted && this.renew(), { signal });
    document.addEventListener('visibilitychange', () => this._look(), { signal });
    this._watch = window.setInterval(() => this._look(), LOOK_MS);
    this._connect();
  }

  get isConnected(): boolean {
    return this._isConnected;
  }

  get isDisposed(): boolean {
    return this._ended.signal.aborted;
  }

  send(message: object): void {
    if (this._isConnected) {
      this._socket?.send(JSON.stringify(message));
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._ended.abort();
      window.clearInterval(this._watch);
      this._drop();
    }
  }

  private _connect(): void {
    this._heardAt = Date.now();
    const socket = new this._options.WebSocket(this._options.url());
    this._socket = socket;
    socket.onopen = () => this._opened();
    socket.onmessage = event => this._heard(event.data);
    socket.onclose = () => this._failed();
  }

  private _opened(): void {
    this._heardAt = Date.now();
    this._setConnected(true);
  }

  private _heard(text: string): void {
    this._heardAt = Date.now();
    this._failures = 0;
    this._options.onFrame(text);
  }

  private _failed(): void {
    this._drop();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this._failures, LONGEST_PAUSE_MS);
    this._failures += 1;
    // Pages that lost the same server do not come back in the same moment.
    this._timer = window.setTimeout(() => void this._retry(), pause * (0.75 + Math.random() / 2));
  }

  private async _retry(): Promise<void> {
    const mayRetry = (await this._options.mayRetry?.()) ?? true;
    if (mayRetry && !this.isDisposed && this._socket === null) {
      this._connect();
    }
  }

  /** After sleep timers fire late and the connection is dead without knowing it. */
  private _look(): void {
    const isDue = document.visibilityState === 'visible' || this._isConnected;
    if (this._socket && isDue && Date.now() - this._heardAt > SILENCE_MS) {
      this.renew();
    }
  }

  /** Connect anew, now. */
  renew(): void {
    this._failures = 0;
    this._drop();
    this._connect();
  }

  private _drop(): void {
    window.clearTimeout(this._timer);
    const socket = this._socket;
    this._socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this._setConnected(false);
  }

  private _setConnected(isConnected: boolean): void {
    if (this._isConnected !== isConnected) {
      this._isConnected = isConnected;
      this._options.onState(isConnected);
    }
  }
}
