import { describe, expect, it } from 'vitest';

import { contentsPath, localPath, quoted, rootOf } from '../src/paths';

describe('a path that a turn names', () => {
  const place = { notebook: 'work/a.ipynb', cwd: '/srv/me/work', root: '/srv/me' };

  it.each([
    ['a.py', 'work/a.py'],
    ['./src/../a.py', 'work/a.py'],
    ['../b.py', 'b.py'],
    ['/srv/me/c.py', 'c.py'],
    ['/srv/me', ''],
    ['../../d.py', null],
    ['/srv/men/e.py', null],
    ['/srv/me/../you/f.py', null],
    ['/etc/passwd', null],
    ['~/g.py', null],
    ['', null],
    ['a\0b', null],
    ['\\\\far.example\\share\\x.png', null],
    ['javascript:alert(1)', null],
    ['https://example.org/x', null],
    ['file:///srv/me/x', null]
  ])('%j leads to %j', (path, found) => expect(contentsPath(path, place)).toBe(found));

  it('is taken from the notebook where nothing else is known', () => {
    const unknown = { notebook: 'work/a.ipynb', cwd: null, root: null };
    expect(contentsPath('b.py', unknown)).toBe('work/b.py');
    expect(contentsPath('../../b.py', unknown)).toBe(null);
    expect(contentsPath('/srv/me/b.py', unknown)).toBe(null);
  });

  it('has the root that a stored path ends below', () => {
    expect(rootOf('/srv/me/work/a.ipynb', 'work/a.ipynb')).toBe('/srv/me');
    expect(rootOf('/a.ipynb', 'a.ipynb')).toBe('/');
    expect(rootOf('/srv/me/b.ipynb', 'work/a.ipynb')).toBe(null);
    expect(contentsPath('/etc/x', { ...place, root: '/' })).toBe('etc/x');
  });
});

it.each([
  ['RTC:folder/a.ipynb', 'folder/a.ipynb'],
  ['/RTC:a.ipynb', 'a.ipynb'],
  ['/folder/a.ipynb', 'folder/a.ipynb'],
  ['plans: 2024/a.ipynb', 'plans: 2024/a.ipynb'],
  ['folder/12:30.ipynb', 'folder/12:30.ipynb'],
  [null, null]
])('the local path of %j is %j', (path, local) => expect(localPath(path)).toBe(local));

it.each([
  ['own.ipynb', 'own.ipynb'],
  ['my notes.ipynb', "'my notes.ipynb'"],
  ["$(it's).ipynb", `'$(it'"'"'s).ipynb'`]
])('quotes %s for a shell', (name, word) => expect(quoted(name)).toBe(word));
