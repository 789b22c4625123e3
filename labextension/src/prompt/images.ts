/**
 * Images that are pasted or dropped into a prompt: saved beside the notebook, in `NAME.assets`,
 * and mentioned where the cursor is. One that no cell mentions any more goes when the notebook is
 * closed, not before: until then undo may bring its mention back.
 */

import type { Cell } from '@jupyterlab/cells';
import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

import { isOfCodex } from '../kernel';

/** What Codex takes as an image, as `codex_kernel/cell/text.py` has it. */
const EXTENSIONS: { [type: string]: string } = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp'
};
const NAME = /pasted-[0-9a-z]+-[0-9a-z]+\.(?:png|jpg|gif|webp)/g;

/** The images of one notebook's prompts. */
export class PromptImages {
  private readonly _ended = new AbortController();
  /** What the cells mentioned when the notebook was opened or saved. */
  private _mentioned = new Set<string>();
  private _folder = '';
  private _mayBeLeft = false;

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _contents: Contents.IManager,
    private readonly _onProblem: (message: string) => void
  ) {
    const { signal } = this._ended;
    const { node } = _panel.content;
    const options = { signal, capture: true };
    node.addEventListener('paste', event => this._take(event, event.clipboardData), options);
    node.addEventListener('drop', event => this._take(event, event.dataTransfer), options);
    void _panel.context.ready.then(() => this._read());
    _panel.context.saveState.connect((_, state) => state === 'completed' && this._read());
    _panel.disposed.connect(() => {
      this._ended.abort();
      void this._clean();
    });
  }

  private _take(event: Event, data: DataTransfer | null): void {
    const images = [...(data?.files ?? [])].filter(file => file.type in EXTENSIONS);
    const cell = images.length > 0 ? this._promptAt(event.target) : null;
    if (cell) {
      // Not the editor's: it would insert the bytes of a file as text.
      event.preventDefault();
      event.stopPropagation();
      void this._insert(cell, images);
    }
  }

  /** The prompt in whose editor something happens. */
  private _promptAt(target: EventTarget | null): Cell | null {
    const isEditor = target instanceof Element && target.closest('.jp-InputArea-editor') !== null;
    if (!isEditor || !isOfCodex(this._panel)) {
      return null;
    }
    const cell = this._panel.content.widgets.find(each => each.node.contains(target));
    return cell?.model.type === 'code' && !cell.readOnly ? cell : null;
  }

  private async _insert(cell: Cell, images: File[]): Promise<void> {
    for (const image of images) {
      try {
        const path = await this._save(image);
        cell.editor?.replaceSelection?.(`${mention(path)} `);
      } catch (error) {
        this._onProblem(String(error));
      }
    }
  }

  /** Save an image; its path is relative to the notebook's folder. */
  private async _save(image: File): Promise<string> {
    const { path } = this._panel.context;
    const folder = `${PathExt.basename(path, '.ipynb')}.assets`;
    const where = PathExt.join(PathExt.dirname(path), folder);
    this._folder = where;
    this._mayBeLeft = true;
    const stamp = Date.now().toString(36);
    const chance = Math.floor(Math.random() * 36 ** 4).toString(36);
    const name = `pasted-${stamp}-${chance}.${EXTENSIONS[image.type]}`;
    // A folder that is there stays as it is.
    await this._contents.save(where, { type: 'directory' });
    const content = await base64(image);
    await this._contents.save(PathExt.join(where, name), {
      type: 'file',
      format: 'base64',
      content
    });
    return `${folder}/${name}`;
  }

  private _read(): void {
    const { path } = this._panel.context;
    const cells = [...(this._panel.content.model?.cells ?? [])];
    const sources = cells.map(cell => cell.sharedModel.getSource()).join('\n');
    const before = this._mentioned;
    this._mentioned = new Set(sources.match(NAME) ?? []);
    this._folder = PathExt.join(
      PathExt.dirname(path),
      `${PathExt.basename(path, '.ipynb')}.assets`
    );
    this._mayBeLeft ||= [...before].some(name => !this._mentioned.has(name));
  }

  private async _clean(): Promise<void> {
    if (!this._mayBeLeft) {
      return;
    }
    const found = await this._contents.get(this._folder, { content: true }).catch(() => null);
    const files = (found?.content ?? []) as Contents.IModel[];
    const left = files.filter(file => isOurs(file.name) && !this._mentioned.has(file.name));
    await Promise.allSettled(left.map(file => this._contents.delete(file.path)));
    if (found && left.length === files.length) {
      // A server may refuse to delete a folder, or somebody has put a file there.
      await this._contents.delete(this._folder).catch(() => undefined);
    }
  }
}

function isOurs(name: string): boolean {
  return name.match(NAME)?.[0] === name;
}

function mention(path: string): string {
  return /[\s"']/.test(path) ? `@"${path}"` : `@${path}`;
}

async function base64(image: File): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error('The image cannot be read.'));
    reader.readAsDataURL(image);
  });
  return url.slice(url.indexOf(',') + 1);
}
