/** What Lumino and the view need of a browser and jsdom does not have. */

globalThis.DragEvent ??= class extends MouseEvent {} as unknown as typeof DragEvent;
window.matchMedia ??= query =>
  Object.assign(new EventTarget(), { matches: false, media: query }) as unknown as MediaQueryList;

globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
