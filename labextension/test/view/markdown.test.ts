import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { Markdown } from '../../src/view/markdown';
import { hostOf } from './turns';

const context = { host: hostOf(), cwd: () => null, item: () => undefined };
const SAMPLE = [
  '# Title\n\nSome *text* and `code` with [a link](https://example.org).\n\n- one\n- two\n\n  more\n',
  '\n> quote\n> goes on\n\n```python\ndef f():\n    return 1\n\n# more\n```\n\nafter\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n1. x\n2. y\n\nHeading\n=======\n\n$$x^2$$\n\n',
  '[ref][r] and $a_b$ \\(c\\)\r\n\r\nlast\n\n------------------------------\n\n[r]: https://example.org/r\n'
].join('');

/** What an element comes to, to be compared. */
function shape({ node }: Markdown): string {
  return new XMLSerializer().serializeToString(node);
}

function html(text: string): string {
  const made = new Markdown(context);
  made.update(text, true);
  return shape(made);
}

it.each([1, 3, 7, 50])('grown by %d characters is what it is at once', step => {
  const made = new Markdown(context);
  for (let end = 0; end < SAMPLE.length; end += step) {
    made.update(SAMPLE.slice(0, end), false);
  }
  made.update(SAMPLE, true);
  expect(shape(made)).toBe(html(SAMPLE));
});

it('draws only its last blocks anew', () => {
  const made = new Markdown(context);
  const text = 'One\n\nTwo\n\nThree\n\nFour';
  made.update(text, false);
  const nodes = Array.from(made.node.children);
  made.update(text + ' and more\n\nFive', false);
  expect(Array.from(made.node.children).slice(0, 2)).toEqual(nodes.slice(0, 2));
  expect(made.node.children).toHaveLength(5);
});

it('appends words to words in place', () => {
  const made = new Markdown(context);
  const text = 'Some *text* that goes on with  words, and on (with 1 or 2 more) to the end.';
  const begun = text.indexOf(' and on');
  made.update(text.slice(0, begun), false);
  const paragraph = made.node.firstElementChild;
  for (let end = begun; end <= text.length; end++) {
    made.update(text.slice(0, end), false);
    expect(made.node.textContent).toBe(text.slice(0, end).replaceAll('*', ''));
  }
  expect(made.node.firstElementChild).toBe(paragraph);
  made.update(`${text} \`code\``, false);
  expect(made.node.querySelectorAll('code')).toHaveLength(1);
});

it('appends to a block of code in place', () => {
  const made = new Markdown(context);
  made.update('```\nline 1\n', false);
  const code = made.node.querySelector('code');
  made.update('```\nline 1\nline 2', false);
  expect(made.node.querySelector('code')).toBe(code);
  expect(code!.textContent).toContain('line 2');
});

it('makes links of the web and of files, and of nothing else', () => {
  const { node } = ((): Markdown => {
    const made = new Markdown(context);
    made.update(
      '[w](https://a.example) [f](src/a.py:3) [up](../x) [j](javascript:x) `b.py:2`',
      true
    );
    return made;
  })();
  const links = Array.from(node.querySelectorAll('.jp-Codex-link'));
  expect(links.map(link => link.textContent)).toEqual(['w', 'f', 'b.py:2']);
});

it('shows remote images as links and asks the host for those of the workspace', () => {
  const asked: string[] = [];
  const host = hostOf({
    fileUrl: path => {
      asked.push(path);
      return Promise.resolve(null);
    }
  });
  const made = new Markdown({ ...context, host });
  made.update('![a](https://a.example/x.png) ![b](plots/b.png)', true);
  expect(made.node.querySelector('img')).toBeNull();
  expect(asked).toEqual(['plots/b.png']);
});

it('knows the corpus', () => {
  const file = join(__dirname, '../../../tests/fixtures/hostile.json');
  const texts: string[] = JSON.parse(readFileSync(file, 'utf-8')).texts;
  const made = new Markdown(context);
  texts.forEach((_, at) => made.update(texts.slice(0, at + 1).join('\n\n'), false));
  made.update(texts.join('\n\n'), true);
  expect(shape(made)).toBe(html(texts.join('\n\n')));
});
