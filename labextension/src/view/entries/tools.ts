/** What Codex used besides commands: tools, the web, images, other agents. */

import type { IEntry } from '../../contracts';
import { redrawn, shownPath, type EntryMaker, type IContext } from '../context';
import { el, fold, kept, type Child } from '../dom';
import { bitmap, fileImage, image } from '../images';
import { path } from '../links';
import { outputBlock } from '../output';
import { printable, visible } from '../plain';
import { ending, search, took } from '../words';

/** A JSON value to read: one line when it is short; a text as it is. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  try {
    const line = JSON.stringify(value) ?? '';
    return line.length < 80 ? line : JSON.stringify(value, null, 1);
  } catch {
    return String(value); // Too deep for JSON.
  }
}

export function endingOf(entry: IEntry, context: IContext): Child {
  const word = ending(entry.status, context.host.trans);
  return word && el('span', `jp-Codex-ending jp-mod-${entry.status}`, word);
}

function facts(entry: IEntry, context: IContext): Child {
  const { trans } = context.host;
  const text = entry.status === 'running' ? trans.__('running') : took(entry, trans);
  return text && el('span', 'jp-Codex-muted', text);
}

/** A step in one line, or a fold where there is more to see. */
function step(head: Child[], body: (() => Child[]) | null, isOpen = false): (Node | string)[] {
  return body ? [fold(head, isOpen, body)] : [el('div', 'jp-Codex-summary jp-mod-bare', ...head)];
}

const toolCall: EntryMaker = redrawn('jp-Codex-step', (entry, context) => {
  const { trans } = context.host;
  const owner = entry.server ?? entry.namespace;
  const name = visible(owner ? `${owner}.${entry.tool}` : String(entry.tool ?? '?'));
  const images: Node[] = [];
  const texts: [string, string][] = [];
  const hasArguments =
    ![null, undefined, ''].includes(entry.arguments) && jsonText(entry.arguments) !== '{}';
  if (hasArguments) {
    texts.push([trans.__('Arguments'), jsonText(entry.arguments)]);
  }
  if (entry.output) {
    texts.push([trans.__('Progress'), entry.output]);
  }
  for (const block of entry.content ?? []) {
    const source = bitmap(block?.data ?? block?.image_url ?? block?.url);
    if (source) {
      images.push(image(source, trans.__('Image from %1', name)));
    } else {
      texts.push([
        trans.__('Result'),
        block?.type === 'text' ? String(block.text ?? '') : jsonText(block)
      ]);
    }
  }
  if (entry.structured !== null && entry.structured !== undefined) {
    texts.push([trans.__('Result'), jsonText(entry.structured)]);
  }
  const problem =
    entry.error && el('div', 'jp-Codex-note jp-mod-error', printable(String(entry.error)));
  const head = [
    el('span', 'jp-Codex-verb', trans.__('Tool')),
    el('code', '', name),
    endingOf(entry, context),
    facts(entry, context)
  ];
  const body = (): Child[] => texts.map(([label, text]) => outputBlock(text, label, context));
  return kept(
    ...step(head, texts.length ? body : null, entry.status === 'failed'),
    problem,
    ...images
  );
});

const webSearch: EntryMaker = redrawn('jp-Codex-step jp-mod-plain', (entry, context) => [
  el('bdi', '', visible(search(entry, context.host.trans)))
]);

const imageEntry: EntryMaker = redrawn('jp-Codex-step', (entry, context) => {
  const { trans } = context.host;
  const isMade = entry.origin === 'generated';
  const name = entry.path ? shownPath(entry.path, context.cwd()) : '';
  const said = isMade ? trans.__('Made an image') : trans.__('Looked at an image');
  const source = bitmap(entry.data);
  const label = entry.prompt || name || said;
  return kept(
    el(
      'div',
      'jp-Codex-summary jp-mod-bare',
      el('span', 'jp-Codex-verb', said),
      name && path(name, context),
      endingOf(entry, context),
      entry.prompt && el('span', 'jp-Codex-muted', visible(entry.prompt))
    ),
    source ? image(source, label) : name && fileImage(name, label, context)
  );
});

const subAgent: EntryMaker = redrawn('jp-Codex-step', (entry, context) => {
  const { trans } = context.host;
  const states = Object.entries(entry.agents ?? {}).map(([id, state]) => {
    const known = state as { status?: string; message?: string } | string | null;
    const said = typeof known === 'object' && known ? [known.status, known.message] : [known];
    return `${id}: ${said.filter(Boolean).join(' ')}`;
  });
  const head = [
    el('span', 'jp-Codex-verb', trans.__('Sub-agent')),
    el('span', '', visible(String(entry.tool ?? '').replace(/_/g, ' '))),
    endingOf(entry, context)
  ];
  const body = (): Child[] => [
    entry.prompt && outputBlock(entry.prompt, trans.__('Prompt'), context),
    states.length > 0 && outputBlock(states.join('\n'), trans.__('Agents'), context)
  ];
  return step(head, entry.prompt || states.length ? body : null);
});

export const TOOLS: { [type: string]: EntryMaker } = {
  mcp_tool_call: toolCall,
  tool_call: toolCall,
  web_search: webSearch,
  image: imageEntry,
  sub_agent: subAgent
};
