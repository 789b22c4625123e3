import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';

import { Problem, type Api } from '../src/api';
import type { IHost, IPicture } from '../src/contracts';
import { isCut, More } from '../src/more';
import { blankPicture } from '../src/picture';
import { SavedSource } from '../src/sources';

const RENDERED = join(__dirname, '../../tests/render/golden');
const TRANS = { __: (text: string) => text, _n: (text: string) => text };
const HOST = { trans: TRANS } as unknown as IHost;

function golden(name: string): IPicture {
  return JSON.parse(readFileSync(join(RENDERED, `${name}.json`), 'utf-8'));
}

function clicked(source: SavedSource): More {
  const more = new More(source, HOST);
  more.node.querySelector('button')!.click();
  return more;
}

describe('a bounded copy of a turn', () => {
  const bundle = golden('long_run');
  const cut = bundle.items.find(item => item.type === 'command')!;
  cut.output = `1\n… 9 lines / 2 kB left out; the whole output is in the turn log (…)\n`;
  const transcript = golden('long_run.transcript') as never as { items: { output?: string }[] };
  const row = { turn_id: bundle.turn_id, session_id: bundle.session_id };

  function source(rows: object[]): SavedSource {
    const api = { turns: async () => ({ turns: rows }), turn: async () => ({ transcript }) };
    return new SavedSource(bundle, 'saved', api as unknown as Api);
  }

  it('is known by what the kernel writes where it cuts', () => {
    expect(isCut(bundle)).toBe(true);
    expect(isCut(golden('everything'))).toBe(false);
    expect(isCut(blankPicture())).toBe(false);
  });

  it('becomes whole from the record', async () => {
    const saved = source([row]);
    const more = clicked(saved);
    await vi.waitFor(() => expect(more.node.textContent).toBe(''));
    expect(isCut(saved.picture)).toBe(false);
    const outputs = saved.picture.items.filter(item => item.type === 'command');
    const whole = transcript.items.filter(item => item.output !== undefined);
    expect(outputs.map(item => item.output)).toEqual(whole.map(item => item.output));
  });

  it.each([
    ['the record has lost it', []],
    ['it names a turn of another session', [{ ...row, session_id: 'another' }]]
  ])('stays as it is when %s', async (_, rows) => {
    const saved = source(rows);
    const more = clicked(saved);
    await vi.waitFor(() => expect(more.node.textContent).toContain('no longer'));
    expect(isCut(saved.picture)).toBe(true);
  });

  it('says why the record cannot be read', async () => {
    const saved = source([row]);
    Object.defineProperty(saved, 'whole', {
      value: () => Promise.reject(new Problem('Away.', 'Try later.', 0, 'x'))
    });
    const more = clicked(saved);
    await vi.waitFor(() => expect(more.node.textContent).toBe('Away. Try later.'));
  });
});
