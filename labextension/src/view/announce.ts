/** What a screen reader is told of a turn: how it stands and what was said, never each word as it comes. */

import type { IPicture } from '../contracts';
import { el } from './dom';
import { oneLine } from './plain';
import { stateWord, type Trans } from './words';

const MESSAGE_CHARACTERS = 400;
const MOST_LINES = 5;

export class Announcer {
  readonly node = el('div', 'jp-Codex-announcer');

  constructor(private _trans: Trans) {
    this.node.setAttribute('role', 'log');
    this.node.setAttribute('aria-live', 'polite');
  }

  /** Tells what is new in a picture since the last one; nothing of the first. */
  follow(picture: IPicture): void {
    const state = stateWord(picture.state, this._trans);
    const said = picture.items.filter(
      item => item.type === 'message' && item.status === 'completed'
    );
    if (this._state !== null) {
      said
        .filter(item => !this._said.has(item.id))
        .forEach(item => this.say(oneLine(item.text ?? '', MESSAGE_CHARACTERS)));
      if (state !== this._state) {
        this.say(this._trans.__('Codex: %1', state));
      }
    }
    this._state = state;
    said.forEach(item => this._said.add(item.id));
  }

  say(message: string): void {
    if (message) {
      this.node.append(el('div', '', message));
      Array.from(this.node.children)
        .slice(0, -MOST_LINES)
        .forEach(line => line.remove());
    }
  }

  private _state: string | null = null;
  private _said = new Set<string>();
}
