/** FNV-1a with 64 bits in hex, as the C programs of the tests tell what they were given. */
export function fnv(text: string): string {
  let result = 14695981039346656037n;
  for (const byte of Buffer.from(text)) {
    result = BigInt.asUintN(64, (result ^ BigInt(byte)) * 1099511628211n);
  }
  return result.toString(16);
}
