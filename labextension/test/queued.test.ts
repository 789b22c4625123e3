import type { CodeCell } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import { afterEach, expect, it } from 'vitest';

import { blankPicture } from '../src/picture';
import { QueuedTurns } from '../src/queued';
import { SavedSource } from '../src/sources';
import { Server, trans, turn, until } from './panel/server';

let server: Server;

afterEach(() => server.codex.feed.dispose());

/** A cell as JupyterLab makes it: without an output area until it comes into sight. */
function cellOf(id: string) {
  const seen = new PromiseDelegate<void>();
  const outputs = { length: 0, changed: new Signal<object, void>({}) };
  const cell = {
    model: { type: 'code', outputs, sharedModel: { getId: () => id } },
    isDisposed: false,
    ready: seen.promise,
    outputArea: null as { layout: PanelLayout } | null
  };
  const show = (): void => {
    const area = new Widget();
    area.layout = new PanelLayout();
    cell.outputArea = { layout: area.layout as PanelLayout };
    seen.resolve();
  };
  return { cell: cell as unknown as CodeCell, show };
}

function open(...cells: CodeCell[]) {
  const panel = {
    context: { path: 'a.ipynb', ready: Promise.resolve() },
    content: { widgets: cells }
  } as unknown as NotebookPanel;
  const panels: NotebookPanel[] = [];
  const widgetAdded = new Signal<object, NotebookPanel>({});
  server = new Server({});
  Object.assign(server.codex, {
    source: () => new SavedSource({ ...blankPicture(), state: 'queued' }),
    host: () => ({ trans, actions: null, opener: () => null, enterSteers: true })
  });
  const find = (test: (panel: NotebookPanel) => boolean) => panels.find(test);
  new QueuedTurns(server.codex, { find, widgetAdded } as unknown as INotebookTracker);
  const add = (): void => {
    panels.push(panel);
    widgetAdded.emit(panel);
  };
  return add;
}

const shown = (cell: CodeCell): number => cell.outputArea?.layout.widgets.length ?? 0;

it('draws a waiting turn when its cell comes into sight, and others meanwhile', async () => {
  const [far, near] = [cellOf('far'), cellOf('near')];
  open(far.cell, near.cell)();
  near.show();
  const turns = ['far', 'near'].map(id => turn(id, { cell_id: id, state: 'queued' }));
  server.say({ type: 'state', cursor: 1, turns, approvals: [] });
  await until(() => shown(near.cell) === 1);
  expect(shown(far.cell)).toBe(0);
  far.show();
  await until(() => shown(far.cell) === 1);
  server.say({ type: 'turn', cursor: 2, ...turn('far', { cell_id: 'far' }) });
  expect(shown(far.cell)).toBe(0);
});

it('draws the turns that waited before their notebook was opened', async () => {
  const { cell, show } = cellOf('c');
  const add = open(cell);
  show();
  server.say({ type: 'state', cursor: 1, turns: [turn('1', { state: 'queued' })], approvals: [] });
  add();
  await until(() => shown(cell) === 1);
});
