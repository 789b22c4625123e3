import { describe, expect, it } from 'vitest';

import { Terminal, stripped } from '../../src/view/ansi';
import { Output } from '../../src/view/output';
import { hostOf } from './turns';

const context = { host: hostOf(), cwd: () => null, item: () => undefined };

describe('a terminal', () => {
  it.each([
    ['10%\r50%\r100%\n', '100%\n'],
    ['abc\b\bX', 'aXc'],
    ['long line\r\x1b[Kshort', 'short'],
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b]8;;https://x\x07link\x1b]8;;\x07', 'link'],
    ['\x1b]0;title\x1b\\after', 'after'],
    ['\x1bP1$r\x1b\\after', 'after'],
    ['\x1b[5Cx', '     x'],
    ['a\r\nb', 'a\nb']
  ])('settles %j', (written, shown) => {
    expect(stripped(written)).toBe(shown);
  });

  it.each([
    ['strings', '\x90'.repeat(200_000), ''],
    ['returns', '\r'.repeat(200_000) + 'a', 'a'],
    ['columns', '\x1b[99999Gx\n'.repeat(100), (' '.repeat(1_000) + 'x\n').repeat(100)],
    ['a long line', 'a'.repeat(50_000) + '\rab'.repeat(5_000), 'ab' + 'a'.repeat(49_998)]
  ])('does not take long for many %s', (_what, written, shown) => {
    expect(stripped(written)).toBe(shown);
  });

  it.each([1, 2, 3])('takes text cut into pieces of %d', size => {
    const text = 'a\x1b[1;31mb\x1b[0m\r\n10%\r\x1b[2K100%\x1b]8;;x\x07l\x1b]8;;\x07\n';
    const whole = new Terminal();
    whole.write(text);
    const cut = new Terminal();
    for (let at = 0; at < text.length; at += size) {
      cut.write(text.slice(at, at + size));
    }
    expect(cut.lines).toEqual(whole.lines);
  });
});

describe('an output', () => {
  it('is bounded in the page until all of it is asked for', () => {
    const output = new Output(context, 'Output');
    const text = Array.from({ length: 5000 }, (_, at) => `line ${at}\n`).join('');
    output.update(text.slice(0, 20_000));
    output.update(text);
    const box = output.node.querySelector('pre')!;
    expect(box.textContent!.split('\n').length).toBeLessThan(450);
    expect(box.textContent).toContain('line 4999');
    output.node.querySelector<HTMLButtonElement>('[aria-expanded]')!.click();
    expect(box.textContent).toBe(text);
  });

  it('colours pieces with classes of the theme', () => {
    const output = new Output(context, 'Output');
    output.update('\x1b[31mred\x1b[0m plain \x1b[1;44mblock\x1b[0m');
    const spans = Array.from(output.node.querySelectorAll('pre span'), span => span.className);
    expect(spans).toEqual(['jp-Codex-ansi-fg1', 'jp-Codex-ansi-bold jp-Codex-ansi-bg4']);
  });
});
