/** The plugins of the labextension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { documents } from './documents';
import { panel } from './panel';
import { activity, core } from './plugin';
import { prompt } from './prompt';
import { restore } from './restore';
import { session } from './session';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  core,
  activity,
  session,
  panel,
  restore,
  documents,
  prompt
];

export default plugins;
