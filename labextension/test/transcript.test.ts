import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { State } from '../src/contracts';
import { advance, end, ENDINGS, InvalidTransition, isFinal, TRANSITIONS } from '../src/state';
import { fold, Transcript, type IEvent, type ITranscript } from '../src/transcript';

const GOLDEN = join(__dirname, '../../tests/fixtures/golden');
const NAMES = readdirSync(GOLDEN)
  .filter(name => name.endsWith('.events.json'))
  .map(name => name.replace('.events.json', ''));

function events(name: string): IEvent[] {
  return JSON.parse(readFileSync(join(GOLDEN, `${name}.events.json`), 'utf-8'));
}

function golden(name: string): ITranscript {
  return JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf-8'));
}

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

describe('fold', () => {
  it('has golden files', () => expect(NAMES.length).toBeGreaterThan(80));

  it.each(NAMES)('gives the transcript that Python gives: %s', name => {
    expect(fold(events(name))).toEqual(golden(name));
  });

  it.each(NAMES)('is the same however it is cut, and with events seen twice: %s', name => {
    const all = events(name);
    const random = numbers(all.length);
    const transcript = new Transcript();
    for (let at = 0; at < all.length;) {
      const next = at + Math.floor(random() * 4);
      transcript.apply(all.slice(Math.max(0, at - 3), next));
      at = next;
    }
    expect(transcript.data).toEqual(golden(name));
  });

  it.each(NAMES)('goes on from a snapshot: %s', name => {
    const all = events(name);
    const half = Math.floor(all.length / 2);
    const snapshot = JSON.parse(JSON.stringify(fold(all.slice(0, half))));
    const transcript = new Transcript(snapshot);
    transcript.apply(all);
    expect(transcript.data).toEqual(golden(name));
  });

  it('leaves its events as they are', () => {
    const all = events('patch_streaming.1');
    const before = JSON.stringify(all);
    fold(all);
    fold(all);
    expect(JSON.stringify(all)).toBe(before);
  });

  it('passes over kinds it does not know, and moves on', () => {
    const all = events('text.1').slice(0, 3);
    const strange = [
      { ...all[0], seq: 4, type: 'turn.dreamt' },
      { ...all[0], seq: 5, type: 'constructor' }
    ];
    const transcript = new Transcript();
    transcript.apply([...all, ...strange]);
    expect(transcript.data.seq).toBe(5);
    expect(transcript.data.state).toBe('running');
  });

  it('says what was touched, once', () => {
    const all = events('text.1');
    const at = all.findIndex(event => event.type === 'item.text');
    const transcript = new Transcript();
    transcript.apply(all.slice(0, at));
    expect(transcript.takeTouched().all).toBe(true);
    transcript.apply(all.slice(at, at + 1));
    const touched = transcript.takeTouched();
    expect([...touched.items]).toEqual([all[at].item_id]);
    expect([touched.list, touched.header, touched.all]).toEqual([false, false, false]);
    expect(transcript.takeTouched().items.size).toBe(0);
  });
});

describe('the states', () => {
  const states = Object.keys(TRANSITIONS) as State[];
  const types = Object.keys(TRANSITIONS.interrupting);

  it('are those of Python', () => {
    const table = JSON.parse(
      readFileSync(join(__dirname, '../../tests/turn/states.json'), 'utf-8')
    );
    expect(TRANSITIONS).toEqual(table.transitions);
    const endings = Object.entries(ENDINGS).map(([state, finals]) => [state, [...finals].sort()]);
    expect(Object.fromEntries(endings)).toEqual(table.endings);
  });

  it('lead to states, or nowhere', () => {
    for (const state of states) {
      for (const type of [...types, 'turn.queued'] as Parameters<typeof advance>[1][]) {
        if (TRANSITIONS[state][type]) {
          expect(states).toContain(advance(state, type));
        } else {
          expect(() => advance(state, type)).toThrow(InvalidTransition);
        }
      }
    }
  });

  it('end as the table says and in no other way', () => {
    for (const state of states) {
      for (const final of states.filter(isFinal)) {
        if (ENDINGS[state].includes(final)) {
          expect(end(state, final)).toBe(final);
        } else {
          expect(() => end(state, final)).toThrow(InvalidTransition);
        }
      }
    }
  });

  it('wait while a question is open', () => {
    expect(advance('waiting', 'approval.decided', 1)).toBe('waiting');
    expect(advance('waiting', 'approval.decided')).toBe('running');
    expect(advance('interrupting', 'approval.decided', 1)).toBe('interrupting');
  });
});
