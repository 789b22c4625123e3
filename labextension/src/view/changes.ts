/** Changed files: what was done to which, how much, and the lines, folded when they are many. */

import { countLines, readHunks, type ILine } from '../diff';
import { shownPath, type IContext } from './context';
import { DiffView } from './diffview';
import { button, el, fold, kept } from './dom';
import { pathName } from './links';
import { ending, known } from './words';

export interface IFileChange {
  path?: string | null;
  kind?: string | null;
  move_path?: string | null;
  added?: number;
  removed?: number;
  diff?: string | null;
  /** The lines of `diff`, where they are at hand. */
  lines?: ILine[];
}

/** Longer diffs are folded. */
const OPEN_LINES = 40;

/** One changed file. `status`: that of the change as a whole. */
export function fileChange(change: IFileChange, status: string, context: IContext): HTMLElement {
  const lines = change.lines ?? readHunks(change.diff ?? '');
  const { added, removed } = countLines(lines);
  const counts = countsOf(change.added ?? added, change.removed ?? removed);
  const word = ending(status, context.host.trans);
  const title = kept(
    ...changeTitle(change, context),
    counts,
    word && el('span', `jp-Codex-ending jp-mod-${status}`, word)
  );
  const made = el('div', 'jp-Codex-card jp-Codex-change');
  if (lines.length === 0) {
    made.append(el('div', 'jp-Codex-summary jp-mod-bare', ...title));
    return made;
  }
  const actions = el('div', 'jp-Codex-corner');
  const goal = change.move_path || change.path || '';
  const isOpen = lines.length <= OPEN_LINES;
  const first = lines.find(line => line.mark === '+' || line.mark === '-');
  const content = (): Node[] => {
    const view = new DiffView(lines, goal, context);
    actions.replaceChildren(
      ...kept(view.toggle, openButton(goal, change.kind, first?.new ?? undefined, context))
    );
    return [view.node];
  };
  made.append(fold(title, isOpen, content), actions);
  return made;
}

function countsOf(added: number, removed: number): HTMLElement {
  const parts = kept(
    added > 0 && el('span', 'jp-Codex-plus', `+${added}`),
    removed > 0 && el('span', 'jp-Codex-minus', `−${removed}`)
  );
  return el('span', 'jp-Codex-counts', ...parts.flatMap((part, at) => (at ? [' ', part] : [part])));
}

function openButton(
  goal: string,
  kind: string | null | undefined,
  line: number | undefined,
  context: IContext
): HTMLElement | null {
  const open = kind === 'delete' ? null : context.host.opener(goal, line);
  return open && button(context.host.trans.__('Open'), 'jp-Codex-quiet', open);
}

function changeTitle(change: IFileChange, context: IContext): Node[] {
  const { trans } = context.host;
  const name = (text: string): Node => pathName(shownPath(text, context.cwd()));
  const from = change.path ?? '';
  const goal = change.move_path;
  if (goal && goal !== from) {
    return [
      el('span', 'jp-Codex-verb', trans.__('Renamed')),
      name(from),
      el('span', '', '→'),
      name(goal)
    ];
  }
  const verbs: { [kind: string]: string } = {
    add: trans.__('Created'),
    update: trans.__('Edited'),
    delete: trans.__('Deleted')
  };
  return [
    el('span', 'jp-Codex-verb', known(verbs, change.kind) ?? trans.__('Changed')),
    name(from)
  ];
}
