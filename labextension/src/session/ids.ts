/** The commands of this extension, by which users, menus and other extensions call them. */

export const CommandIDs = {
  choose: 'codex:choose-setting',
  nothing: 'codex:nothing-to-choose',
  newSession: 'codex:new-session',
  resume: 'codex:resume-session',
  fork: 'codex:fork-session',
  forkFromCell: 'codex:fork-session-from-cell',
  rename: 'codex:rename-session',
  settings: 'codex:open-settings',
  stop: 'codex:stop-turn',
  showPanel: 'codex:show-panel',
  nextQuestion: 'codex:next-question'
} as const;
