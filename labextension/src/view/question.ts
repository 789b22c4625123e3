/**
 * A question of Codex that waits for the user: what, where and why, and the choices with how far
 * each reaches. The same in the cell and in the panel of approvals.
 *
 * Whoever makes one vouches that the entry is the server's record's.
 */

import type { IDecision, IEntry, IHost, IOutcome } from '../contracts';
import { shownPath, type IContext } from './context';
import { button, el, kept } from './dom';
import { approvalDetails } from './entries/notes';
import { Form } from './form';
import { visible } from './plain';
import { known, question } from './words';

export interface IQuestionView {
  readonly node: HTMLElement;
}

type Choice = NonNullable<IDecision['decision']>;

/** The whole question and its controls; `null` for a host that may only show. */
export function createQuestion(
  entry: IEntry,
  host: IHost,
  about: Partial<Omit<IContext, 'host'>> = {}
): IQuestionView | null {
  const context: IContext = { host, cwd: () => null, item: () => undefined, ...about };
  if (!context.host.actions) {
    return null;
  }
  return entry.type === 'input' ? new Asked(entry, context) : new Approval(entry, context);
}

abstract class Question implements IQuestionView {
  readonly node = el('section', 'jp-Codex-question');

  constructor(
    protected entry: IEntry,
    protected context: IContext,
    title: string
  ) {
    const head = el(
      'div',
      'jp-Codex-asks',
      el('span', 'jp-Codex-symbol', '?'),
      el('strong', '', visible(title))
    );
    this.node.setAttribute('aria-label', context.host.trans.__('Codex asks: %1', visible(title)));
    this.said.setAttribute('role', 'status');
    this.node.append(head);
  }

  /** Sends a decision; the question stays until the record says that it is decided. */
  protected async decide(decision: IDecision): Promise<void> {
    const { actions, trans } = this.context.host;
    this.controls.disabled = true;
    this.said.textContent = trans.__('Sending…');
    const outcome = await actions!
      .decide(this.entry.id, decision)
      .catch((error: unknown): IOutcome => ({ ok: false, message: String(error) }));
    const refused = [outcome.message ?? trans.__('That was not taken.'), outcome.nextStep];
    this.said.textContent = outcome.ok ? trans.__('Decided.') : refused.filter(Boolean).join(' ');
    this.controls.disabled = outcome.ok;
  }

  protected readonly controls = el('fieldset', 'jp-Codex-controls');
  protected readonly said = el('div', 'jp-Codex-muted jp-Codex-said');
}

class Approval extends Question {
  constructor(entry: IEntry, context: IContext) {
    super(entry, context, question(entry, context.host.trans));
    const { trans } = context.host;
    const cwd = context.cwd();
    const where = entry.cwd && shownPath(entry.cwd, cwd);
    const place = where && trans.__('In %1', visible(where));
    this._reason = el('input', 'jp-Codex-input');
    this._reason.type = 'text';
    this._reason.maxLength = 10_000;
    this._reason.placeholder = trans.__('Reason for Codex, when you decline (optional)');
    this._reason.setAttribute('aria-label', this._reason.placeholder);
    this._reason.addEventListener('keydown', event => this._onKey(event));
    this.node.append(
      ...kept(
        entry.reason && el('div', 'jp-Codex-plainText', visible(entry.reason)),
        place && el('div', 'jp-Codex-muted', place),
        ...approvalDetails(this._whole(), context, true),
        this.controls,
        this.said
      )
    );
    this._offer();
  }

  /** The entry with what its item says, where it leaves that out. */
  private _whole(): IEntry {
    const item = this.context.item(this.entry.item_id ?? '');
    const changes = this.entry.changes ?? item?.changes;
    return { ...this.entry, command: this.entry.command ?? item?.command, changes };
  }

  private _offer(): void {
    const { trans } = this.context.host;
    const choices: Choice[] = this.entry.choices ?? ['decline'];
    const offered = choices.filter(choice => choice !== 'always' || this.entry.rule?.length);
    const tiles = offered.map(choice => this._tile(choice));
    const row = el('div', 'jp-Codex-choices', ...tiles);
    row.setAttribute('role', 'group');
    row.setAttribute('aria-label', trans.__('Your decision'));
    this.controls.replaceChildren(...kept(row, choices.includes('decline') && this._reason));
  }

