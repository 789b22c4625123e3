import * as React from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, expect, it, vi } from 'vitest';

import { Account } from '../../src/panel/account';
import { Overview } from '../../src/panel/overview';
import { Questions } from '../../src/panel/questions';
import { Sessions } from '../../src/panel/sessions';
import type { IPanel } from '../../src/panel/tools';
import { Background, Turns } from '../../src/panel/turns';
import { question, Server, session, trans, turn, until } from './server';

let root: Root;
let panel: IPanel;
const node = document.createElement('div');
document.body.append(node);

function show(server: Server, part: (panel: IPanel) => React.ReactElement): void {
  const codex = Object.assign(server.codex, {
    host: () => ({ trans, actions: { decide: server.codex.api.decide.bind(server.codex.api) } })
  });
  panel = {
    codex,
    overview: new Overview(codex),
    commands: {} as IPanel['commands'],
    current: () => null,
    goTo: vi.fn(),
    told: async doing => (await doing).ok,
    showAudit: vi.fn()
  };
  root = createRoot(node);
  const draw = (): void => flushSync(() => root.render(part(panel)));
  panel.overview.changed.connect(draw);
  draw();
}

function click(label: string): void {
  const found = [...node.querySelectorAll<HTMLElement>('button, summary')].find(
    each => each.getAttribute('aria-label') === label || each.textContent?.includes(label)
  );
  expect(found, label).toBeDefined();
  flushSync(() => found!.click());
}

const says = (text: string) => until(() => node.textContent!.includes(text));

afterEach(() => {
  panel.codex.feed.dispose();
  panel.overview.dispose();
  flushSync(() => root.unmount());
});

it('answers a question of another notebook', async () => {
  const done = { done: true, command_id: 'x', outcome: { ok: true } };
  const server = new Server({ 'POST approvals/1.1': () => done });
  show(server, each => <Questions panel={each} />);
  server.say({ type: 'state', cursor: 1, turns: [], approvals: [question('1.1', 'rm \u202ex')] });
  await says('Allow once');
  expect(node.textContent).not.toContain('\u202e');
  click('a.ipynb');
  expect(panel.goTo).toHaveBeenCalledWith('a.ipynb', 'c');
  click('Allow once');
  await until(() => server.sent('POST approvals/1.1').length > 0);
  expect(server.sent('POST approvals/1.1')).toEqual([{ decision: 'once' }]);
  const decided = { type: 'approval.decided', approval_id: '1.1' };
  server.say({ type: 'question', cursor: 2, ...turn('1'), event: decided });
  expect(node.textContent).toBe('');
});

it('stops what runs and takes back what waits', async () => {
  const done = () => ({ done: true, command_id: 'x', outcome: {} });
  const server = new Server({ 'POST turns/1/interrupt': done, 'POST turns/2/cancel': done });
  show(server, each => <Turns panel={each} />);
  expect(node.textContent).toContain('No turn runs.');
  const turns = [turn('1', { prompt: 'Sum up' }), turn('2', { state: 'queued', prompt: 'Then' })];
  server.say({ type: 'state', cursor: 1, turns, approvals: [] });
  expect(node.textContent).toContain('Sum up');
  click('Stop this turn');
  click('Take back this queued turn');
  await until(() => server.asked.length === 2);
  expect(server.asked.map(each => each.route)).toEqual([
    'POST turns/1/interrupt',
    'POST turns/2/cancel'
  ]);
});

it('stops a background command by its id, and offers it for no other', async () => {
  const commands = [
    { command: 'sleep 60', process_id: '7', is_running: true },
    { command: 'sleep 70', process_id: null, is_running: true }
  ];
  const server = new Server({
    'GET sessions': () => ({ sessions: [session('s')], next: null }),
    'GET sessions/s/background': () => ({ commands }),
    'POST sessions/s/background/stop': () => ({ done: true, command_id: 'x', outcome: {} })
  });
  show(server, each => <Background panel={each} />);
  panel.overview.isWatched = true;
  await says('sleep 70');
  expect(node.querySelectorAll('[aria-label="Stop this command"]')).toHaveLength(1);
  click('Stop this command');
  await until(() => server.sent('POST sessions/s/background/stop').length === 1);
  expect(server.sent('POST sessions/s/background/stop')).toEqual([{ process_id: '7' }]);
});

it('lists sessions and those begun elsewhere', async () => {
  const thread = { session_id: 't', title: null, preview: 'From a terminal', cwd: '/w', model: null, source: 'cli', updated_at: 1, known: false }; // prettier-ignore
  const server = new Server({
    'GET sessions': () => ({ sessions: [session('s', { running: true })], next: null }),
    'GET sessions/s/background': () => ({ commands: [] }),
    'GET threads': () => ({ threads: [thread, { ...thread, session_id: 's', known: true }] })
  });
  show(server, each => <Sessions panel={each} />);
  panel.overview.isWatched = true;
  await says('Title s');
  expect(node.textContent).toContain('2 turns · 1.2K tokens');
  click('begun in a terminal');
  await says('From a terminal');
  expect(node.querySelectorAll('[aria-label="Sessions begun elsewhere"] > li')).toHaveLength(1);
});

it('logs in with a key, which leaves the field, and with a code, which can be given up', async () => {
  const none = { account: null, needs_login: true, rate_limits: null, login: null };
  const login = { login_id: 'l', url: 'https://auth.example/device', code: 'ABCD-1234', state: 'waiting', problem: null }; // prettier-ignore
  const server = new Server({
    'GET account': () => none,
    'POST account/login': body =>
      body.type === 'api_key' ? { ...none, account: { type: 'apiKey' } } : { ...none, login },
    'POST account/login/cancel': () => ({ ...none, login: { ...login, state: 'cancelled' } })
  });
  show(server, each => <Account panel={each} />);
  const details = node.querySelector('details')!;
  flushSync(() => {
    details.open = true;
    details.dispatchEvent(new Event('toggle'));
  });
  await says('Codex needs an account');
  click('Log in with ChatGPT');
  await says('ABCD-1234');
  expect(node.querySelector('a')!.href).toBe('https://auth.example/device');
  click('Cancel');
  await says('Codex needs an account');
  const field = node.querySelector<HTMLInputElement>('input[type=password]')!;
  field.value = 'sk-test';
  flushSync(() => node.querySelector('form')!.requestSubmit());
  expect(field.value).toBe('');
  await says('An API key');
  expect(server.sent('POST account/login').at(-1)).toEqual({ type: 'api_key', api_key: 'sk-test' });
  expect(document.body.textContent).not.toContain('sk-test');
});
