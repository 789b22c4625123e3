/** The lines in which two texts differ, as a diff is read: with some unchanged ones around. */

import type { ILine } from '../diff';

const CONTEXT = 3;
/** Comparing costs the product of both lengths: larger parts count as exchanged. */
const MOST_CELLS = 4_000_000;

type Step = [mark: '+' | '-' | ' ', text: string];

/** From `before` to `after`; none where they are equal. */
export function compare(before: string, after: string): ILine[] {
  return hunks(numbered(steps(before.split('\n'), after.split('\n'))));
}

function steps(before: string[], after: string[]): Step[] {
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) {
    head++;
  }
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) {
    tail++;
  }
  const same = (text: string): Step => [' ', text];
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same)
  ];
}

function middle(before: string[], after: string[]): Step[] {
  if (before.length * after.length > MOST_CELLS) {
    return [...before.map((text): Step => ['-', text]), ...after.map((text): Step => ['+', text])];
  }
  const longest = longestCommon(before, after);
  const found: Step[] = [];
  let [old, now] = [0, 0];
  while (old < before.length || now < after.length) {
    if (old < before.length && now < after.length && before[old] === after[now]) {
      found.push([' ', before[old++]]);
      now++;
    } else if (
      now >= after.length ||
      (old < before.length && longest[old + 1][now] >= longest[old][now + 1])
    ) {
      found.push(['-', before[old++]]);
    } else {
      found.push(['+', after[now++]]);
    }
  }
  return found;
}

/** `[i][j]`: how many lines `before` from i on and `after` from j on have in common, in order. */
function longestCommon(before: string[], after: string[]): Uint32Array[] {
  const found = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let old = before.length - 1; old >= 0; old--) {
    for (let now = after.length - 1; now >= 0; now--) {
      found[old][now] =
        before[old] === after[now]
          ? found[old + 1][now + 1] + 1
          : Math.max(found[old + 1][now], found[old][now + 1]);
    }
  }
  return found;
}

function numbered(found: Step[]): ILine[] {
  let [old, now] = [0, 0];
  return found.map(([mark, text]) => ({
    old: mark === '+' ? null : ++old,
    new: mark === '-' ? null : ++now,
    mark,
    text
  }));
}

function hunks(lines: ILine[]): ILine[] {
  const near = new Set<number>();
  lines.forEach((line, at) => {
    for (let each = at - CONTEXT; line.mark !== ' ' && each <= at + CONTEXT; each++) {
      near.add(each);
    }
  });
  return lines.flatMap((line, at) => {
    if (!near.has(at)) {
      return [];
    }
    const isFirst = at > 0 && !near.has(at - 1);
    return isFirst ? [{ old: null, new: null, mark: '@' as const, text: '…' }, line] : [line];
  });
}
