import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ITurnRow } from '../src/api';
import type { Feed } from '../src/feed';
import { blankPicture, Picture } from '../src/picture';
import { Rows } from '../src/rows';
import { SavedSource, Sources } from '../src/sources';
import { fold, Touched, type IEvent } from '../src/transcript';
import { FakeSocket, fakeApi } from './sockets';

const GOLDEN = join(__dirname, '../../tests/fixtures/golden');
const EVENTS: IEvent[] = JSON.parse(
  readFileSync(join(GOLDEN, 'approval_accept.1.events.json'), 'utf-8')
);
const TURN = 'turn-1';
const NO_FEED = { isConnected: false, turns: new Map() } as unknown as Feed;

function event(number: number): object {
  return { type: 'event', event: EVENTS[number - 1] };
}

function picture(events: IEvent[]): unknown {
  const touched = new Touched();
  touched.all = touched.list = touched.header = true;
  const drawn = new Picture();
  drawn.draw(fold(events), touched);
  return drawn.value;
}

describe('a turn of the record', () => {
  const rows = new Map<string, Partial<ITurnRow>>();
  let sources: Sources;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all = [];
    rows.clear();
    rows.set(TURN, { turn_id: TURN });
    const api = fakeApi(rows);
    sources = new Sources(api, new Rows(api, NO_FEED));
  });
  afterEach(() => vi.useRealTimers());

  async function frame(): Promise<void> {
    await vi.advanceTimersByTimeAsync(20);
  }

  it('is drawn once for all events of a frame', async () => {
    const source = sources.open(TURN);
    const changes = vi.fn();
    FakeSocket.last.accept();
    source.changed.connect(changes);
    FakeSocket.last.say(...EVENTS.map((_, at) => event(at + 1)));
    expect(changes).not.toHaveBeenCalled();
    await frame();
    expect(changes).toHaveBeenCalledTimes(1);
    expect(source.picture).toEqual(picture(EVENTS));
    source.dispose();
  });

  it.each(EVENTS.map((_, at) => at))('goes on after event %i without gap or repeat', async at => {
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    FakeSocket.last.say(...EVENTS.slice(0, at).map((_, each) => event(each + 1)));
    FakeSocket.last.fail();
    expect(source.freshness).toBe('offline');
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSocket.open).toHaveLength(1);
    expect(FakeSocket.last.after).toBe(String(at));
    FakeSocket.last.accept();
    expect(source.freshness).toBe('live');
    FakeSocket.last.say(...EVENTS.slice(at).map((_, each) => event(at + each + 1)));
    await frame();
    expect(source.picture).toEqual(picture(EVENTS));
    source.dispose();
  });

  it('asks again from the last number when one is missing', async () => {
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    FakeSocket.last.say(event(1), event(2), event(4));
    await frame();
    expect(FakeSocket.open).toHaveLength(1);
    expect(FakeSocket.last.after).toBe('2');
    expect(source.picture.seq).toBe(2);
    source.dispose();
  });

  it('takes a snapshot in place of what it has', async () => {
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    FakeSocket.last.say(event(1), {
      type: 'snapshot',
      seq: EVENTS.length,
      transcript: fold(EVENTS)
    });
    FakeSocket.last.say({ type: 'end', state: 'completed' });
    await frame();
    expect(source.picture).toEqual(picture(EVENTS));
    expect(source.freshness).toBe('ended');
    expect(FakeSocket.open).toHaveLength(0);
    source.dispose();
  });

  it('has one socket for two views, and none when nobody looks', async () => {
    const [one, two] = [sources.open(TURN), sources.open(TURN)];
    expect(FakeSocket.open).toHaveLength(1);
    one.suspend();
    expect(FakeSocket.open).toHaveLength(1);
    FakeSocket.last.accept();
    FakeSocket.last.say(event(1), event(2));
    two.suspend();
    expect(FakeSocket.open).toHaveLength(0);
    one.resume();
    expect(FakeSocket.open).toHaveLength(1);
    expect(FakeSocket.last.after).toBe('2');
    one.dispose();
    two.dispose();
    expect(FakeSocket.open).toHaveLength(0);
  });

  it('distrusts a connection on which nothing is heard', async () => {
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    FakeSocket.last.say(event(1));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
    expect(FakeSocket.last.after).toBe('1');
    source.dispose();
  });

  it('stops asking for a turn that is no longer in the record', async () => {
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    rows.clear();
    FakeSocket.last.fail();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.freshness).toBe('unknown');
    expect(FakeSocket.open).toHaveLength(0);
    source.dispose();
  });

  it('does not take back what the document showed already', async () => {
    const shown = { ...blankPicture(), ...(picture(EVENTS.slice(0, 8)) as object) };
    const source = sources.open(TURN, shown);
    const changes = vi.fn();
    FakeSocket.last.accept();
    source.changed.connect(changes);
    FakeSocket.last.say(event(1), event(2));
    await frame();
    expect(changes).not.toHaveBeenCalled();
    expect(source.picture).toEqual(shown);
    FakeSocket.last.say(...EVENTS.slice(2).map((_, at) => event(at + 3)));
    await frame();
    expect(source.picture).toEqual(picture(EVENTS));
    source.dispose();
  });

  it('has its questions while they are open', async () => {
    const asked = EVENTS.findIndex(({ type }) => type === 'approval.requested') + 1;
    const source = sources.open(TURN);
    FakeSocket.last.accept();
    FakeSocket.last.say(...EVENTS.slice(0, asked).map((_, at) => event(at + 1)));
    await frame();
    expect(source.questions).toHaveLength(1);
    expect(source.questions[0].choices).toEqual(EVENTS[asked - 1].approval.choices);
    expect(source.picture.items.map(({ id }) => id)).toContain(source.questions[0].id);
    FakeSocket.last.say(...EVENTS.slice(asked).map((_, at) => event(asked + at + 1)));
    await frame();
    expect(source.questions).toHaveLength(0);
    source.dispose();
  });
});

describe('a turn of a document', () => {
  it('keeps its entries and says which are others', () => {
    const bundle = { ...blankPicture(), ...(picture(EVENTS.slice(0, 8)) as object) };
    const source = new SavedSource(bundle);
    const entries = source.picture.items;
    const changes = vi.fn();
    source.changed.connect((_, change) => changes(change));
    const later = JSON.parse(JSON.stringify(bundle));
    later.items[0].text = 'another';
    source.update(later);
    expect(changes).toHaveBeenCalledWith({
      list: false,
      entries: new Set([later.items[0].id]),
      header: true
    });
    expect(source.picture.items[0]).toBe(entries[0]);
    expect(source.questions).toEqual([]);
  });
});
