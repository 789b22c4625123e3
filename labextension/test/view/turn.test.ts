import { describe, expect, it } from 'vitest';

import { TurnView } from '../../src/view/turn';
import { golden } from './golden';
import { Given, entry, frame, hostOf, turn } from './turns';

const text = (view: TurnView, selector: string): string =>
  view.node.querySelector(selector)?.textContent ?? '';

describe('a turn', () => {
  it.each(['everything', 'failed', 'interrupted', 'long_run', 'waiting', 'empty'])(
    'draws the golden picture %s, live and saved',
    name => {
      for (const freshness of ['live', 'saved'] as const) {
        const view = new TurnView(new Given(golden(name), freshness), hostOf());
        expect(view.node.querySelector('.jp-Codex-state')).not.toBeNull();
        view.dispose();
      }
    }
  );

  it('begins as a summary when it had ended, and draws its steps when it is opened', async () => {
    const view = new TurnView(new Given(golden('everything'), 'saved'), hostOf());
    expect(text(view, '.jp-Codex-work > summary')).toContain('commands');
    expect(view.node.querySelectorAll('.jp-Codex-command')).toHaveLength(0);
    const fold = view.node.querySelector<HTMLDetailsElement>('.jp-Codex-work')!;
    fold.open = true;
    fold.dispatchEvent(new Event('toggle'));
    expect(view.node.querySelectorAll('.jp-Codex-command').length).toBeGreaterThan(1);
    expect(text(view, '.jp-mod-answer')).toContain('math.pi');
  });

  it('shows commands in what is said as code, and markup as the text it is', () => {
    const error = { kind: 'x', message: 'No `<b>`.', next_step: 'Run `/login`.', details: null };
    const view = new TurnView(new Given({ ...turn([]), state: 'failed', error }), hostOf());
    const codes = [...view.node.querySelectorAll('.jp-mod-error code')];
    expect(codes.map(code => code.textContent)).toEqual(['<b>', '/login']);
    expect(text(view, '.jp-mod-error')).toBe('No <b>.Run /login.');
  });

  it('keeps the elements of what did not change', async () => {
    const message = entry('message', { status: 'running', text: 'One.\n\nTwo.\n\nThree' });
    const command = entry('command', { status: 'running', command: 'ls', output: '' });
    const source = new Given(turn([command, message]));
    const view = new TurnView(source, hostOf());
    const card = view.node.querySelector('.jp-Codex-command');
    const first = view.node.querySelector('.jp-Codex-markdown p');
    message.text += ' and four.\n\nFive';
    source.tell(message.id);
    await frame();
    expect(view.node.querySelector('.jp-Codex-command')).toBe(card);
    expect(view.node.querySelector('.jp-Codex-markdown p')).toBe(first);
    expect(text(view, '.jp-Codex-markdown')).toContain('Three and four.Five');
  });
});