  private _tile(choice: Choice): HTMLButtonElement {
    const [label, scope] = this._words(choice);
    const made = button('', `jp-Codex-choice jp-mod-${choice}`, () => this._choose(choice));
    made.append(el('span', 'jp-Codex-choiceLabel', label), el('span', 'jp-Codex-scope', scope));
    return made;
  }

  private _choose(choice: Choice): void {
    if (choice === 'always') {
      this._confirmRule();
    } else {
      const reason = this._reason.value.trim();
      const isNo = choice === 'decline' || choice === 'stop';
      void this.decide(isNo && reason ? { decision: choice, reason } : { decision: choice });
    }
  }

  /** A rule outlives the session: it is written after a second look at it. */
  private _confirmRule(): void {
    const { trans } = this.context.host;
    const rule: string[] = this.entry.rule ?? [];
    const isTool = this.entry.kind === 'mcp_tool_call';
    const words = isTool
      ? trans.__('From now on Codex may use this tool without asking, in every session and folder:')
      : trans.__(
          'From now on every Codex on this machine may run, without asking and in any folder, every command that begins with'
        );
    const write = button(
      trans.__('Write this rule and allow'),
      'jp-mod-accept',
      () => void this.decide({ decision: 'always', rule })
    );
    const back = button(trans.__('Back'), '', () => {
      this._offer();
      this.controls.querySelector<HTMLElement>('.jp-mod-always')?.focus();
    });
    const shown = el(
      'pre',
      'jp-Codex-prompted',
      el('bdi', '', visible(rule.map(quoted).join(' ')))
    );
    this.controls.replaceChildren(
      el('div', '', words),
      shown,
      el('div', 'jp-Codex-actions', write, back)
    );
    back.focus();
  }

  private _onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this._choose('decline');
    }
  }

  /** What a choice is called, and how far and how long it reaches. */
  private _words(choice: Choice): [string, string] {
    const { trans } = this.context.host;
    const words: { [choice in Choice]: [string, string] } = {
      once: [trans.__('Allow once'), trans.__('this request only')],
      session: [trans.__('Allow for this session'), this._sessionScope()],
      always: [
        trans.__('Always allow…'),
        trans.__('by a rule that outlives the session; shown first')
      ],
      decline: [trans.__('Decline'), trans.__('Codex goes on without it')],
      stop: [trans.__('Stop'), trans.__('declines, and ends the turn')]
    };
    return known(words, choice) ?? [visible(choice), ''];
  }

  private _sessionScope(): string {
    const { trans } = this.context.host;
    const words: { [kind: string]: string } = {
      command: trans.__('the same command, until the session is closed'),
      file_change: trans.__('further changes to these files, until the session is closed'),
      permissions: trans.__('until the session is closed'),
      mcp_tool_call: trans.__('this tool, until the session is closed'),
      code: trans.__('any code, until the session is closed')
    };
    return known(words, this.entry.kind) ?? words.permissions;
  }

  private readonly _reason: HTMLInputElement;
}

class Asked extends Question {
  constructor(entry: IEntry, context: IContext) {
    const { trans } = context.host;
    super(entry, context, entry.message || trans.__('Codex asks you'));
    const isServer = entry.source && entry.source !== 'codex';
    const from = isServer && trans.__('Asked by the MCP server %1', visible(entry.source));
    const form = new Form(entry.questions ?? [], context);
    const answer = button(trans.__('Answer'), 'jp-mod-accept', () => {
      const answers = form.answers();
      if (answers) {
        void this.decide({ answers });
      }
    });
    const decline = button(
      trans.__('Decline'),
      '',
      () => void this.decide({ decision: 'decline' })
    );
    this.controls.append(form.node, el('div', 'jp-Codex-actions', answer, decline));
    this.node.append(...kept(from && el('div', 'jp-Codex-muted', from), this.controls, this.said));
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}
