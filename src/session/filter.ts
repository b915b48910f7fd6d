/**
 * What stands between a program's output and the reader; the redactor is one (contract, section 9). What it gives is
 * there until the next call of it or of another filter of the session.
 */
export type Filter = {
  /** Takes the next bytes, gives what may be shown now. */
  write(chunk: Uint8Array): Uint8Array;
  /** Nothing came for a while: gives what may be shown of the bytes held back. */
  release(): Uint8Array;
  /** Gives the rest. */
  end(): Uint8Array;
};
