/** A server on the other end of WebSockets that does what a test says. */

import type { Api, ITurnRow } from '../src/api';

export class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: unknown[] = [];
  isClosed = false;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1];
  }

  /** Those that nobody has closed. */
  static get open(): FakeSocket[] {
    return FakeSocket.all.filter(socket => !socket.isClosed);
  }

  get after(): string | null {
    return new URL(this.url).searchParams.get('after');
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  accept(): void {
    this.onopen?.();
  }

  say(...frames: object[]): void {
    frames.forEach(frame => this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  fail(): void {
    this.isClosed = true;
    this.onclose?.();
  }
}

/** An API whose record has these turns. */
export function fakeApi(rows: Map<string, Partial<ITurnRow>>): Api & { asked: string[][] } {
  const asked: string[][] = [];
  return {
    asked,
    isAnnounced: true,
    settings: { WebSocket: FakeSocket },
    socketUrl: (path: string, query: { after?: number } = {}) =>
      `ws://here/${path}${query.after === undefined ? '' : `?after=${query.after}`}`,
    turns: async ({ ids }: { ids: string[] }) => {
      asked.push([...ids]);
      return { turns: ids.flatMap(id => rows.get(id) ?? []), next: null };
    }
  } as unknown as Api & { asked: string[][] };
}
