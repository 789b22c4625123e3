/** How characters of a terminal look: classes for the sixteen colours, so that the theme decides. */

import { el } from './dom';
import { ordered } from './plain';

export type Colour = number | readonly [number, number, number] | null;

export interface IStyle {
  readonly fg: Colour;
  readonly bg: Colour;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly inverse: boolean;
}

export const PLAIN: IStyle = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false
};

const FLAGS = ['bold', 'dim', 'italic', 'underline', 'strike', 'inverse'] as const;

/** A piece of text in its style; a bare text where that is none. */
export function styled(written: string, style: IStyle): Node {
  const text = ordered(written);
  if (style === PLAIN) {
    return document.createTextNode(text);
  }
  const flags = FLAGS.filter(flag => style[flag]).map(flag => `jp-Codex-ansi-${flag}`);
  const made = el('span', flags.join(' '), text);
  paint(made, style.fg, 'fg', style.bg === null && !style.inverse);
  paint(made, style.bg, 'bg', false);
  return made;
}

function paint(into: HTMLElement, colour: Colour, side: 'fg' | 'bg', onPage: boolean): void {
  if (typeof colour === 'number' && colour < 16) {
    into.classList.add(`jp-Codex-ansi-${side}${colour}`);
  } else if (colour !== null) {
    const rgb = typeof colour === 'number' ? indexed(colour) : colour;
    const shown = onPage ? legible(rgb) : rgb;
    into.style.setProperty(side === 'fg' ? 'color' : 'background-color', `rgb(${shown.join(',')})`);
    if (side === 'bg') {
      into.classList.add(lightness(rgb) > 0.25 ? 'jp-Codex-ansi-onLight' : 'jp-Codex-ansi-onDark');
    }
  }
}

type Rgb = readonly [number, number, number];

/** A colour of the 256: a cube of 6 x 6 x 6, then greys. */
function indexed(colour: number): Rgb {
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return [grey, grey, grey];
  }
  const steps = [0, 95, 135, 175, 215, 255];
  const at = colour - 16;
  return [steps[Math.floor(at / 36)], steps[Math.floor((at % 36) / 6)], steps[at % 6]];
}

/** Relative luminance, 0 to 1 (WCAG 2). */
function lightness(colour: Rgb): number {
  const [red, green, blue] = colour.map(part =>
    part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The colour moved towards grey until it is legible on light and on dark pages. */
function legible(colour: Rgb): Rgb {
  let shown = colour;
  for (let step = 0; step < 8; step++) {
    const light = lightness(shown);
    if (light >= 0.12 && light <= 0.3) {
      break;
    }
    const goal = light < 0.12 ? 255 : 0;
    const [red, green, blue] = shown.map(part => Math.round(part + (goal - part) * 0.15));
    shown = [red, green, blue];
  }
  return shown;
}
