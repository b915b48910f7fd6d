/** How one character is written; one that stays as it is is given back. */
export type Style = (character: string) => string;

export interface Styles {
  readonly all: readonly Style[];
  /** What makes a difference only where there is a character that is not printable ASCII. */
  readonly unprintable: readonly Style[];
}

/** A text cut at its special characters, to be written in many styles. */
export interface Spelling {
  /** Each special character of the text, once. */
  readonly specials: readonly string[];
  /** Gives the text in those of the styles in which it is another than in any before. */
  readonly spell: (styles: Styles) => string[];
}

/**
 * `special`: a group of every character that any style changes. Most texts have few or none of these, and what a style
 * does to one does not depend on those around it: so a style is asked once for each, and no text is made twice.
 */
export function openSpelling(text: string, special: RegExp): Spelling {
  // What is between special characters and, at odd places, they.
  const parts = text.split(special);
  if (parts.length === 1) return { specials: [], spell: () => [] };
  const specials = [...new Set(parts.filter((_, at) => at % 2 === 1))];
  const numbers = new Map(specials.map((character, number) => [character, number]));
  const places = parts.map((part) => numbers.get(part) ?? -1);
  const known = new Set([specials.join('\0')]);
  const unprintable = specials.some((character) => character < ' ' || character > '~');
  return {
    specials,
    spell(styles) {
      const texts: string[] = [];
      for (const style of unprintable ? styles.all.concat(styles.unprintable) : styles.all) {
        const written = specials.map((character) => style(character));
        const key = written.join('\0');
        if (known.has(key)) continue;
        known.add(key);
        texts.push(parts.map((part, at) => written[places[at] ?? -1] ?? part).join(''));
      }
      return texts;
    },
  };
}

/** The second style on top of the first. */
export function compose(first: Style, second: Style): Style {
  return (character) => {
    const once = first(character);
    return once.length === 1 ? second(once) : Array.from(once, second).join('');
  };
}
