/** The plugins of the labextension. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  {
    id: 'codex-kernel-labextension:plugin',
    description: 'Codex in notebooks',
    autoStart: true,
    activate: (app: JupyterFrontEnd) => undefined
  }
];

export default plugins;
