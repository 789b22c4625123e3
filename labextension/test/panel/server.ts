/** A Jupyter server as a page sees it: answers by route, and the other end of the feed. */

import { PageConfig } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Api } from '../../src/api';
import { Feed } from '../../src/feed';
import type { ICodex } from '../../src/tokens';

// Whatever JSON a test answers with.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Body = any;
type Route = (body: Body, query: URLSearchParams) => Body;

export const trans = {
  __: (text: string, ...args: unknown[]) => filled(text, args),
  _n: (one: string, many: string, n: number, ...args: unknown[]) =>
    filled(n === 1 ? one : many, args)
};

function filled(text: string, args: unknown[]): string {
  return text.replace(/%(\d)/g, (_, at) => String(args[Number(at) - 1]));
}

/** What was asked and answered; a route that is missing is a 404 of ours. */
export class Server {
  readonly asked: { route: string; body: Body }[] = [];
  readonly codex: ICodex;
  private _socket: { onopen?(): void; onmessage?(event: { data: string }): void } | null = null;

  constructor(readonly routes: { [route: string]: Route }) {
    PageConfig.setOption('codexKernel', '1');
    // The class below has a `this` of its own.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const server = this;
    class Socket {
      constructor() {
        server._socket = this as unknown as Server['_socket'];
      }
      send(): void {}
      close(): void {}
    }
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://server/',
      wsUrl: 'ws://server/',
      fetch: (request: RequestInfo | URL) => this._answer(request as Request),
      WebSocket: Socket as unknown as typeof WebSocket
    });
    const api = new Api(settings);
    const feed = new Feed(api);
    this.codex = { api, feed, trans, isAvailable: true } as unknown as ICodex;
  }

  /** The feed says something. */
  say(...frames: object[]): void {
    this._socket?.onopen?.();
    frames.forEach(frame => this._socket?.onmessage?.({ data: JSON.stringify(frame) }));
  }

  /** Bodies that were sent to a route. */
  sent(route: string): Body[] {
    return this.asked.filter(each => each.route === route).map(each => each.body);
  }

  private async _answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const route = `${request.method} ${url.pathname.replace('/codex-kernel/api/', '')}`;
    const text = await request.text();
    const body = text ? JSON.parse(text) : null;
    this.asked.push({ route, body });
    const found = this.routes[route];
    const answer = found ? found(body, url.searchParams) : { message: `No ${route}`, status: 404 };
    return new Response(JSON.stringify(answer), { status: answer.status === 404 ? 404 : 200 });
  }
}

/** A row of a turn. */
export function turn(id: string, more: object = {}): object {
  return { turn_id: id, session_id: 's', notebook: '/w/a.ipynb', path: 'a.ipynb', cell_id: 'c', state: 'running', seq: 1, ...more }; // prettier-ignore
}

/** An open question of a turn. */
export function question(id: string, command: string): object {
  const approval = { id, kind: 'command', item_id: null, reason: null, command, choices: ['once', 'decline'] }; // prettier-ignore
  return { ...turn(id.split('.')[0]), event: { type: 'approval.requested', approval } };
}

export function session(id: string, more: object = {}): object {
  return { session_id: id, title: `Title ${id}`, preview: null, cwd: '/w', model: 'm', forked_from: null, is_fresh: false, turns: 2, tokens: 1200, running: false, archived: false, created_at: '2026-01-01T00:00:00Z', last_activity: '2026-01-01T00:00:00Z', ...more }; // prettier-ignore
}

/** Wait until something holds; fails by the test's own deadline. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
