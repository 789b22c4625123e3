/** What every part of a view is given. */

import type { IEntry, IHost } from '../contracts';

export interface IContext {
  readonly host: IHost;
  /** The working directory of the turn, when it is known. */
  cwd(): string | null;
  /** An item of the turn by its id. */
  item(id: string): IEntry | undefined;
}

/** The picture of one entry. It keeps what it has drawn and draws what came on top. */
export interface IEntryView {
  readonly node: HTMLElement;
  update(entry: IEntry): void;
}

export type EntryMaker = (context: IContext) => IEntryView;

/** The view of an entry that is drawn anew whenever it changes: for short ones. */
export function redrawn(
  className: string,
  draw: (entry: IEntry, context: IContext) => (Node | string)[]
): EntryMaker {
  return context => {
    const node = document.createElement('div');
    node.className = className;
    return {
      node,
      update: entry => {
        const drawn = draw(entry, context);
        node.hidden = drawn.length === 0;
        node.replaceChildren(...drawn);
      }
    };
  };
}

/** A path as it is shown: relative to the working directory when it is below it. */
export function shownPath(path: string, cwd: string | null): string {
  const root = cwd && cwd.endsWith('/') ? cwd.slice(0, -1) : cwd;
  return root && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}
