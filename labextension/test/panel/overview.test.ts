import { afterEach, expect, it } from 'vitest';

import { Overview } from '../../src/panel/overview';
import { question, Server, session, turn, until } from './server';

const empty = { 'GET sessions/s/background': () => ({ commands: [] }) };
let overview: Overview;

afterEach(() => {
  overview.codex.feed.dispose();
  overview.dispose();
});

it('lists what runs before what waits, with how their prompts begin', async () => {
  const server = new Server({
    ...empty,
    'GET turns': (_, query) => ({
      turns: query.get('ids')!.split(',').map(id => turn(id, { prompt: `Prompt ${id}` })), // prettier-ignore
      next: null
    }),
    'GET sessions': () => ({ sessions: [], next: null })
  });
  overview = new Overview(server.codex);
  server.say(
    { type: 'state', cursor: 1, turns: [turn('1', { state: 'queued' })], approvals: [] },
    { type: 'turn', cursor: 2, ...turn('2') }
  );
  expect(overview.turns.map(each => each.turn_id)).toEqual(['2', '1']);
  overview.isWatched = true;
  await until(() => overview.prompt(overview.turns[0]) === 'Prompt 2');
  server.say({ type: 'turn', cursor: 3, ...turn('2', { state: 'completed' }) });
  expect(overview.turns.map(each => each.turn_id)).toEqual(['1']);
});

it('reads lists only while somebody looks, and again when something changed', async () => {
  let titles = 0;
  const server = new Server({
    ...empty,
    'GET turns': () => ({ turns: [], next: null }),
    'GET sessions': () => ({ sessions: [session('s', { title: `${++titles}` })], next: null })
  });
  overview = new Overview(server.codex);
  const gone = { session_id: 's', title: null, cwd: null, model: null, turns: 1, is_gone: false };
  server.say({ type: 'state', cursor: 1, turns: [], approvals: [] });
  await new Promise(resolve => setTimeout(resolve, 400));
  expect(server.asked).toEqual([]);
  overview.isWatched = true;
  await until(() => overview.sessions[0]?.title === '1');
  server.say({ type: 'session', cursor: 2, ...gone });
  await until(() => overview.sessions[0]?.title === '2');
});

it('adds no page of a list that is no longer shown, and says why one does not come', async () => {
  const pages = new Map<string, (answer: object) => void>();
  const server = new Server({
    ...empty,
    'GET sessions': (_, query) => {
      const key = `${query.get('search') ?? ''} ${query.get('before') ?? ''}`;
      return key === ' ' ? { sessions: [session('s')], next: 'x y' } : { sessions: [], next: null };
    }
  });
  overview = new Overview(server.codex);
  const { api } = server.codex;
  const sessions = api.sessions.bind(api);
  overview.isWatched = true;
  await until(() => overview.hasMore);
  api.sessions = query =>
    query?.before
      ? new Promise(resolve => pages.set(query.before!, resolve as (answer: object) => void))
      : sessions(query);
  const more = overview.more();
  await overview.show({ search: 'other' });
  pages.get('x y')!({ sessions: [session('old')], next: null });
  await more;
  expect(overview.sessions).toEqual([]);
  api.sessions = () => Promise.reject(new TypeError('gone'));
  await overview.more();
  expect(overview.problem?.message).toContain('gone');
});

it('shows the running background commands of the sessions used last', async () => {
  const commands = [
    { command: 'sleep 60', process_id: '7', is_running: true },
    { command: 'true', process_id: '8', is_running: false }
  ];
  const server = new Server({
    'GET sessions/s/background': () => ({ commands }),
    'GET sessions': () => ({ sessions: [session('s')], next: null })
  });
  overview = new Overview(server.codex);
  overview.isWatched = true;
  await until(() => overview.background.length > 0);
  expect(overview.background).toEqual([{ sessionId: 's', processId: '7', command: 'sleep 60' }]);
});

it('pages through sessions and says why there are none', async () => {
  const server = new Server({
    ...empty,
    'GET sessions': (_, query) =>
      query.get('before')
        ? { sessions: [session('b')], next: null }
        : { sessions: [session('a')], next: 'cursor a' }
  });
  overview = new Overview(server.codex);
  await overview.show({ search: 'x' });
  expect(overview.hasMore).toBe(true);
  await overview.more();
  expect(overview.sessions.map(each => each.session_id)).toEqual(['a', 'b']);
  expect(overview.hasMore).toBe(false);
  delete server.routes['GET sessions'];
  await overview.show({ archived: true });
  expect(overview.problem?.message).toBe('No GET sessions');
});

it('has the open questions of all notebooks', () => {
  const server = new Server(empty);
  overview = new Overview(server.codex);
  const asked = question('1.1', 'rm x');
  server.say({ type: 'state', cursor: 1, turns: [], approvals: [asked] });
  expect(overview.questions).toEqual([asked]);
  const decided = { type: 'approval.decided', approval_id: '1.1' };
  server.say({ type: 'question', cursor: 2, ...turn('1'), event: decided });
  expect(overview.questions).toEqual([]);
});
