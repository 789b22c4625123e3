/** Tells the feed which notebooks this page shows: their questions may be asked here. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { Feed } from './feed';

/** Keep the feed told, for as long as the page lives. */
export function tellPresence(feed: Feed, tracker: INotebookTracker): void {
  const tell = (): void => {
    const paths = new Set<string>();
    tracker.forEach(panel => {
      if (!panel.isDisposed) {
        paths.add(panel.context.path);
      }
    });
    feed.show([...paths]);
  };
  const follow = (panel: NotebookPanel): void => {
    panel.context.pathChanged.connect(tell);
    panel.disposed.connect(tell);
    tell();
  };
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
}
