/** What Lumino needs of a browser and jsdom does not have. */

globalThis.DragEvent ??= class extends MouseEvent {} as unknown as typeof DragEvent;
window.matchMedia ??= query =>
  Object.assign(new EventTarget(), { matches: false, media: query }) as unknown as MediaQueryList;
