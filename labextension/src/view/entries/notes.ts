/** Short remarks in a transcript: warnings, retries, waits, questions and how they were decided. */

import type { IEntry } from '../../contracts';
import { fileChange } from '../changes';
import { redrawn, type EntryMaker, type IContext } from '../context';
import { el, fold, kept, sentence, type Child } from '../dom';
import { outputBlock } from '../output';
import { printable, visible } from '../plain';
import { decision, known, question, took } from '../words';
import { commandText } from './command';
import { endingOf, jsonText } from './tools';

const QUIET_WARNINGS = ['again', 'notice'];

const warning: EntryMaker = redrawn('', entry => [
  el(
    'div',
    `jp-Codex-note ${QUIET_WARNINGS.includes(entry.kind) ? 'jp-mod-quiet' : 'jp-mod-warning'}`,
    ...sentence(entry.message ?? '')
  )
]);

const retry: EntryMaker = redrawn('jp-Codex-note jp-mod-warning', entry =>
  kept(
    ...sentence(entry.message ?? ''),
    entry.details && el('div', 'jp-Codex-muted', printable(entry.details))
  )
);

/** An open question: not shown where the same question stands below, to be answered. */
const OPEN = 'jp-mod-warning jp-mod-open';

const compaction: EntryMaker = redrawn('jp-Codex-step jp-Codex-divider', (entry, context) =>
  kept(
    entry.status === 'running'
      ? context.host.trans.__('Shortening the history to make room…')
      : context.host.trans.__('History shortened to make room'),
    endingOf(entry, context)
  )
);

const sleep: EntryMaker = redrawn('jp-Codex-step jp-mod-plain', (entry, context) =>
  kept(
    el('span', '', context.host.trans.__('Waited'), ' '),
    took(entry, context.host.trans),
    endingOf(entry, context)
  )
);

const approval: EntryMaker = redrawn('jp-Codex-asked', (entry, context) => {
  const { trans } = context.host;
  const isOpen = entry.outcome === null || entry.outcome === undefined;
  const said = visible(decision(entry, trans));
  const asked = el('strong', '', visible(question(entry, trans)));
  const word = el('span', isOpen ? 'jp-Codex-muted' : '', said);
  const reason = isOpen && entry.reason && el('div', '', visible(entry.reason));
  const tone = isOpen ? OPEN : entry.outcome === 'accepted' ? 'jp-mod-quiet' : 'jp-mod-warning';
  return [
    el('div', `jp-Codex-note ${tone}`, asked, ' ', word, reason, ...approvalDetails(entry, context))
  ];
});

/** What is asked for in full: the command, the files, the permissions, the rule. */
export function approvalDetails(entry: IEntry, context: IContext, isWhole = false): Child[] {
  const { trans } = context.host;
  const labelled = (label: string, value: unknown): Child =>
    value !== null && value !== undefined && value !== '' && jsonText(value) !== '{}'
      ? el(
          'div',
          'jp-Codex-labelled',
          el('span', 'jp-Codex-muted', label),
          outputBlock(visible(jsonText(value)), label, context)
        )
      : null;
  return [
    entry.command && commandText(entry.command, context, isWhole),
    ...(entry.changes ?? []).map((change: object) => fileChange(change, 'completed', context)),
    labelled(trans.__('Permissions'), entry.permissions),
    labelled(trans.__('Arguments'), entry.arguments)
  ];
}

const input: EntryMaker = redrawn('jp-Codex-asked', (entry, context) => {
  const { trans } = context.host;
  const answers: { [id: string]: unknown[] } = entry.answers ?? {};
  const lines = (entry.questions ?? []).map((each: { [key: string]: string }) =>
    el(
      'div',
      '',
      visible(each.question || each.header || ''),
      ' ',
      el('strong', '', visible((answers[each.id] ?? []).join(', ')))
    )
  );
  const outcomes: { [outcome: string]: string } = {
    answered: trans.__('answered by %1', entry.by ?? ''),
    declined: trans.__('declined by %1', entry.by ?? '')
  };
  const said = known(outcomes, entry.outcome) ?? trans.__('waiting for an answer');
  const isOpen = entry.outcome === null || entry.outcome === undefined;
  const tone = isOpen ? OPEN : entry.outcome === 'answered' ? 'jp-mod-quiet' : 'jp-mod-warning';
  const head = el('strong', '', visible(entry.message || trans.__('Codex asked')));
  return [
    el(
      'div',
      `jp-Codex-note ${tone}`,
      head,
      ' ',
      el('span', 'jp-Codex-muted', visible(said)),
      ...lines
    )
  ];
});

/** An item of a kind that this version does not know, whole. */
export const other: EntryMaker = redrawn('jp-Codex-step', (entry, context) => {
  const kind = visible(String(entry.codex_type ?? entry.type));
  const raw = jsonText(entry.type === 'other' ? entry.raw : entry);
  return [fold([kind, endingOf(entry, context)], false, () => [outputBlock(raw, kind, context)])];
});

export const NOTES: { [type: string]: EntryMaker } = {
  warning,
  retry,
  compaction,
  sleep,
  approval,
  input,
  file_change: redrawn('jp-Codex-changes', (entry, context) =>
    (entry.changes ?? []).map((change: object) => fileChange(change, entry.status, context))
  )
};
