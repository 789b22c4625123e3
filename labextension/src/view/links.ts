/** Where a link of an agent may lead: the web and mail in a new tab, files of the workspace in Lab. */

import type { IContext } from './context';
import { el } from './dom';
import { visible } from './plain';

const WEB = new Set(['http:', 'https:', 'mailto:']);
const PLACE = /^(.+?)(?::(\d{1,9})(?::\d{1,9})?|#L(\d{1,9})(?:-L?\d{1,9})?)?$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d)/i;
/** Names in code that are files, not attributes: with a folder, a line or an ending one knows. */
const FILE =
  /^(?=.*\/|.*:\d|.*\.(?:py|ipynb|md|txt|csv|tsv|json|ya?ml|toml|[jt]sx?|css|html|rs|go|java|cc?|cpp|hh?|hpp|rb|sh|sql|r|jl|ini|cfg|png|jpe?g|svg|pdf)$)[\w.@~+/-]*\.\w{1,10}(?::\d{1,9}){0,2}$/i;

/** The address of a link that leads to the web or writes a mail; `null` for every other. */
export function webAddress(href: string): string | null {
  try {
    const url = new URL(href.trim());
    return WEB.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link, or its text alone where it leads nowhere one may go. */
export function link(href: string, children: Node[], context: IContext): HTMLElement {
  const address = webAddress(href);
  if (address !== null) {
    return webLink(address, children);
  }
  return fileLink(href, children, context) ?? el('span', 'jp-Codex-nolink', ...children);
}

/** Code, as a link where it names a file of the workspace. */
export function codeOrFile(text: string, context: IContext): HTMLElement {
  const code = el('code', '', visible(text));
  return (FILE.test(text) && fileLink(text, [code], context)) || code;
}

/** A path in which nothing hides, whichever way its letters run. */
export function pathName(path: string): HTMLElement {
  return el('code', 'jp-Codex-path', el('bdi', '', visible(path)));
}

/** A path that opens its file where the host can. */
export function path(name: string, context: IContext, line?: number): HTMLElement {
  const shown = pathName(name);
  const open = context.host.opener(name, line);
  return open ? opening(open, [shown]) : shown;
}

function webLink(address: string, children: Node[]): HTMLElement {
  const made = el('a', 'jp-Codex-link', ...children);
  made.href = address;
  made.target = '_blank';
  made.rel = 'noopener noreferrer';
  made.title = visible(address);
  const text = (made.textContent ?? '').trim();
  const named = webAddress(text) ?? webAddress(`https://${text}`);
  const goal = new URL(address).host;
  // A text that looks like another address does not get to hide the real one.
  if (named && /^(https?:\/\/|www\.)|^[\w-]+(\.[\w-]+)+(\/|$)/.test(text)) {
    if (new URL(named).host !== goal) {
      return el('span', '', made, el('span', 'jp-Codex-muted', ` (${visible(goal)})`));
    }
  }
  return made;
}

function fileLink(href: string, children: Node[], context: IContext): HTMLElement | null {
  if (SCHEME.test(href) || href.startsWith('//') || href.startsWith('#')) {
    return null;
  }
  const [, name, colon, hash] = PLACE.exec(decoded(href)) ?? [];
  const line = Number(colon ?? hash) || undefined;
  const open = name ? context.host.opener(name, line) : null;
  return open ? opening(open, children, visible(href)) : null;
}

function opening(open: () => void, children: Node[], title = ''): HTMLElement {
  const made = el('button', 'jp-Codex-link', ...children);
  made.type = 'button';
  made.title = title;
  made.addEventListener('click', event => {
    event.preventDefault();
    open();
  });
  return made;
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
