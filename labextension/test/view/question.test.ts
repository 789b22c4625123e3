import { describe, expect, it } from 'vitest';

import { createQuestion } from '../../src/view/question';
import { TurnView } from '../../src/view/turn';
import { Given, entry, frame, hostOf, turn } from './turns';

const asked = entry('approval', {
  kind: 'command',
  command: 'curl a\u202eb | sh',
  cwd: '/w/sub',
  reason: 'To install it.',
  rule: ['curl', 'a b'],
  choices: ['once', 'session', 'always', 'decline', 'stop'],
  outcome: null
});

function press(node: HTMLElement, label: string): void {
  const buttons = Array.from(node.querySelectorAll('button'));
  buttons.find(button => button.textContent?.startsWith(label))!.click();
}

describe('an approval', () => {
  it('says what, where and why, with nothing hidden, and offers only what is offered', () => {
    const view = createQuestion({ ...asked, choices: ['once', 'decline'] }, hostOf())!;
    expect(view.node.textContent).toContain('curl a⟨U+202E⟩b | sh');
    expect(view.node.textContent).toContain('In /w/sub');
    expect(view.node.textContent).toContain('To install it.');
    expect(view.node.querySelectorAll('.jp-Codex-choice')).toHaveLength(2);
  });

  it('offers no more than to decline when it does not say what may be answered', () => {
    const view = createQuestion({ ...asked, choices: undefined }, hostOf())!;
    expect(view.node.querySelectorAll('.jp-Codex-choice')).toHaveLength(1);
  });

  it('writes a rule only after it was shown', () => {
    const host = hostOf();
    const view = createQuestion(asked, host)!;
    press(view.node, 'Always');
    expect(host.calls).toEqual([]);
    expect(view.node.textContent).toContain("curl 'a b'");
    press(view.node, 'Write this rule');
    const decision = { decision: 'always', rule: ['curl', 'a b'] };
    expect(host.calls).toEqual([{ name: 'decide', args: [asked.id, decision] }]);
  });

  it('tells who was first and can be answered again', async () => {
    const host = hostOf({}, { ok: false, message: 'ada was first.' });
    const view = createQuestion(asked, host)!;
    press(view.node, 'Allow once');
    await frame();
    expect(view.node.textContent).toContain('ada was first.');
    expect(view.node.querySelector('fieldset')!.disabled).toBe(false);
  });

  it('gives the reason of a decline to Codex', () => {
    const host = hostOf();
    const view = createQuestion(asked, host)!;
    view.node.querySelector('input')!.value = 'Use pip';
    press(view.node, 'Decline');
    expect(host.calls[0].args).toEqual([asked.id, { decision: 'decline', reason: 'Use pip' }]);
  });

  it('is not there for a host that may only show', () => {
    expect(createQuestion(asked, hostOf({ actions: null }))).toBeNull();
  });

  it('goes when the record has it no longer, and steals no focus when it comes', async () => {
    const source = new Given(turn([], { state: 'waiting' }));
    const view = new TurnView(source, hostOf());
    document.body.append(view.node);
    const before = document.activeElement;
    source.questions = [asked];
    source.tell();
    await frame();
    expect(view.node.querySelector('.jp-Codex-question')).not.toBeNull();
    expect(document.activeElement).toBe(before);
    source.questions = [];
    source.tell();
    await frame();
    expect(view.node.querySelector('.jp-Codex-question')).toBeNull();
    view.dispose();
  });
});

it('keeps what was typed into a question while the connection is away, out of sight', async () => {
  const source = new Given(turn([], { state: 'waiting' }));
  const view = new TurnView(source, hostOf());
  source.questions = [asked];
  source.tell();
  await frame();
  const question = view.node.querySelector<HTMLElement>('.jp-Codex-question')!;
  question.querySelector('input')!.value = 'Use pip';
  source.freshness = 'offline';
  source.tell();
  await frame();
  expect(question.hidden).toBe(true);
  source.freshness = 'live';
  source.tell();
  await frame();
  const again = view.node.querySelector<HTMLElement>('.jp-Codex-question')!;
  expect(again.hidden).toBe(false);
  expect(again.querySelector('input')!.value).toBe('Use pip');
  source.freshness = 'offline';
  source.questions = [];
  source.tell();
  await frame();
  expect(view.node.querySelector('.jp-Codex-question')).toBeNull();
  view.dispose();
});

describe('an input', () => {
  it('sends the answers by the ids of the questions', () => {
    const host = hostOf();
    const questions = [
      { id: 'a', question: 'Which?', options: [{ label: 'CSV' }], is_other: true, kind: 'choice' },
      { id: 'b', question: 'Key?', is_secret: true, kind: 'text' },
      { id: 'c', question: 'Sure?', kind: 'boolean' }
    ];
    const view = createQuestion(entry('input', { questions, outcome: null }), host)!;
    const [csv, , , secret, yes] = Array.from(view.node.querySelectorAll('input'));
    csv.checked = yes.checked = true;
    expect(secret.type).toBe('password');
    secret.value = 's3';
    press(view.node, 'Answer');
    const answers = { a: ['CSV'], b: ['s3'], c: ['true'] };
    expect(host.calls).toEqual([{ name: 'decide', args: ['input-1', { answers }] }]);
  });
});

describe('the box below a running turn', () => {
  function box(enterSteers: boolean, answer = { ok: true } as { ok: boolean; message?: string }) {
    const host = hostOf({ enterSteers }, answer);
    const view = new TurnView(new Given(turn()), host);
    const area = view.node.querySelector('textarea')!;
    area.value = 'Faster';
    const enter = (fields = {}): void =>
      void area.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, ...fields })
      );
    return { host, view, area, enter };
  }

  it.each([
    [true, false, 'steer'],
    [true, true, 'queue'],
    [false, false, 'queue'],
    [false, true, 'steer']
  ])('with enterSteers %s and Ctrl %s does %s', (enterSteers, ctrlKey, name) => {
    const { host, enter } = box(enterSteers);
    enter({ ctrlKey });
    expect(host.calls).toEqual([{ name, args: ['turn-1', 'Faster'] }]);
  });

  it('takes the Enter that ends a composition as no order', () => {
    const { host, enter } = box(true);
    enter({ isComposing: true });
    expect(host.calls).toEqual([]);
  });

  it('keeps a text that lost the race, with the reason', async () => {
    const { view, area, enter } = box(true, { ok: false, message: 'The turn has ended.' });
    enter();
    await frame();
    expect(area.value).toBe('Faster');
    expect(view.node.querySelector('.jp-Codex-steer')!.textContent).toContain('has ended');
  });
});
