/** Elements, made without HTML: what goes in is text or a node. */

import { printable } from './plain';

export type Child = Node | string | null | undefined | false;

/** An element with a class and children; strings become text, what is empty is left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) {
    made.className = className;
  }
  made.append(...children.filter((child): child is Node | string => Boolean(child)));
  return made;
}

/** Elements and texts in a row, for `replaceChildren`. */
export function kept(...children: Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => Boolean(child));
}

/** What we or Codex say about a turn; commands stand in backquotes and become code. */
export function sentence(text: string): Node[] {
  const parts = printable(text).split(/`([^`\n]+)`/);
  return parts.map((part, at) => (at % 2 ? el('code', '', part) : document.createTextNode(part)));
}

export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  const made = el('button', `jp-Codex-button ${className}`.trim(), label);
  made.type = 'button';
  made.addEventListener('click', event => {
    event.preventDefault();
    event.stopPropagation();
    onClick();
  });
  return made;
}

/** A fold whose content is made when it is opened for the first time. */
export function fold(
  summary: Child[],
  isOpen: boolean,
  content: () => Child[]
): HTMLDetailsElement {
  const head = el('summary', 'jp-Codex-summary', ...summary);
  const made = el('details', 'jp-Codex-fold', head);
  let isFilled = false;
  const fill = (): void => {
    if (!isFilled) {
      isFilled = true;
      made.append(...kept(...content()));
    }
  };
  made.addEventListener('toggle', () => made.open && fill());
  if (isOpen) {
    made.open = true;
    fill();
  }
  return made;
}

/** Sets a text only where it differs, so that nothing is laid out or announced again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** A button that copies; it says for a moment that it did. */
export function copyButton(
  label: string,
  done: string,
  text: () => string,
  className = ''
): HTMLButtonElement {
  const made = button(label, `jp-Codex-quiet ${className}`.trim(), () => {
    const copied = navigator.clipboard?.writeText(text()) ?? Promise.reject(new Error(label));
    copied.then(
      () => {
        made.textContent = done;
        setTimeout(() => (made.textContent = label), 1500);
      },
      () => selectText(made)
    );
  });
  return made;
}

/** Where the clipboard is not to be had, the text is selected, to be copied by hand. */
function selectText(beside: HTMLElement): void {
  const text = beside.closest('.jp-Codex-copies')?.querySelector('pre, .jp-Codex-markdown');
  if (text) {
    window.getSelection()?.selectAllChildren(text);
  }
}
