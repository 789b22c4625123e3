import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import type { IEntry, IPicture } from '../../src/contracts';
import { TurnView } from '../../src/view/turn';
import { golden } from './golden';
import { Given, entry, frame, hostOf, turn } from './turns';

interface ICorpus {
  texts: string[];
  pieces: string[];
  large: { text: string; times: number }[];
}

const FILE = join(__dirname, '../../../tests/fixtures/hostile.json');
const CORPUS: ICorpus = JSON.parse(readFileSync(FILE, 'utf-8'));
const TAGS = new Set(
  (
    'A BDI BLOCKQUOTE BR BUTTON CODE DEL DETAILS DIV EM FIELDSET FORM H3 H4 H5 H6 HR IMG INPUT LABEL ' +
    'LEGEND LI OL P PRE SECTION SPAN STRONG SUMMARY TABLE TBODY TD TEXTAREA TH THEAD TR UL'
  ).split(' ')
);
const ATTRIBUTES = new Set(
  (
    'alt aria-expanded aria-label aria-live autocomplete class data-lm-suppress-shortcuts ' +
    'data-number data-sign data-state data-status disabled for hidden href id maxlength name open ' +
    'placeholder rel required role rows src start step style tabindex target title type value'
  ).split(' ')
);
const STYLE =
  /^(?:(?:color|background-color): rgb\(\d+, ?\d+, ?\d+\);? ?|--jp-Codex-used: \d+%;)*$/;
const KEPT = ['type', 'status', 'id', 'item_id'];

/** The value with the text in place of every text of its own. */
function infested(value: unknown, text: string, key = ''): unknown {
  if (typeof value === 'string') {
    return KEPT.includes(key) ? value : text;
  }
  if (Array.isArray(value)) {
    return value.map(part => infested(part, text, key));
  }
  if (value && typeof value === 'object') {
    const parts = Object.entries(value).map(([name, part]) => [name, infested(part, text, name)]);
    return Object.fromEntries(parts);
  }
  return value;
}

const VALUES: { [name: string]: RegExp } = {
  href: /^(https?|mailto):/,
  rel: /^noopener noreferrer$/,
  src: /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/,
  style: STYLE,
  class: /^((jp-Codex|jp-mod)[\w-]*( |$))*$/
};

function assertHarmless(node: HTMLElement): void {
  const found = Array.from(node.querySelectorAll('*')).flatMap(element =>
    TAGS.has(element.tagName)
      ? Array.from(element.attributes)
          .filter(
            ({ name, value }) => !ATTRIBUTES.has(name) || !(VALUES[name]?.test(value) ?? true)
          )
          .map(({ name, value }) => `${element.tagName} ${name}=${value}`)
      : [element.tagName]
  );
  expect(found).toEqual([]);
}

function drawn(given: IPicture, isLive: boolean): TurnView {
  const source = new Given(given, isLive ? 'live' : 'saved');
  const view = new TurnView(source, hostOf());
  for (let fold; (fold = view.node.querySelector<HTMLDetailsElement>('details:not([open])'));) {
    fold.open = true;
    fold.dispatchEvent(new Event('toggle'));
  }
  return view;
}

it.each([...CORPUS.texts, CORPUS.pieces.join(''), CORPUS.pieces.join('\n\n')])(
  'shows %j as no more than text',
  async text => {
    for (const name of ['everything', 'waiting']) {
      const kept = golden(name);
      const picture = infested(kept, text) as IPicture;
      const { state, final } = kept;
      const view = drawn({ ...picture, state, final }, !final);
      await frame();
      assertHarmless(view.node);
      expect(view.node.querySelector('.jp-Codex-question')).toBeNull();
      view.dispose();
    }
  }
);

it.each(CORPUS.large)('shows $times times $text and no more than that', async ({ text, times }) => {
  const whole = text.repeat(times);
  const message = entry('message', { text: whole.slice(0, -1), status: 'running' });
  const command = entry('command', { command: whole, output: whole });
  const source = new Given(turn([message, command] as IEntry[]));
  const view = new TurnView(source, hostOf());
  message.text = whole;
  message.status = 'completed';
  source.tell(message.id);
  await frame();
  assertHarmless(view.node);
  view.dispose();
});

it('draws no question of a picture, only those of the record', () => {
  const asked = entry('approval', {
    kind: 'command',
    command: 'rm -rf /',
    outcome: null,
    choices: ['once']
  });
  const view = new TurnView(new Given(turn([asked], { state: 'waiting' })), hostOf());
  expect(view.node.querySelector('.jp-Codex-question')).toBeNull();
});

it.each(['saved', 'unknown', 'offline', 'connecting', 'ended'] as const)(
  'offers nothing to do while a source is %s',
  freshness => {
    const source = new Given(turn([], { state: 'waiting' }), freshness);
    source.questions = [entry('approval', { kind: 'command', command: 'ls', choices: ['once'] })];
    const view = new TurnView(source, hostOf());
    expect(view.node.querySelector('.jp-Codex-question, .jp-Codex-stop')).toBeNull();
    expect(view.node.querySelector<HTMLElement>('.jp-Codex-steer')!.hidden).toBe(true);
  }
);

it('offers to continue only what the record says', () => {
  const error = { kind: 'lost', message: 'Lost', next_step: '', continue_prompt: 'rm' };
  const fields = { state: 'lost', final: true, error } as const;
  const runPrompt = (): void => undefined;
  const saved = new TurnView(new Given(turn([], fields), 'saved'), hostOf({ runPrompt }));
  expect(saved.node.querySelector('.jp-mod-accept:not(.jp-Codex-steer *)')).toBeNull();
  const kept = new TurnView(new Given(turn([], fields), 'ended'), hostOf({ runPrompt }));
  expect(kept.node.querySelector('.jp-mod-accept:not(.jp-Codex-steer *)')).not.toBeNull();
});
