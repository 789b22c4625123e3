import { afterEach, beforeEach, expect, it, vi } from 'vitest';

let draw: typeof import('../src/frames').draw;
let leaveOut: typeof import('../src/frames').leaveOut;
const calls: string[] = [];
const [one, two] = ['one', 'two'].map(name => () => void calls.push(name));

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  ({ draw, leaveOut } = await import('../src/frames'));
  calls.length = 0;
});
afterEach(() => vi.useRealTimers());

it('calls everybody in one frame, each once', () => {
  draw(one);
  draw(two);
  draw(one);
  expect(calls).toEqual([]);
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one', 'two']);
});

it('draws what a call asks for in the same frame', () => {
  const first = (): void => draw(one);
  draw(first);
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one']);
});

it('lets text that grows wait after some that was drawn, until anything else is drawn', () => {
  draw(one, true);
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one']);
  draw(one, true);
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one']);
  draw(two);
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one', 'one', 'two']);
});

it('draws text that grows in its time when nothing else happens', () => {
  draw(one, true);
  vi.advanceTimersToNextFrame();
  draw(one, true);
  vi.advanceTimersByTime(1_000);
  expect(calls).toEqual(['one', 'one']);
});

it('goes on with the others after a call that fails', () => {
  const failing = (): void => {
    throw new Error('failed');
  };
  draw(failing);
  draw(one);
  expect(() => vi.advanceTimersToNextFrame()).toThrow('failed');
  vi.advanceTimersToNextFrame();
  expect(calls).toEqual(['one']);
});

it('leaves out what was taken back', () => {
  draw(one);
  leaveOut(one);
  vi.advanceTimersByTime(1_000);
  expect(calls).toEqual([]);
});
