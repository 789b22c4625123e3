import type { NotebookPanel } from '@jupyterlab/notebook';
import { expect, it } from 'vitest';

import { isOfCodex } from '../src/kernel';

function panelOf(kernel: string | null, metadata: object): NotebookPanel {
  const kernelspecs = { 'codex-311': { language: 'codex' }, python3: { language: 'python' } };
  return {
    model: { getMetadata: () => metadata },
    sessionContext: {
      session: kernel === null ? null : { kernel: { name: kernel } },
      specsManager: { specs: { kernelspecs } },
      kernelPreference: { name: kernel }
    }
  } as unknown as NotebookPanel;
}

it('takes cells for prompts by the language of their kernel, whatever its name', () => {
  expect(isOfCodex(panelOf('codex-311', {}))).toBe(true);
  expect(isOfCodex(panelOf('python3', { language: 'codex' }))).toBe(false);
});

it('goes by what the notebook says while no kernel runs', () => {
  expect(isOfCodex(panelOf(null, { name: 'codex-311', language: 'codex' }))).toBe(true);
  expect(isOfCodex(panelOf(null, { name: 'python3', language: 'python' }))).toBe(false);
});
