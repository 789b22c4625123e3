import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ITurnRow } from '../src/api';
import { readBundle } from '../src/bundle';
import type { IPicture } from '../src/contracts';
import type { LabHost } from '../src/host';
import { TurnOutput } from '../src/output';
import { blankPicture } from '../src/picture';
import { Rows } from '../src/rows';
import { LogSource, SavedSource, Sources } from '../src/sources';
import type { ICodex, IPlace } from '../src/tokens';
import { FakeSocket, fakeApi } from './sockets';

const HERE: IPlace = { path: 'RTC:folder/a.ipynb', cellId: 'c1' };
const ROW = { turn_id: 't1', path: 'folder/a.ipynb', notebook: '/r/folder/a.ipynb', cell_id: 'c1' };

function bundle(fields: Partial<IPicture> = {}): IPicture {
  return { ...blankPicture(), turn_id: 't1', state: 'running', seq: 3, ...fields };
}

describe('an output of a turn', () => {
  const rows = new Map<string, Partial<ITurnRow>>();
  const host = { isOwn: true, ran: {} } as unknown as LabHost;
  let api: ReturnType<typeof fakeApi>;
  let codex: ICodex;
  let feed: { isConnected: boolean; turns: Map<string, object> };

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all = [];
    rows.clear();
    api = fakeApi(rows);
    const changed = new Signal<object, boolean>({});
    feed = { isConnected: false, turns: new Map(), connectedChanged: changed } as never;
    const ofRows = new Rows(api, feed as never);
    const sources = new Sources(api, ofRows);
    codex = {
      isAvailable: true,
      api,
      feed,
      rows: ofRows,
      source: (id: string, seed: IPicture) => sources.open(id, seed)
    } as unknown as ICodex;
  });
  afterEach(() => vi.useRealTimers());

  async function shown(content: IPicture, place = HERE): Promise<TurnOutput> {
    const output = new TurnOutput(content, codex, host, () => place);
    await vi.advanceTimersByTimeAsync(10);
    return output;
  }

  it('of a finished turn asks nobody', async () => {
    rows.set('t1', ROW);
    const output = await shown(bundle({ final: true, state: 'completed' }));
    expect(output.source).toBeInstanceOf(SavedSource);
    expect(output.source.freshness).toBe('saved');
    expect(api.asked).toEqual([]);
    expect(FakeSocket.all).toEqual([]);
    output.dispose();
  });

  it('of a running turn follows the record', async () => {
    rows.set('t1', ROW);
    const output = await shown(bundle());
    expect(output.source).toBeInstanceOf(LogSource);
    expect(host.isOwn).toBe(true);
    expect(host.ran.root).toBe('/r');
    output.dispose();
    expect(FakeSocket.open).toEqual([]);
  });

  it('of a turn that the feed tells of follows at once', () => {
    feed.isConnected = true;
    feed.turns.set('t1', ROW);
    const output = new TurnOutput(bundle(), codex, host, () => HERE);
    expect(output.source).toBeInstanceOf(LogSource);
    expect(api.asked).toEqual([]);
    output.dispose();
  });

  it.each<[string, Partial<ITurnRow>, IPlace]>([
    ['another notebook', { ...ROW, path: 'folder/b.ipynb' }, HERE],
    ['another cell', { ...ROW, cell_id: 'c2' }, HERE],
    ['no cell that the record knows', { ...ROW, cell_id: null }, HERE],
    ['an output in no cell', ROW, { ...HERE, cellId: null }],
    ['no notebook', { ...ROW, path: null }, { path: null, cellId: 'c1' }]
  ])('never controls the turn of %s', async (_, row, place) => {
    rows.set('t1', row);
    feed.isConnected = true;
    for (const turns of [[], [['t1', row]]] as [string, object][][]) {
      feed.turns = new Map(turns);
      const output = await shown(bundle(), place);
      expect(output.source).toBeInstanceOf(SavedSource);
      expect(output.source.freshness).toBe('unknown');
      expect(output.source.questions).toEqual([]);
      expect(host.isOwn).toBe(false);
      expect(FakeSocket.all).toEqual([]);
      output.dispose();
    }
  });

  it('of a turn that the record does not have was running when saved', async () => {
    const output = await shown(bundle());
    expect(output.source.freshness).toBe('unknown');
    expect(host.isOwn).toBe(false);
    output.dispose();
  });

  it('asks for all turns of a notebook at once', async () => {
    const ids = ['t1', 't2', 't3'];
    const outputs = ids.map(id => new TurnOutput(bundle({ turn_id: id }), codex, host, () => HERE));
    await vi.advanceTimersByTimeAsync(10);
    expect(api.asked).toEqual([ids]);
    outputs.forEach(output => output.dispose());
  });

  it('shows newer bundles where there is no record', async () => {
    (codex as { isAvailable: boolean }).isAvailable = false;
    const output = await shown(bundle());
    output.update(bundle({ seq: 9, state: 'completed', final: true }));
    expect(output.source.picture.seq).toBe(9);
    expect(output.source.freshness).toBe('saved');
    expect(api.asked).toEqual([]);
    output.dispose();
  });

  it('asks again when the record is back', async () => {
    const turns = api.turns;
    api.turns = () => Promise.reject(new Error('away'));
    const output = await shown(bundle());
    expect(output.source.freshness).toBe('connecting');
    api.turns = turns;
    rows.set('t1', ROW);
    (feed as unknown as { connectedChanged: Signal<object, boolean> }).connectedChanged.emit(true);
    await vi.advanceTimersByTimeAsync(10);
    expect(output.source).toBeInstanceOf(LogSource);
    output.dispose();
  });

  it('follows nothing while nobody sees it', async () => {
    rows.set('t1', ROW);
    const output = await shown(bundle());
    output.watch(false);
    expect(FakeSocket.open).toEqual([]);
    output.watch(true);
    expect(FakeSocket.open).toHaveLength(1);
    output.dispose();
  });

  it('shows the final bundle when the record does not get to the end', async () => {
    rows.set('t1', ROW);
    const output = await shown(bundle());
    output.update(bundle({ final: true, state: 'completed', seq: 20 }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(output.source).toBeInstanceOf(SavedSource);
    expect(output.source.picture.state).toBe('completed');
    output.dispose();
  });
});

describe('a bundle', () => {
  it.each([null, 'text', 3, [], {}, { items: {} }, { items: [], state: '__proto__' }])(
    'may be none: %j',
    content => expect(readBundle(content)).toBeNull()
  );

  it('loses what is not as it should be', () => {
    const read = readBundle({
      state: 'running',
      final: 'yes',
      turn_id: 'a,b',
      prompt: ['x'],
      plan: [null, { step: 's', status: 'pending' }],
      items: [null, { id: 1 }, { id: 'a', type: 'message', status: 'completed', text: 'hi' }]
    });
    expect(read).toMatchObject({ final: false, turn_id: null, prompt: '', seq: 0 });
    expect(read?.items.map(({ id }) => id)).toEqual(['a']);
    expect(read?.plan).toHaveLength(1);
  });
});
