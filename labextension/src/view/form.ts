/** A form for what Codex wants to know: a field for each question, answers by the question's id. */

import type { IContext } from './context';
import { el } from './dom';
import { visible } from './plain';

export interface IFormQuestion {
  id: string;
  header?: string | null;
  question?: string | null;
  options?: { label: string; description?: string | null }[] | null;
  is_secret?: boolean;
  is_other?: boolean;
  kind?: string;
  required?: boolean;
}

interface IField {
  node: HTMLElement;
  /** What was answered; `null` while it cannot be sent. */
  value(): string[] | null;
}

let serial = 0;

export class Form {
  readonly node = el('div', 'jp-Codex-form');

  constructor(questions: ReadonlyArray<IFormQuestion>, context: IContext) {
    this._fields = questions.map(question => [question.id, field(question, context)]);
    this.node.append(...this._fields.map(([, each]) => each.node));
  }

  /** The answers; `null` and the focus on the field where one is missing or not a number. */
  answers(): { [id: string]: string[] } | null {
    const answers: { [id: string]: string[] } = {};
    for (const [id, each] of this._fields) {
      const value = each.value();
      if (value === null) {
        each.node.querySelector<HTMLElement>('input, textarea, select')?.focus();
        return null;
      }
      answers[id] = value;
    }
    return answers;
  }

  private readonly _fields: [string, IField][];
}

function field(question: IFormQuestion, context: IContext): IField {
  const made = question.options?.length
    ? choice(question, context)
    : question.kind === 'boolean'
      ? yesNo(question, context)
      : text(question, context);
  const { header, question: asked } = question;
  const words = [header, asked].filter(Boolean).map(part => visible(part!));
  const isGroup = made.node.tagName === 'FIELDSET';
  const label = el(isGroup ? 'legend' : 'label', 'jp-Codex-label');
  label.append(
    ...words.map((word, at) => el(at === 0 && words.length > 1 ? 'strong' : 'span', '', word))
  );
  if (!question.required) {
    label.append(el('span', 'jp-Codex-muted', context.host.trans.__('(optional)')));
  }
  const input = made.node.querySelector<HTMLElement>('input, select');
  if (!isGroup && input) {
    input.id = `jp-Codex-field-${++serial}`;
    label.setAttribute('for', input.id);
  }
  made.node.prepend(label);
  return made;
}

function text(question: IFormQuestion, context: IContext): IField {
  const isNumber = question.kind === 'number' || question.kind === 'integer';
  const input = el('input', 'jp-Codex-input');
  input.type = question.is_secret ? 'password' : isNumber ? 'number' : 'text';
  input.step = question.kind === 'integer' ? '1' : 'any';
  input.autocomplete = question.is_secret ? 'new-password' : 'off';
  input.required = Boolean(question.required);
  const node = el('div', 'jp-Codex-field', input);
  if (question.is_secret) {
    const words = context.host.trans.__(
      'Goes to Codex, and is not kept in the notebook or the turn log.'
    );
    node.append(el('div', 'jp-Codex-muted', words));
  }
  return {
    node,
    value: () => {
      if (!input.reportValidity()) {
        return null;
      }
      return input.value === '' ? [] : [input.value];
    }
  };
}

function yesNo(question: IFormQuestion, context: IContext): IField {
  const { trans } = context.host;
  const group = radios(question, [
    { label: trans.__('Yes'), value: 'true' },
    { label: trans.__('No'), value: 'false' }
  ]);
  return { node: group.node, value: () => group.value() };
}

function choice(question: IFormQuestion, context: IContext): IField {
  const options = (question.options ?? []).map(({ label, description }) => ({
    label,
    value: label,
    description
  }));
  if (!question.is_other) {
    return radios(question, options);
  }
  const other = el('input', 'jp-Codex-input');
  other.type = 'text';
  const words = context.host.trans.__('Something else');
  other.setAttribute('aria-label', words);
  const group = radios(question, [...options, { label: words, value: '', beside: other }]);
  other.addEventListener('input', () => group.pick(options.length));
  return {
    node: group.node,
    value: () => {
      const picked = group.value();
      return picked?.[0] === '' ? (other.value.trim() ? [other.value.trim()] : null) : picked;
    }
  };
}

interface IOption {
  label: string;
  value: string;
  description?: string | null;
  beside?: HTMLElement;
}

function radios(question: IFormQuestion, options: IOption[]): IField & { pick(at: number): void } {
  const name = `jp-Codex-choice-${++serial}`;
  const inputs = options.map(option => {
    const input = el('input');
    input.type = 'radio';
    input.name = name;
    input.value = option.value;
    input.required = Boolean(question.required);
    return input;
  });
  const rows = options.map((option, at) =>
    el(
      'label',
      'jp-Codex-option',
      inputs[at],
      el('span', '', visible(option.label)),
      option.description && el('span', 'jp-Codex-muted', visible(option.description)),
      option.beside
    )
  );
  return {
    node: el('fieldset', 'jp-Codex-field', ...rows),
    pick: at => (inputs[at].checked = true),
    value: () => {
      const picked = inputs.find(input => input.checked);
      return picked
        ? [picked.value]
        : question.required && !inputs[0]?.reportValidity()
          ? null
          : [];
    }
  };
}
