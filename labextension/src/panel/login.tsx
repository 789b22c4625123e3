/**
 * Logging in: by a code that the user enters on OpenAI's page, or by an API key, which goes to
 * Codex and is kept by nobody else.
 */

import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IAccount, ILogin } from '../api';
import type { ITranslation } from '../contracts';
import { Note, Tool } from './parts';
import type { IPanel } from './tools';

interface ILoginProps {
  panel: IPanel;
  account: IAccount;
  onCode(): Promise<void>;
  onKey(key: string): Promise<void>;
  onCancel(): Promise<void>;
}

export function Login(props: ILoginProps): React.ReactElement {
  const { panel, account, onCode, onKey, onCancel } = props;
  const { trans } = panel.codex;
  const [isBusy, setBusy] = React.useState(false);
  const during = async (doing: Promise<void>): Promise<void> => {
    setBusy(true);
    await doing;
    setBusy(false);
  };
  if (account.login?.state === 'waiting') {
    return <Code login={account.login} trans={trans} onCancel={onCancel} />;
  }
  const { login } = account;
  return (
    <>
      <Note>
        {account.needs_login
          ? trans.__('Codex needs an account to work.')
          : trans.__('No account is used: the configured model needs none.')}
      </Note>
      {login?.state === 'failed' && (
        <p className="jp-CodexPanel-problem" role="alert">
          {trans.__('The login failed. %1', login.problem ?? '')}
        </p>
      )}
      <button
        type="button"
        className="jp-mod-styled jp-CodexPanel-wide"
        disabled={isBusy}
        onClick={() => void during(onCode())}
      >
        {trans.__('Log in with ChatGPT')}
      </button>
      <Key trans={trans} isBusy={isBusy} onKey={key => during(onKey(key))} />
    </>
  );
}

function Key(props: { trans: ITranslation; isBusy: boolean; onKey(key: string): Promise<void> }) {
  const { trans, isBusy, onKey } = props;
  const field = React.useRef<HTMLInputElement>(null);
  const send = (event: React.FormEvent): void => {
    event.preventDefault();
    // The key is in the field and nowhere else, and leaves it when it is sent.
    const key = field.current?.value.trim() ?? '';
    if (key && field.current) {
      field.current.value = '';
      void onKey(key);
    }
  };
  return (
    <form className="jp-CodexPanel-key" onSubmit={send} autoComplete="off">
      <input
        ref={field}
        type="password"
        className="jp-mod-styled"
        placeholder={trans.__('or an API key')}
        aria-label={trans.__('API key')}
        autoComplete="off"
        spellCheck={false}
      />
      <button type="submit" className="jp-mod-styled" disabled={isBusy}>
        {trans.__('Use')}
      </button>
      <span className="jp-CodexPanel-about">
        {trans.__('The key goes to Codex; nothing here keeps it.')}
      </span>
    </form>
  );
}

interface ICodeProps {
  login: ILogin;
  trans: ITranslation;
  onCancel(): Promise<void>;
}

function Code({ login, trans, onCancel }: ICodeProps): React.ReactElement {
  return (
    <div className="jp-CodexPanel-code" role="status">
      <p>
        {trans.__('Enter this code at')}{' '}
        <a href={safe(login.url)} target="_blank" rel="noopener noreferrer">
          {login.url}
        </a>
      </p>
      <p>
        <code>{login.code}</code>
        <Tool
          icon={copyIcon}
          label={trans.__('Copy the code')}
          onClick={() => void navigator.clipboard?.writeText(login.code)}
        />
      </p>
      <Note>{trans.__('Enter it only if you began this login. Waiting…')}</Note>
      <button
        type="button"
        className="jp-mod-styled jp-CodexPanel-wide"
        onClick={() => void onCancel()}
      >
        {trans.__('Cancel')}
      </button>
    </div>
  );
}

/** Only a page of the web can be gone to. */
function safe(url: string): string | undefined {
  return /^https?:\/\//i.test(url) ? url : undefined;
}
