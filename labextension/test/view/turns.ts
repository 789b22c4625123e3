/** Sources and hosts for tests of the view; also for the gallery, so nothing of Node. */

import { Signal } from '@lumino/signaling';

import type {
  Freshness,
  IChange,
  IEntry,
  IHost,
  IOutcome,
  IPicture,
  ITurnActions,
  ITurnSource
} from '../../src/contracts';
import { blankPicture } from '../../src/picture';

/** A source whose picture a test sets. */
export class Given implements ITurnSource {
  readonly changed = new Signal<this, IChange>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly whole = null;
  questions: IEntry[] = [];
  isDisposed = false;

  constructor(
    public picture: IPicture,
    public freshness: Freshness = 'live'
  ) {}

  /** Tells of changed entries; without ids, of everything. */
  tell(...ids: string[]): void {
    const isAll = ids.length === 0;
    this.changed.emit({ list: isAll, header: isAll, entries: new Set(ids) });
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

export function turn(items: IEntry[] = [], fields: Partial<IPicture> = {}): IPicture {
  const blank = blankPicture();
  return { ...blank, turn_id: 'turn-1', state: 'running', items, ...fields };
}

export function entry(type: string, fields: object = {}, id = `${type}-1`): IEntry {
  return { id, type, status: 'completed', ...fields };
}

/** Substitutes %1, %2 … as JupyterLab's translation does. */
export const trans = {
  __: (message: string, ...args: unknown[]): string =>
    message.replace(/%(\d)/g, (found, at) => String(args[Number(at) - 1] ?? found)),
  _n: (singular: string, plural: string, n: number, ...args: unknown[]): string =>
    trans.__(n === 1 ? singular : plural, ...args)
};

export interface ICall {
  name: string;
  args: unknown[];
}

/** A host that notes what was asked of it; `answer` is what every action comes to. */
export function hostOf(
  given: Partial<IHost> = {},
  answer: IOutcome = { ok: true }
): IHost & { calls: ICall[] } {
  const calls: ICall[] = [];
  const call =
    (name: string) =>
    (...args: unknown[]): Promise<IOutcome> => {
      calls.push({ name, args });
      return Promise.resolve(answer);
    };
  const actions: ITurnActions = {
    interrupt: call('interrupt'),
    steer: call('steer'),
    queue: call('queue'),
    cancel: call('cancel'),
    decide: call('decide')
  };
  return {
    calls,
    trans,
    actions,
    enterSteers: true,
    opener: path => (path.includes('..') ? null : () => calls.push({ name: 'open', args: [path] })),
    fileUrl: () => Promise.resolve(null),
    confirm: () => Promise.resolve(true),
    ...given
  };
}

/** Lets the frames that are due pass, and the promises of what they began. */
export async function frame(): Promise<void> {
  await new Promise(resolve => requestAnimationFrame(resolve));
  await new Promise(resolve => setTimeout(resolve, 0));
}
