import { inspect } from 'node:util';

/**
 * A value nobody may see. Printing, interpolating, serialising or inspecting it gives `[secret]`;
 * `reveal()` is the only way to the text, and a test lists its call sites.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
