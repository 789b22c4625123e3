import { expect, it } from 'vitest';

import { MIME } from '../src/contracts';

it('names the MIME type that the kernel sends', () => {
  expect(MIME).toBe('application/vnd.codex.turn.v1+json');
});
