import { describe, expect, it } from 'vitest';

import { compare } from '../src/documents/compare';
import { bounded } from '../src/documents/shown';

const marked = (before: string, after: string): string[] =>
  compare(before, after).map(line => line.mark + line.text);

describe('what differs between two texts', () => {
  it('is nothing for equal ones', () => expect(compare('a\nb', 'a\nb')).toEqual([]));

  it('has three lines around and numbers of both sides', () => {
    const lines = (middle: string): string => `1\n2\n3\n4\n5\n${middle}\n7\n8\n9\n10\n11`;
    expect(marked(lines('six'), lines('SIX\nand'))).toEqual([
      '@…', ' 3', ' 4', ' 5', '-six', '+SIX', '+and', ' 7', ' 8', ' 9'
    ]); // prettier-ignore
    const found = compare(lines('six'), lines('SIX\nand'));
    expect(found.find(line => line.text === '7')).toMatchObject({ old: 7, new: 8 });
  });

  it('finds what both have in common between changes', () => {
    expect(marked('a\nx\nb\ny', 'b\nz')).toEqual(['-a', '-x', ' b', '-y', '+z']);
  });

  it('exchanges very large parts as a whole', () => {
    const many = (letter: string): string =>
      Array.from({ length: 3000 }, (_, at) => letter + at).join('\n');
    const found = compare(many('a'), many('b'));
    expect(found).toHaveLength(6000);
    expect(found[0].mark).toBe('-');
  });
});

describe('a text for an agent', () => {
  it('is whole up to the limit and says what was left out of its middle', () => {
    expect(bounded('12345', 5)).toBe('12345');
    expect(bounded(['123', '45678'], 4)).toBe('12\n… 4 characters left out …\n78');
    expect(bounded({ a: 1 }, 4)).toEqual({ a: 1 });
  });
});
