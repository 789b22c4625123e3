/** Small parts of the side panel: sections, rows, buttons with icons. */

import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

interface ISectionProps {
  title: string;
  count?: number;
  /** Things that want the user are told when they come. */
  isLive?: boolean;
  isOpen?: boolean;
  tools?: React.ReactNode;
  onToggle?(isOpen: boolean): void;
  children: React.ReactNode;
}

/** A part of the panel that can be folded. */
export function Section(props: ISectionProps): React.ReactElement {
  const { title, count, isLive, isOpen = true, tools, onToggle, children } = props;
  return (
    <details
      className="jp-CodexPanel-section"
      open={isOpen}
      onToggle={event => onToggle?.(event.currentTarget.open)}
    >
      <summary>
        <span className="jp-CodexPanel-heading" role="heading" aria-level={3}>
          {title}
        </span>
        {count !== undefined && count > 0 && (
          <span className="jp-CodexPanel-count" role={isLive ? 'status' : undefined}>
            {count}
          </span>
        )}
        {tools}
      </summary>
      {children}
    </details>
  );
}

interface IToolProps {
  icon: LabIcon;
  label: string;
  onClick(event: React.MouseEvent<HTMLButtonElement>): void;
  hasMenu?: boolean;
}

/** A button that is an icon; its label is its tooltip and what is read out. */
export function Tool({ icon: Icon, label, onClick, hasMenu }: IToolProps): React.ReactElement {
  return (
    <button
      type="button"
      className="jp-CodexPanel-tool"
      title={label}
      aria-label={label}
      aria-haspopup={hasMenu ? 'menu' : undefined}
      onClick={event => {
        event.preventDefault();
        event.stopPropagation();
        onClick(event);
      }}
    >
      <Icon.react tag="span" elementSize="normal" />
    </button>
  );
}

/** A sentence in place of a list. */
export function Note({ children }: { children: React.ReactNode }): React.ReactElement {
  return <p className="jp-CodexPanel-note">{children}</p>;
}

/** A notebook's name, as a button that goes to it where it can be opened. */
export function Place(props: { path: string | null; fallback: string; onOpen(): void }) {
  const { path, fallback, onOpen } = props;
  if (path === null) {
    return <span className="jp-CodexPanel-place">{fallback}</span>;
  }
  return (
    <button type="button" className="jp-CodexPanel-place" title={path} onClick={onOpen}>
      {path.split('/').at(-1)}
    </button>
  );
}
