import { expect, it, vi } from 'vitest';

import { CommSource, type IMessage, type IModel } from '../src/comm';
import { Transcript, type IEvent } from '../src/transcript';

/** A model as anywidget has it, and what was sent by it. */
class Model implements IModel {
  sent: { [key: string]: unknown }[] = [];
  private _handlers: ((message: IMessage) => void)[] = [];

  constructor(private _state: { [name: string]: unknown }) {}

  get(name: string): unknown {
    return this._state[name];
  }

  on(_: string, handler: (message: IMessage) => void): void {
    this._handlers.push(handler);
  }

  off(_: string, handler: (message: IMessage) => void): void {
    this._handlers = this._handlers.filter(each => each !== handler);
  }

  send(message: object): void {
    this.sent.push(message as { [key: string]: unknown });
  }

  tell(message: IMessage): void {
    this._handlers.forEach(handler => handler(message));
  }
}

function event(seq: number, type: string, fields: object = {}): IEvent {
  return { turn_id: 't', seq, at: '2026-01-01T00:00:00.000Z', type, ...fields } as IEvent;
}

const BEGIN = [
  event(1, 'turn.queued', { prompt: 'Do it' }),
  event(2, 'settings.updated', { settings: {} }),
  event(3, 'turn.started', { session_id: 's', codex_turn_id: 'c' })
];

it('follows events and asks for the whole where some are missing', () => {
  const model = new Model({ transcript: null, is_acting: true });
  const source = new CommSource(model);
  expect(model.sent).toEqual([{ kind: 'whole' }]);
  expect(source.freshness).toBe('connecting');
  model.tell({ kind: 'events', events: BEGIN });
  expect(source.freshness).toBe('live');
  expect(source.picture.state).toBe('running');
  model.tell({ kind: 'events', events: [...BEGIN, event(4, 'warning', { message: 'Hm' })] });
  expect(source.picture.items).toHaveLength(1);
  model.tell({ kind: 'events', events: [event(9, 'warning', { message: 'Later' })] });
  expect(model.sent).toHaveLength(2);
  expect(source.picture.seq).toBe(4);
  model.tell({ kind: 'events', events: [event(5, 'turn.ended', { state: 'completed' })] });
  expect(source.freshness).toBe('ended');
});

it('shares nothing with another view of the same widget', () => {
  const model = new Model({ transcript: null, is_acting: true });
  const [first, second] = [new CommSource(model), new CommSource(model)];
  const transcript = new Transcript();
  transcript.apply(BEGIN);
  model.tell({ kind: 'whole', transcript: transcript.data });
  const item = { id: 'm', type: 'message', status: 'running', text: '' };
  model.tell({ kind: 'events', events: [event(4, 'item.started', { item })] });
  const grown = { item_id: 'm', field: 'text', index: null, text: 'Hello' };
  model.tell({ kind: 'events', events: [event(5, 'item.text', grown)] });
  for (const source of [first, second]) {
    expect(source.picture.items.map(entry => entry.text)).toEqual(['Hello']);
  }
});

it('has an order answered under its number', async () => {
  const model = new Model({ transcript: null, is_acting: true });
  const source = new CommSource(model);
  const said = source.actions!.steer('t', 'Faster');
  const { id } = model.sent.at(-1) as { id: number };
  expect(model.sent.at(-1)).toMatchObject({ kind: 'ask', verb: 'steer', args: { text: 'Faster' } });
  model.tell({ kind: 'answer', id, outcome: { ok: false, message: 'Too late.' } });
  expect(await said).toEqual({ ok: false, message: 'Too late.' });
});

it('does not wait for ever for a kernel that is gone', async () => {
  vi.useFakeTimers();
  const model = new Model({ transcript: null, is_acting: true });
  const said = new CommSource(model).actions!.interrupt('t');
  vi.advanceTimersByTime(15_000);
  expect(await said).toEqual({ ok: false, message: expect.stringContaining('does not answer') });
  vi.useRealTimers();
});

it('takes no orders where the kernel does not, and hears nothing after its end', () => {
  const model = new Model({ transcript: null, is_acting: false });
  const source = new CommSource(model);
  expect(source.actions).toBeNull();
  source.dispose();
  model.tell({ kind: 'events', events: BEGIN });
  expect(source.picture.seq).toBe(0);
});
