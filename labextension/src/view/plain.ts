/** Untrusted text for a reader: what could hide in it is spelled out. As `render/escape.py` does. */

/* eslint-disable no-control-regex -- they are what is looked for */
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const HIDDEN = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text without control characters other than tab and newline. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}

/**
 * Text in which nothing can hide: control, bidi and zero-width characters are spelled out. For
 * what a reader decides about or trusts the order of: commands, paths, diffs.
 */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, spelled).replace(HIDDEN, spelled);
}

/** Text in which only the characters that change its direction are spelled out. */
export function ordered(text: string): string {
  return text.replace(BIDI, spelled);
}

/** A text on one line, shortened in characters, with nothing hidden. */
export function oneLine(text: string, limit = 72): string {
  const line = visible(text.split(/\s+/).join(' ').trim());
  const characters = Array.from(line);
  return characters.length <= limit ? line : characters.slice(0, limit - 1).join('') + '…';
}

function spelled(found: string): string {
  const code = found.charCodeAt(0);
  if (code < 0x20) {
    return String.fromCharCode(0x2400 + code);
  }
  return code === 0x7f ? '\u2421' : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
