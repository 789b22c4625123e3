/**
 * When what changed is drawn: for everybody in the page in one animation frame, and text that
 * grows only some times a second. A frame costs the page much the same however little it draws.
 */

/** Between two drawings of text that grows. */
const GROWTH_MS = 200;
/** Pages that are not visible get no animation frames; they are kept up to date all the same. */
const HIDDEN_MS = 250;

const calls = new Set<() => void>();
let cancel: (() => void) | null = null;
let isDrawing = false;
let isSoon = false;
let hasGrowth = false;
let grownAt = -Infinity;

/**
 * Call once, when the page is drawn next; what is asked for meanwhile is called in the same frame.
 * `isGrowth`: there is only more text, which waits for its turn.
 */
export function draw(call: () => void, isGrowth = false): void {
  calls.add(call);
  hasGrowth ||= isGrowth;
  if (!isDrawing && (cancel === null || (!isGrowth && !isSoon))) {
    cancel?.();
    isSoon = !isGrowth;
    cancel = plan(isGrowth ? grownAt + GROWTH_MS - performance.now() : 0);
  }
}

/** Take back what was asked for. */
export function leaveOut(call: () => void): void {
  calls.delete(call);
  if (calls.size === 0 && !isDrawing) {
    cancel?.();
    cancel = null;
  }
}

function plan(wait: number): () => void {
  if (document.visibilityState === 'hidden') {
    return after(HIDDEN_MS, run);
  }
  return wait > 0 ? after(wait, () => (cancel = inFrame(run))) : inFrame(run);
}

function run(): void {
  cancel = null;
  isSoon = false;
  isDrawing = true;
  try {
    for (const call of calls) {
      calls.delete(call);
      call();
    }
  } finally {
    isDrawing = false;
    grownAt = hasGrowth ? performance.now() : grownAt;
    hasGrowth = false;
    if (calls.size > 0) {
      cancel = plan(0);
    }
  }
}

function after(wait: number, call: () => void): () => void {
  const timer = window.setTimeout(call, wait);
  return () => window.clearTimeout(timer);
}

function inFrame(call: () => void): () => void {
  const frame = window.requestAnimationFrame(call);
  return () => window.cancelAnimationFrame(frame);
}
