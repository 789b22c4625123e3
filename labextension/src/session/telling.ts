/** Dialogs that tell what was not done, and that ask before there is no sandbox. */

import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';

import type { IOutcome, ITranslation } from '../contracts';

/** Says what was not done, and what to do about it; whether it was done. */
export function tell(outcome: IOutcome): boolean {
  if (!outcome.ok) {
    void showErrorMessage(outcome.message ?? '', outcome.nextStep || (outcome.message ?? ''));
  }
  return outcome.ok;
}

/** A dialog of ours: as high as the page allows. */
export function launch<T>(options: Partial<Dialog.IOptions<T>>): Promise<Dialog.IResult<T>> {
  const dialog = new Dialog<T>(options);
  dialog.addClass('jp-CodexDialog');
  return dialog.launch();
}

/** No sandbox is asked for twice. */
export async function isMeant(trans: ITranslation): Promise<boolean> {
  const { button } = await showDialog({
    title: trans.__('Let Codex work without a sandbox?'),
    body: trans.__(
      'From the next turn on every command of this notebook’s Codex can do whatever you can do: read and write all of your files, and use the network.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep the sandbox') }),
      Dialog.warnButton({ label: trans.__('No sandbox') })
    ],
    defaultButton: 0
  });
  return button.accept;
}
