/** The parts that frames of the hook's protocol are made of (docs/protocol.md). */

export const PROTOCOL_VERSION = 2;
export const LENGTH_BYTES = 4;

/** Reads fields one after the other; past the end everything is empty and `failed` is set. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#take(1)?.readUInt8(0) ?? 0;
  }

  u32(): number {
    return this.#take(4)?.readUInt32LE(0) ?? 0;
  }

  string(): string {
    const bytes = this.#take(this.u32());
    if (bytes === undefined) return '';
    if (bytes.includes(0)) this.failed = true;
    return bytes.toString('utf8');
  }

  /** How many entries of so many fields follow: a field takes at least 4 bytes, so none can be more than the frame has. */
  count(fields: number): number {
    const count = this.u32();
    if (count > this.left / (4 * fields)) this.failed = true;
    return count;
  }

  strings(): string[] {
    const count = this.count(1);
    const strings: string[] = [];
    for (let i = 0; i < count && !this.failed; i++) strings.push(this.string());
    return strings;
  }

  #take(length: number): Buffer | undefined {
    if (this.failed || length > this.left) {
      this.failed = true;
      return undefined;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/** Gives a whole frame: numbers become 32-bit integers, texts strings with their length. */
export function frameOf(type: number, fields: readonly (number | string)[]): Buffer {
  let length = 2;
  for (const field of fields)
    length += 4 + (typeof field === 'string' ? Buffer.byteLength(field) : 0);
  // Not from Buffer's shared pool: what is wiped must be all there is.
  const frame = Buffer.alloc(LENGTH_BYTES + length);
  let at = frame.writeUInt32LE(length, 0);
  at = frame.writeUInt8(PROTOCOL_VERSION, at);
  at = frame.writeUInt8(type, at);
  for (const field of fields) {
    if (typeof field === 'number') {
      at = frame.writeUInt32LE(field, at);
    } else {
      at = frame.writeUInt32LE(Buffer.byteLength(field), at);
      at += frame.write(field, at);
    }
  }
  return frame;
}
