/** Images: bitmaps that came with the turn and files of the workspace. Nothing is loaded from elsewhere. */

import type { IContext } from './context';
import { el } from './dom';
import { link, webAddress } from './links';
import { visible } from './plain';

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** How the base64 of each kind begins. */
const KINDS: { [start: string]: string } = {
  iVBORw0KGgo: 'png',
  '/9j/': 'jpeg',
  R0lGODdh: 'gif',
  R0lGODlh: 'gif',
  UklGR: 'webp'
};

/** Base64 or a `data:` address as an address of a PNG, JPEG, GIF or WebP; `null` for all else. */
export function bitmap(data: unknown): string | null {
  if (typeof data !== 'string') {
    return null;
  }
  const text = (data.startsWith('data:') ? data.slice(data.indexOf(',') + 1) : data).trim();
  const start = Object.keys(KINDS).find(key => text.startsWith(key));
  return start && BASE64.test(text) ? `data:image/${KINDS[start]};base64,${text}` : null;
}

export function image(source: string, label: string): HTMLImageElement {
  const made = el('img', 'jp-Codex-image');
  made.alt = visible(label);
  made.src = source;
  return made;
}

/** An image of Markdown: drawn when it is at hand, a link when it is on the web. */
export function picture(href: string, label: string, context: IContext): HTMLElement {
  const { host } = context;
  const data = href.startsWith('data:') ? bitmap(href) : null;
  if (data) {
    return image(data, label);
  }
  const words = host.trans.__('Image: %1', visible(label || href));
  if (webAddress(href) || /^(\/\/|[a-z][a-z0-9+.-]*:)/i.test(href)) {
    return link(href, [document.createTextNode(words)], context);
  }
  return fileImage(href, label || href, context);
}

/** An image file of the workspace; its name stands there until the host knows where it is. */
export function fileImage(path: string, label: string, context: IContext): HTMLElement {
  const made = el(
    'span',
    'jp-Codex-figure',
    link(path, [document.createTextNode(visible(label))], context)
  );
  context.host.fileUrl(path).then(
    url => url && made.replaceChildren(image(url, label)),
    () => undefined // The name stays.
  );
  return made;
}
