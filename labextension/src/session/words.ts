/** What the settings of a session and their values are called. */

import type { ITranslation } from '../contracts';

/** The settings that a notebook asks for, by their names in the API. */
export const NAMES = ['model', 'effort', 'sandbox', 'approval_policy'] as const;
export type Name = (typeof NAMES)[number];

/** A value to choose; `isDangerous` ones are marked wherever they are shown. */
export interface IChoice {
  value: string;
  label: string;
  about: string;
  isDangerous?: boolean;
}

export const FULL_ACCESS = 'danger-full-access';
/** The strictest first: what is further back gives Codex more freedom. */
const SANDBOXES = ['read-only', 'workspace-write', FULL_ACCESS];
const APPROVALS = ['untrusted', 'on-request', 'never'];

export function settingLabel(name: Name, trans: ITranslation): string {
  const labels: { [name in Name]: string } = {
    model: trans.__('Model'),
    effort: trans.__('Effort'),
    sandbox: trans.__('Sandbox'),
    approval_policy: trans.__('Approvals')
  };
  return labels[name];
}

export function sandboxes(trans: ITranslation): IChoice[] {
  const [readOnly, workspace, full] = SANDBOXES;
  return [
    {
      value: readOnly,
      label: trans.__('Read only'),
      about: trans.__('read everywhere, write nothing')
    },
    {
      value: workspace,
      label: trans.__('Workspace'),
      about: trans.__('write in the working folder and in temporary folders')
    },
    {
      value: full,
      label: trans.__('No sandbox'),
      about: trans.__('every command can do what you can do'),
      isDangerous: true
    }
  ];
}

export function approvals(trans: ITranslation): IChoice[] {
  const [untrusted, onRequest, never] = APPROVALS;
  return [
    {
      value: untrusted,
      label: trans.__('Ask often'),
      about: trans.__('before every command that is not known to be harmless')
    },
    {
      value: onRequest,
      label: trans.__('Ask to leave'),
      about: trans.__('when Codex wants to leave the sandbox')
    },
    {
      value: never,
      label: trans.__('Never ask'),
      about: trans.__('what needs leave is refused')
    }
  ];
}

/** Whether a value gives Codex more freedom than another. */
export function isWider(name: Name, value: string, than: string): boolean {
  const order = name === 'sandbox' ? SANDBOXES : name === 'approval_policy' ? APPROVALS : [];
  return order.indexOf(value) > order.indexOf(than);
}

/** What a session is called: its title, how it began, or its id. */
export function sessionTitle(
  session: { session_id: string; title?: string | null; preview?: string | null },
  trans: ITranslation
): string {
  const said = (session.title || session.preview || '').replace(/\s+/g, ' ').trim();
  return said || trans.__('Session %1', session.session_id.slice(-8));
}

/** A moment as a distance from now, in the user's language. */
export function ago(moment: string | number, now = Date.now()): string {
  const at = typeof moment === 'number' ? moment * 1000 : Date.parse(moment);
  const seconds = Math.round((at - now) / 1000);
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ];
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang || undefined, {
    numeric: 'auto',
    style: 'short'
  });
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) {
      return format.format(Math.round(seconds / length), unit);
    }
  }
  return format.format(0, 'minute');
}

/** A count of tokens, short: 1.2k, 3.4M. */
export function short(count: number): string {
  return new Intl.NumberFormat(undefined, {
    notation: 'compact',
    maximumFractionDigits: 1
  }).format(count);
}
