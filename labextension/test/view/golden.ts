/** The pictures of turns that Python draws, as it keeps them for its own tests. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { IPicture } from '../../src/contracts';

const FOLDER = join(__dirname, '../../../tests/render/golden');

export function golden(name: string): IPicture {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf-8'));
}
