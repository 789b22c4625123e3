/** The dialog with every setting of a notebook's Codex: those to change, and those it reports. */

import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import type { INotebookWishes } from '../api';
import { Models } from './models';
import type { NotebookState } from './notebook';
import { Reported } from './reported';
import { isMeant, launch, tell } from './telling';
import { FULL_ACCESS, NAMES, settingLabel, type IChoice, type Name } from './words';

/** What the user made of the settings; what was not touched is left out. */
export interface IEdited {
  wishes: INotebookWishes;
  isKept: boolean;
}

/** Show the settings and take over what the user changed. */
export async function editSettings(state: NotebookState): Promise<void> {
  const { trans } = state.codex;
  await state.refresh();
  const { button, value } = await launch<IEdited>({
    title: trans.__('Codex in %1', state.path.split('/').at(-1)),
    body: new SettingsBody(state),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Use from the next turn on') })
    ]
  });
  if (!button.accept || value === null) {
    return;
  }
  const { wishes, isKept } = value;
  if (wishes.sandbox === FULL_ACCESS && !(await isMeant(trans))) {
    return;
  }
  const isDone = Object.keys(wishes).length === 0 || tell(await state.choose(wishes));
  if (isDone && isKept !== state.isKept) {
    state.keep(isKept);
  }
}

class SettingsBody extends ReactWidget implements Dialog.IBodyWidget<IEdited> {
  private _edited: IEdited;

  constructor(private readonly _state: NotebookState) {
    super();
    this.addClass('jp-CodexSettings');
    this._edited = { wishes: {}, isKept: _state.isKept };
  }

  getValue(): IEdited {
    return this._edited;
  }

  protected render(): React.ReactElement {
    return <SettingsForm state={this._state} onEdit={edited => (this._edited = edited)} />;
  }
}

interface IFormProps {
  state: NotebookState;
  onEdit(edited: IEdited): void;
}

/** The form; a field that is emptied takes the wish back. */
export function SettingsForm({ state, onEdit }: IFormProps): React.ReactElement {
  const { trans } = state.codex;
  const [edited, setEdited] = React.useState<IEdited>({ wishes: {}, isKept: state.isKept });
  const change = (more: Partial<IEdited>): void => {
    const next = { ...edited, ...more };
    setEdited(next);
    onEdit(next);
  };
  const wish = (wishes: INotebookWishes): void =>
    change({ wishes: { ...edited.wishes, ...wishes } });
  const settings = state.notebook?.settings ?? {};
  const env = (settings.env as string[] | undefined) ?? [];
  return (
    <div className="jp-CodexSettings-body">
      {NAMES.map(name => (
        <Choice
          key={name}
          state={state}
          name={name}
          value={(edited.wishes[name] ?? (name in edited.wishes ? null : settings[name])) as string}
          onChoose={value => wish({ [name]: value } as INotebookWishes)}
        />
      ))}
      <Line
        label={trans.__('Working folder')}
        hint={trans.__('From the notebook’s folder; empty: that folder')}
        value={String(settings.cwd ?? '')}
        onChange={text => wish({ cwd: text || null })}
      />
      <Line
        label={trans.__('Variables')}
        hint={trans.__('Names with commas; values come from the kernel’s environment')}
        value={env.join(', ')}
        onChange={text => wish({ env: names(text) })}
      />
      <label className="jp-CodexSettings-kept">
        <input
          type="checkbox"
          checked={edited.isKept}
          onChange={event => change({ isKept: event.target.checked })}
        />
        {trans.__('Keep model, effort, sandbox and approvals in the notebook file')}
        <span className="jp-CodexSettings-hint">
          {trans.__(
            'Whoever gets the notebook works alike; a wider sandbox than their own is asked for first.'
          )}
        </span>
      </label>
      <Reported state={state} />
    </div>
  );
}

interface IChoiceProps {
  state: NotebookState;
  name: Name;
  value: string | null | undefined;
  onChoose(value: string | null): void;
}

function Choice({ state, name, value, onChoose }: IChoiceProps): React.ReactElement {
  const { trans } = state.codex;
  const [choices, setChoices] = React.useState<IChoice[]>([]);
  React.useEffect(() => {
    let isWanted = true;
    const keep = (found: IChoice[]): void => {
      if (isWanted) {
        setChoices(found);
      }
    };
    Promise.resolve(Models.of(state.codex.api).choices(state, name)).then(keep, () => keep([]));
    return () => void (isWanted = false);
  }, [state, name]);
  const own = state.notebook?.defaults[name];
  const isListed = !value || choices.some(choice => choice.value === value);
  const chosen = choices.find(choice => choice.value === value);
  return (
    <label className="jp-CodexSettings-line">
      <span>{settingLabel(name, trans)}</span>
      <select
        className={`jp-mod-styled${chosen?.isDangerous ? ' jp-mod-danger' : ''}`}
        value={value ?? ''}
        onChange={event => onChoose(event.target.value || null)}
      >
        <option value="">
          {own ? trans.__('My own setting: %1', own) : trans.__('As Codex chooses')}
        </option>
        {!isListed && <option value={value!}>{value}</option>}
        {choices.map(choice => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <span className="jp-CodexSettings-hint">{chosen?.about}</span>
    </label>
  );
}

interface ILineProps {
  label: string;
  hint: string;
  value: string;
  onChange(text: string): void;
}

function Line({ label, hint, value, onChange }: ILineProps): React.ReactElement {
  return (
    <label className="jp-CodexSettings-line">
      <span>{label}</span>
      <input
        type="text"
        className="jp-mod-styled"
        defaultValue={value}
        spellCheck={false}
        onChange={event => onChange(event.target.value.trim())}
      />
      <span className="jp-CodexSettings-hint">{hint}</span>
    </label>
  );
}

function names(text: string): string[] | null {
  const found = text.split(/[\s,]+/).filter(Boolean);
  return found.length ? found : null;
}
