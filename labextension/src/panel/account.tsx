/** The account that Codex uses, what is left of its limits, and logging in and out. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IAccount } from '../api';
import type { ITranslation, Json } from '../contracts';
import { Login } from './login';
import { Note, Section, Tool } from './parts';
import type { IPanel } from './tools';

/** While a code waits to be entered on another page, nothing tells when it is. */
const WAITING_MS = 2000;

export function Account({ panel }: { panel: IPanel }): React.ReactElement {
  const { api, trans } = panel.codex;
  const [account, setAccount] = React.useState<IAccount | null>(null);
  const [problem, setProblem] = React.useState('');
  const [isOpen, setOpen] = React.useState(false);
  const take = (doing: Promise<IAccount>): Promise<void> =>
    doing.then(
      found => {
        setAccount(found);
        setProblem('');
      },
      failure => setProblem([failure.message, failure.nextStep].filter(Boolean).join(' '))
    );
  const isWaiting = account?.login?.state === 'waiting';
  React.useEffect(() => {
    if (isOpen && account === null) {
      void take(api.account());
    }
  }, [isOpen]);
  React.useEffect(() => {
    if (!isWaiting || !isOpen) {
      return;
    }
    const timer = window.setInterval(() => void take(api.account()), WAITING_MS);
    return () => window.clearInterval(timer);
  }, [isWaiting, isOpen]);
  return (
    <Section
      title={trans.__('Account')}
      isOpen={isOpen}
      onToggle={setOpen}
      tools={
        isOpen && (
          <Tool
            icon={refreshIcon}
            label={trans.__('Look again')}
            onClick={() => void take(api.account())}
          />
        )
      }
    >
      {problem && (
        <p className="jp-CodexPanel-problem" role="alert">
          {problem}
        </p>
      )}
      {account === null && !problem && <Note>{trans.__('Asking Codex…')}</Note>}
      {account?.account && (
        <LoggedIn account={account} trans={trans} onLogout={() => void logout()} />
      )}
      {account && !account.account && (
        <Login
          panel={panel}
          account={account}
          onCode={() => take(api.login())}
          onKey={key => take(api.login(key))}
          onCancel={() => take(api.cancelLogin())}
        />
      )}
    </Section>
  );

  async function logout(): Promise<void> {
    const { button } = await showDialog({
      title: trans.__('Log out of Codex?'),
      body: trans.__(
        'Codex forgets the account on this machine, also in terminals and editors. Kernels that run notice it before their next turn.'
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Log out') })
      ]
    });
    if (button.accept) {
      await take(api.logout());
    }
  }
}

interface ILoggedInProps {
  account: IAccount;
  trans: ITranslation;
  onLogout(): void;
}

function LoggedIn({ account, trans, onLogout }: ILoggedInProps): React.ReactElement {
  const { type, email, plan_type } = account.account as { [field: string]: string };
  const isKey = type === 'apiKey';
  const name = isKey ? trans.__('An API key') : (email ?? type);
  return (
    <>
      <div className="jp-CodexPanel-row">
        <div className="jp-CodexPanel-what">
          <div className="jp-CodexPanel-title">{name}</div>
          {plan_type && (
            <div className="jp-CodexPanel-about">{trans.__('Plan: %1', plan_type)}</div>
          )}
        </div>
        <button type="button" className="jp-CodexPanel-link" onClick={onLogout}>
          {trans.__('Log out')}
        </button>
      </div>
      <Limits limits={account.rate_limits} trans={trans} />
    </>
  );
}

function Limits(props: { limits: { [field: string]: Json } | null; trans: ITranslation }) {
  const { limits, trans } = props;
  const windows = [limits?.primary, limits?.secondary].filter(Boolean) as unknown as IWindow[];
  return (
    <>
      {windows.map(each => {
        const left = Math.max(0, Math.round(100 - each.usedPercent));
        const hours = (each.windowDurationMins ?? 0) / 60;
        const length =
          hours >= 48
            ? trans._n('%1 day', '%1 days', Math.round(hours / 24), Math.round(hours / 24))
            : trans._n('%1 hour', '%1 hours', Math.round(hours), Math.round(hours));
        const until = each.resetsAt ? new Date(each.resetsAt * 1000).toLocaleString() : '';
        return (
          <div key={length} className="jp-CodexPanel-limit" title={until}>
            <span>{trans.__('%1 % left of %2', left, length)}</span>
            <meter
              min={0}
              max={100}
              low={20}
              optimum={100}
              value={left}
              aria-label={trans.__('Left of the limit of %1', length)}
            />
            {until && <span className="jp-CodexPanel-about">{trans.__('resets %1', until)}</span>}
          </div>
        );
      })}
    </>
  );
}

interface IWindow {
  usedPercent: number;
  windowDurationMins?: number | null;
  resetsAt?: number | null;
}
