/** The plugins of the labextension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { activity, core } from './plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [core, activity];

export default plugins;
