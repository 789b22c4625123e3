/** Rows of turns by id: what the feed knows at once, the rest in one request for everybody. */

import { Problem, type Api, type ITurnRow } from './api';
import type { Feed, ILiveTurn } from './feed';

const LONGEST_LIST = 100;

interface IAsked {
  resolve(row: ILiveTurn | null): void;
  reject(problem: unknown): void;
}

/** Where somebody asks whose a turn is and whether it lives. */
export class Rows {
  private _asked = new Map<string, IAsked[]>();

  constructor(
    private readonly _api: Api,
    private readonly _feed: Feed
  ) {}

  /** The row of a turn that lives, when the feed has told of it. */
  live(turnId: string): ILiveTurn | null {
    return this._feed.isConnected ? (this._feed.turns.get(turnId) ?? null) : null;
  }

  /** The row of a turn; null: the record does not have it. Rejects with a `Problem`. */
  get(turnId: string): Promise<ILiveTurn | null> {
    const live = this.live(turnId);
    if (live) {
      return Promise.resolve(live);
    }
    if (!this._api.isAnnounced) {
      return Promise.reject(new Problem('This server has no record of Codex.', '', 404, 'None'));
    }
    if (this._asked.size === 0) {
      // A notebook that opens asks for all its turns within one task.
      setTimeout(() => this._ask(), 0);
    }
    return new Promise((resolve, reject) => {
      const waiting = this._asked.get(turnId) ?? [];
      this._asked.set(turnId, [...waiting, { resolve, reject }]);
    });
  }

  private _ask(): void {
    const asked = [...this._asked];
    this._asked = new Map();
    for (let at = 0; at < asked.length; at += LONGEST_LIST) {
      void this._answer(asked.slice(at, at + LONGEST_LIST));
    }
  }

  private async _answer(asked: [string, IAsked[]][]): Promise<void> {
    try {
      const ids = asked.map(([id]) => id);
      const { turns } = await this._api.turns({ ids, limit: LONGEST_LIST });
      const rows = new Map<string, ITurnRow>(turns.map(row => [row.turn_id, row]));
      asked.forEach(([id, waiting]) => waiting.forEach(each => each.resolve(rows.get(id) ?? null)));
    } catch (problem) {
      asked.forEach(([, waiting]) => waiting.forEach(each => each.reject(problem)));
    }
  }
}
