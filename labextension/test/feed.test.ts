import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Feed } from '../src/feed';
import { FakeSocket, fakeApi } from './sockets';

const TURN = {
  turn_id: 't1',
  session_id: 's',
  notebook: '/r/a.ipynb',
  path: 'a.ipynb',
  cell_id: 'c'
};

function turn(cursor: number, state: string, fields: object = {}): object {
  return { type: 'turn', cursor, at: 'now', seq: cursor, state, ...TURN, ...fields };
}

function question(cursor: number, event: object | null): object {
  return { type: 'question', cursor, at: 'now', ...TURN, event };
}

const ASKED = { type: 'approval.requested', approval: { id: 't1.1', kind: 'command' } };
const STATE = { type: 'state', cursor: 7, turns: [{ ...TURN, state: 'running', seq: 3 }] };

describe('the feed', () => {
  let feed: Feed;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.all = [];
    feed = new Feed(fakeApi(new Map()));
    FakeSocket.last.accept();
  });
  afterEach(() => {
    feed.dispose();
    vi.useRealTimers();
  });

  it('is connected when it knows what is', () => {
    expect(feed.isConnected).toBe(false);
    FakeSocket.last.say({ ...STATE, approvals: [{ ...TURN, event: ASKED }] });
    expect(feed.isConnected).toBe(true);
    expect(feed.turns.get('t1')?.state).toBe('running');
    expect([...feed.questions.keys()]).toEqual(['t1.1']);
  });

  it('goes on behind its cursor, with nothing lost of what it knew', async () => {
    FakeSocket.last.say({ ...STATE, approvals: [] }, turn(8, 'waiting'));
    FakeSocket.last.fail();
    expect(feed.isConnected).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSocket.last.after).toBe('8');
    FakeSocket.last.accept();
    expect(feed.isConnected).toBe(true);
    expect(feed.turns.get('t1')?.state).toBe('waiting');
  });

  it('tells the notebooks it shows again on each connection', async () => {
    feed.show(['a.ipynb']);
    FakeSocket.last.fail();
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSocket.last.sent).toEqual([]);
    FakeSocket.last.accept();
    expect(FakeSocket.last.sent).toEqual([{ type: 'presence', notebooks: ['a.ipynb'] }]);
  });

  it('tells of turns that begin, go on and end', () => {
    const changes: unknown[] = [];
    feed.turnChanged.connect((_, { turn: { turn_id, state }, before }) =>
      changes.push([turn_id, before, state])
    );
    FakeSocket.last.say({ ...STATE, approvals: [] }, turn(8, 'completed'));
    FakeSocket.last.say(
      turn(9, 'queued', { turn_id: 't2' }),
      turn(10, 'failed', { turn_id: 't9' })
    );
    expect(changes).toEqual([
      ['t1', 'running', 'completed'],
      ['t2', null, 'queued']
    ]);
    expect([...feed.turns.keys()]).toEqual(['t2']);
  });

  it.each([
    ['a decision', question(9, { type: 'approval.decided', approval_id: 't1.1' })],
    ['the end of the turn', turn(9, 'interrupted')],
    ['the deletion of the turn', question(9, null)]
  ])('closes a question with %s', (_, frame) => {
    const changes: unknown[] = [];
    feed.questionChanged.connect((_, { id, question }) => changes.push([id, question !== null]));
    FakeSocket.last.say({ ...STATE, approvals: [] }, question(8, ASKED), frame);
    expect(changes).toEqual([
      ['t1.1', true],
      ['t1.1', false]
    ]);
    expect(feed.questions.size).toBe(0);
  });

  it('connects at once when the page is online again', () => {
    FakeSocket.last.fail();
    const before = FakeSocket.all.length;
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.all.length).toBe(before + 1);
  });

  it('opens no socket where the server has no record', () => {
    FakeSocket.all = [];
    const none = new Feed({ ...fakeApi(new Map()), isAnnounced: false } as never);
    expect(FakeSocket.all).toEqual([]);
    expect(none.isConnected).toBe(false);
  });
});
