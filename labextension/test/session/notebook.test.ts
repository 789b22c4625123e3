import { Signal } from '@lumino/signaling';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { expect, it } from 'vitest';

import { NotebookState } from '../../src/session/notebook';
import { ago, isWider, sessionTitle, short } from '../../src/session/words';
import { Server, session, trans, until } from '../panel/server';

/** A notebook panel as far as a state looks at it. */
function panelOf(metadata: { [key: string]: unknown }): NotebookPanel {
  const owner = {};
  const signal = (): Signal<object, void> => new Signal(owner);
  return {
    model: {
      getMetadata: (key: string) => metadata[key],
      setMetadata: (key: string, value: unknown) => (metadata[key] = value),
      deleteMetadata: (key: string) => delete metadata[key],
      metadataChanged: signal()
    },
    context: { localPath: 'a.ipynb', pathChanged: signal(), ready: Promise.resolve() },
    sessionContext: {
      session: null,
      specsManager: { specs: null, specsChanged: signal() },
      kernelChanged: signal()
    }
  } as unknown as NotebookPanel;
}

const CODEX = { kernelspec: { name: 'codex', language: 'codex' } };
const DEFAULTS = {
  model: null,
  effort: null,
  sandbox: 'workspace-write',
  approval_policy: 'on-request'
};

function server(settings: object, last: object | null = null): Server {
  const notebook = {
    path: 'a.ipynb',
    notebook: '/w/a.ipynb',
    session_id: 's',
    settings,
    defaults: DEFAULTS,
    last_turn: last && { turn_id: '1', state: 'completed', settings: last, usage: null }
  };
  return new Server({
    'GET notebooks': () => notebook,
    'GET sessions/s': () => session('s'),
    'PATCH notebooks': body => ({ ...notebook, settings: { ...settings, ...body } })
  });
}

async function stateOf(found: Server, metadata: object): Promise<NotebookState> {
  const state = new NotebookState(found.codex, panelOf({ ...metadata }));
  await until(() => state.notebook !== null);
  found.codex.feed.dispose();
  return state;
}

it('tells what the next turn gets from what the last one reported', async () => {
  const state = await stateOf(server({ model: 'b' }, { model: 'a', sandbox: 'workspace-write' }), CODEX); // prettier-ignore
  expect(state.value('model')).toEqual({
    next: 'b',
    reported: 'a',
    isPending: true,
    refused: null
  });
  expect(state.value('sandbox').isPending).toBe(false);
  expect(state.value('effort')).toEqual({
    next: null,
    reported: null,
    isPending: false,
    refused: null
  });
});

it('does not take a wider sandbox from a file, only from the user', async () => {
  const metadata = { ...CODEX, codex: { sandbox: 'danger-full-access', model: 'm' } };
  const state = await stateOf(server({}), metadata);
  expect(state.value('model').next).toBe('m');
  expect(state.value('sandbox')).toMatchObject({
    next: 'workspace-write',
    refused: 'danger-full-access'
  });
  await state.choose({ sandbox: 'danger-full-access' });
  expect(state.value('sandbox')).toMatchObject({ next: 'danger-full-access', refused: null });
});

it('keeps settings in the file when asked to, from then on', async () => {
  const state = await stateOf(server({ effort: 'high' }), CODEX);
  expect(state.isKept).toBe(false);
  state.keep(true);
  expect(state.carried).toEqual({
    effort: 'high',
    sandbox: 'workspace-write',
    approval_policy: 'on-request'
  });
  await state.choose({ model: 'm', sandbox: 'read-only' });
  expect(state.carried).toMatchObject({ model: 'm', sandbox: 'read-only' });
  state.keep(false);
  expect(state.isKept).toBe(false);
});

it('asks nothing about notebooks of other kernels', async () => {
  const found = server({});
  const state = new NotebookState(found.codex, panelOf({ kernelspec: { name: 'python3' } }));
  await state.refresh();
  expect(state.isCodex).toBe(false);
  expect(found.asked).toEqual([]);
  found.codex.feed.dispose();
});

it('says what a server refuses', async () => {
  const found = server({});
  const state = await stateOf(found, CODEX);
  delete found.routes['PATCH notebooks'];
  expect(await state.choose({ model: 'x' })).toMatchObject({
    ok: false,
    message: 'No PATCH notebooks'
  });
});

it('knows the wider of two settings', () => {
  expect(isWider('sandbox', 'danger-full-access', 'workspace-write')).toBe(true);
  expect(isWider('sandbox', 'read-only', 'workspace-write')).toBe(false);
  expect(isWider('approval_policy', 'never', 'on-request')).toBe(true);
  expect(isWider('model', 'b', 'a')).toBe(false);
});

it('names sessions, moments and counts briefly', () => {
  expect(sessionTitle({ session_id: '0123456789', preview: ' Sum \n up ' }, trans)).toBe('Sum up');
  expect(sessionTitle({ session_id: '0123456789' }, trans)).toBe('Session 23456789');
  expect(ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:10:00Z'))).toContain('2');
  expect(short(1234)).toBe('1.2K');
});
