/** A command as a card: what runs and where, what it writes, how it ended. */

import type { IEntry } from '../../contracts';
import { redrawn, shownPath, type EntryMaker, type IContext, type IEntryView } from '../context';
import { copyButton, el, kept } from '../dom';
import { Output } from '../output';
import { visible } from '../plain';
import { ending, took } from '../words';

/** A command with more lines is clipped until it is asked for. */
const CLIPPED_LINES = 4;

class Command implements IEntryView {
  readonly node = el('div', 'jp-Codex-card jp-Codex-command');

  constructor(private _context: IContext) {
    const { trans } = _context.host;
    this._output = new Output(_context, trans.__('Output'));
    const copy = copyButton(trans.__('Copy'), trans.__('Copied'), () => this._raw);
    copy.setAttribute('aria-label', trans.__('Copy the command'));
    const line = el('div', 'jp-Codex-commandLine', this._command, copy, this._facts);
    this.node.append(line);
  }

  update(entry: IEntry): void {
    if (entry.command !== this._raw) {
      this._raw = entry.command ?? '';
      this._command.replaceChildren(commandText(this._raw, this._context));
    }
    this.node.classList.toggle('jp-mod-running', entry.status === 'running');
    this.node.classList.toggle(
      'jp-mod-failed',
      Boolean(entry.exit_code) || entry.status === 'failed'
    );
    this._facts.replaceChildren(...this._describe(entry));
    this._output.update(entry.output ?? '');
    if (this._output.lineCount > 0 && !this._output.node.parentElement) {
      this.node.append(this._output.node);
    }
  }

  private _describe(entry: IEntry): Node[] {
    const { trans } = this._context.host;
    const cwd = this._context.cwd();
    const where =
      entry.cwd && entry.cwd !== cwd && trans.__('in %1', visible(shownPath(entry.cwd, cwd)));
    const code = entry.exit_code;
    const exited = typeof code === 'number' && code !== 0 && trans.__('exit %1', code);
    const word = entry.status === 'failed' && exited ? '' : ending(entry.status, trans);
    const running = entry.status === 'running' && trans.__('running');
    const fact = (text: string | false | null, className = ''): Node | '' =>
      text ? el('span', className, text) : '';
    return kept(
      fact(where),
      fact(running, 'jp-Codex-live'),
      fact(exited, 'jp-Codex-ending jp-mod-failed'),
      fact(word, `jp-Codex-ending jp-mod-${entry.status}`),
      entry.status === 'completed' && code === 0 && fact('✓', 'jp-Codex-plus'),
      fact(took(entry, trans))
    ) as Node[];
  }

  private _raw = '';
  private readonly _command = el('div', 'jp-Codex-commandText');
  private readonly _facts = el('div', 'jp-Codex-facts');
  private readonly _output: Output;
}

/** A whole command in which nothing hides; long ones are clipped with a button for the rest. */
export function commandText(text: string, context: IContext, isWhole = false): HTMLElement {
  const made = el('pre', 'jp-Codex-prompted', el('bdi', '', visible(text)));
  const lines = text.split('\n').length;
  if (isWhole || lines <= CLIPPED_LINES) {
    return made;
  }
  const { trans } = context.host;
  made.classList.add('jp-mod-clipped');
  const more = el('button', 'jp-Codex-button jp-Codex-quiet', trans.__('Show all %1 lines', lines));
  more.type = 'button';
  more.addEventListener('click', () => {
    made.classList.remove('jp-mod-clipped');
    more.remove();
  });
  return el('div', '', made, more);
}

export const COMMANDS: { [type: string]: EntryMaker } = {
  command: context => new Command(context),
  /** What Codex typed into a command; nothing for a mere look at its output. */
  terminal_input: redrawn('jp-Codex-step jp-mod-plain', (entry, { host }) =>
    (entry.text ?? '').trim()
      ? [host.trans.__('Typed'), ' ', el('code', '', visible(entry.text.replace(/\n$/, '')))]
      : []
  )
};
