/** Paths that a turn names, as paths of the contents API: below the server's root, or nothing. */

/** Where a turn ran, as far as known. Folders are absolute; `notebook` is a contents path. */
export interface ITurnPlace {
  notebook: string | null;
  cwd: string | null;
  root: string | null;
}

/** What begins elsewhere: a home folder, an address; a backslash is another computer on Windows. */
const ELSEWHERE = /^~|^[a-z][a-z\d+.-]*:|[\\\0]/i;

/** The contents path of a file that a turn names; null when it does not lie below the root. */
export function contentsPath(path: string, place: ITurnPlace): string | null {
  if (!path || ELSEWHERE.test(path)) {
    return null;
  }
  if (path.startsWith('/')) {
    return below(path, place.root);
  }
  if (place.cwd !== null && place.root !== null) {
    return below(`${place.cwd}/${path}`, place.root);
  }
  // Sessions run in their notebook's folder unless they were told otherwise.
  const folder = (place.notebook ?? '').split('/').slice(0, -1).join('/');
  return normal(`${folder}/${path}`);
}

/** A contents path without its drive (`RTC:`), as the server takes it. */
export function localPath(path: string | null): string | null {
  return path === null ? null : path.replace(/^\/*[A-Za-z][\w-]+:(?=\S)/, '').replace(/^\/+/, '');
}

/** A name or path as a word of a shell's command line. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** The server's root, from a notebook's stored path and its path below the root. */
export function rootOf(stored: string | null, path: string | null): string | null {
  if (stored === null || path === null) {
    return null;
  }
  return stored.endsWith(`/${path}`) ? stored.slice(0, -path.length - 1) || '/' : null;
}

function below(path: string, root: string | null): string | null {
  const [whole, folder] = [normal(path), root === null ? null : normal(root)];
  if (whole === null || folder === null) {
    return null;
  }
  if (folder === '' || whole === folder) {
    return whole === folder ? '' : whole;
  }
  return whole.startsWith(`${folder}/`) ? whole.slice(folder.length + 1) : null;
}

/** Without `.` and `..` and slashes at the ends; null when it leads out. */
function normal(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) {
        return null;
      }
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  return parts.join('/');
}
