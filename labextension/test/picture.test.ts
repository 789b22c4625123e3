import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Picture } from '../src/picture';
import { Touched, Transcript, type IEvent } from '../src/transcript';

const RENDERED = join(__dirname, '../../tests/render/golden');
const RECORDED = join(__dirname, '../../tests/fixtures/golden');
const TURNS = names(RENDERED, '.whole.json');
const RECORDINGS = names(RECORDED, '.events.json');

function names(folder: string, ending: string): string[] {
  const found = readdirSync(folder).filter(name => name.endsWith(ending));
  return found.map(name => name.slice(0, -ending.length));
}

function read(folder: string, name: string) {
  return JSON.parse(readFileSync(join(folder, name), 'utf-8'));
}

function whole(): Touched {
  const touched = new Touched();
  touched.all = touched.list = touched.header = true;
  return touched;
}

describe('the picture', () => {
  it.each(TURNS)('is the one that Python draws: %s', name => {
    const picture = new Picture();
    const change = picture.draw(read(RENDERED, `${name}.transcript.json`), whole());
    expect(picture.value).toEqual(read(RENDERED, `${name}.whole.json`));
    expect(change.header).toBe(true);
  });

  it.each(RECORDINGS)('drawn event by event is the one drawn at once: %s', name => {
    const events: IEvent[] = read(RECORDED, `${name}.events.json`);
    const transcript = new Transcript();
    const picture = new Picture();
    for (const event of events) {
      transcript.apply([event]);
      picture.draw(transcript.data, transcript.takeTouched());
      const again = new Picture();
      again.draw(transcript.data, whole());
      expect(picture.value).toEqual(again.value);
    }
  });

  it.each(RECORDINGS)('says exactly what changed: %s', name => {
    const events: IEvent[] = read(RECORDED, `${name}.events.json`);
    const transcript = new Transcript();
    const picture = new Picture();
    let before = JSON.parse(JSON.stringify(picture.value));
    for (const event of events) {
      transcript.apply([event]);
      const change = picture.draw(transcript.data, transcript.takeTouched());
      const after = JSON.parse(JSON.stringify(picture.value));
      const ids = (entries: { id: string }[]): string[] => entries.map(entry => entry.id);
      if (JSON.stringify(ids(before.items)) !== JSON.stringify(ids(after.items))) {
        expect(change.list).toBe(true);
      }
      for (const entry of after.items) {
        const old = before.items.find((other: { id: string }) => other.id === entry.id);
        if (JSON.stringify(old) !== JSON.stringify(entry)) {
          expect(change.entries.has(entry.id)).toBe(true);
        }
      }
      const [old, now] = [before, after].map(each => ({ ...each, items: [], seq: 0 }));
      if (JSON.stringify(old) !== JSON.stringify(now)) {
        expect(change.header).toBe(true);
      }
      before = after;
    }
  });

  it('keeps the objects of its entries while their text grows', () => {
    const events: IEvent[] = read(RECORDED, 'text.1.events.json');
    const at = events.findIndex(event => event.type === 'item.text' && event.field === 'text');
    const transcript = new Transcript();
    const picture = new Picture();
    transcript.apply(events.slice(0, at));
    picture.draw(transcript.data, transcript.takeTouched());
    const entry = picture.value.items.find(({ id }) => id === events[at].item_id);
    const list = picture.value.items;
    transcript.apply(events.slice(at, at + 1));
    const change = picture.draw(transcript.data, transcript.takeTouched());
    expect(change).toEqual({ list: false, entries: new Set([events[at].item_id]), header: false });
    expect(picture.value.items).toBe(list);
    expect(list).toContain(entry);
    expect(entry?.text).toBe(events[at].text);
  });
});
