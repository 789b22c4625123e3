/** Which turns the user has taken out of their cells: these are not filled in again. */

const KEY = 'codex_kernel:cleared';
const MOST = 500;

/** Remembers across reloads of this browser, as far as it lets us. */
export class Cleared {
  private readonly _turns = new Set<string>(read());

  has(turnId: string): boolean {
    return this._turns.has(turnId);
  }

  add(turnIds: Iterable<string>): void {
    // Other tabs write there, too.
    for (const turnId of [...read(), ...turnIds]) {
      this._turns.add(turnId);
    }
    try {
      localStorage.setItem(KEY, JSON.stringify([...this._turns].slice(-MOST)));
    } catch {
      // No storage, or a full one: it holds until the page is left.
    }
  }
}

function read(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter(each => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
