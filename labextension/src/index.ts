/** The plugins of the labextension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { core } from './plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [core];

export default plugins;
