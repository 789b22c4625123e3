/** The plugins of the labextension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { panel } from './panel';
import { activity, core } from './plugin';
import { session } from './session';

const plugins: JupyterFrontEndPlugin<unknown>[] = [core, activity, session, panel];

export default plugins;
