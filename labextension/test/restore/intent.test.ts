import { describe, expect, it } from 'vitest';

import { MIME } from '../../src/contracts';
import { asksFor, intentOf, shownIn, type ITurnOfCell } from '../../src/restore/intent';

const SAVED = Date.parse('2026-01-01T10:00:00Z');
const TURN: ITurnOfCell = {
  turn_id: '0190-b',
  prompt: 'Go on',
  state: 'completed',
  queued_at: '2026-01-01T10:00:05Z',
  started_at: '2026-01-01T10:00:06Z'
};
const shows = (turnId: string, final: boolean) => ({ turnId, final });
const intent = (
  outputs: ReturnType<typeof shows>[] | null[],
  turn: Partial<ITurnOfCell> = {},
  options: { source?: string; wasCleared?: boolean } = {}
) => {
  const cell = { source: options.source ?? 'Go on', outputs };
  return intentOf(cell, { ...TURN, ...turn }, SAVED, options.wasCleared ?? false);
};

describe('what becomes of a cell', () => {
  it('completes an output that was saved before its turn had ended', () => {
    expect(intent([shows('0190-b', false)])).toEqual({ kind: 'replace', at: 0 });
    const early = { queued_at: '2026-01-01T09:00:00Z', started_at: null };
    expect(intent([shows('0190-b', false)], early).kind).toBe('replace');
  });

  it('leaves a final output alone', () => {
    expect(intent([shows('0190-b', true)]).kind).toBe('leave');
  });

  it('fills an empty cell whose turn began after the last save', () => {
    expect(intent([]).kind).toBe('insert');
    // It was queued when the file was saved: there was nothing to save of it.
    expect(intent([], { queued_at: '2026-01-01T09:59:00Z' }).kind).toBe('insert');
  });

  it('does not fill what was saved empty, cleared, or never ran', () => {
    const early = { queued_at: '2026-01-01T09:00:00Z', started_at: '2026-01-01T09:00:01Z' };
    expect(intent([], early).kind).toBe('leave');
    expect(intent([], {}, { wasCleared: true }).kind).toBe('leave');
    expect(intent([], { state: 'cancelled' }).kind).toBe('leave');
    expect(intent([], { queued_at: null, started_at: null }).kind).toBe('leave');
  });

  it('takes the place of an earlier turn, never of anything else', () => {
    expect(intent([shows('0190-a', true)]).kind).toBe('insert');
    expect(intent([shows('0190-c', true)]).kind).toBe('leave');
    expect(intent([null]).kind).toBe('leave');
  });

  it('says that the prompt is another one now', () => {
    expect(intent([], {}, { source: 'Stop' }).kind).toBe('say');
  });
});

describe('what a source asks for', () => {
  it.each([
    ['Go on', 'Go on'],
    ['\n\nGo on\n  ', 'Go on'],
    ['/model gpt\n%effort low\n\nGo on', 'Go on'],
    ['\\/model is a prompt', '/model is a prompt'],
    ['one\r\ntwo', 'one\ntwo'],
    ['/review this', '/review this'],
    ['/plan first\nthen', '/plan first\nthen'],
    ['%%codex --new\nGo on', 'Go on'],
    ['x = 1\n%codex Go on', 'Go on'],
    [`${'x'.repeat(500)} and more`, 'x'.repeat(500)],
    ['Fix {file} in {place}, please', 'Fix a.py in the {house}, please'],
    ['{file}', 'a.py'],
    [`Fix {file} ${'x'.repeat(500)}`, `Fix a.py ${'x'.repeat(491)}`]
  ])('%j asks for %j', (source, prompt) => expect(asksFor(source, prompt)).toBe(true));

  it.each([
    ['Go on and on', 'Go on'],
    ['Go', 'Go on'],
    ['/model gpt\nStop', 'Go on'],
    ['', 'Go on'],
    ['%%codex\nStop', 'Go on'],
    ['Fix {file} now', 'Fix a.py then'],
    ['Fix {file} now', 'Mend a.py now'],
    ['{a} and {b} and', 'one and']
  ])('%j does not ask for %j', (source, prompt) => expect(asksFor(source, prompt)).toBe(false));
});

describe('what an output shows', () => {
  it('is a turn only where the bundle names one', () => {
    expect(shownIn({ [MIME]: { turn_id: 'a', final: true } })).toEqual(shows('a', true));
    expect(shownIn({ [MIME]: { turn_id: 'a' } })).toEqual(shows('a', false));
    for (const content of [null, 'x', [], { turn_id: 7 }, { turn_id: 'a,b' }, { turn_id: '<b>' }]) {
      expect(shownIn({ [MIME]: content })).toBeNull();
    }
    expect(shownIn({ 'text/plain': 'x' })).toBeNull();
  });
});
