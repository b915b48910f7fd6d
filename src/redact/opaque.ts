/**
 * Opaque tokens: random from end to end, so that a leading part alone gives the value away. Nobody
 * writes such a part by chance, while of a passphrase, a path or a date it is ordinary text.
 */

const ALPHABET = /^[\w+/=.~-]+$/;
/**
 * What services put before their tokens (`ghp_`, `sk-live_`, `dop_v1_`, `AKIA`) and the ids that some
 * of them go on with: everyone knows these, so they tell nothing.
 */
const PUBLIC_PREFIX =
  /^(?:AKIA|ASIA|AIza|ATATT3xFfGF0|gAAAAA|hvs\.CAESI|pypi-AgEIcHlwaS5vcmcC|xox[a-z]-(?:\d+-)*|(?:(?:[a-z]{2,12}\d{0,2}|[A-Z]{2,12}\d{0,2}|[a-z]\d{1,2}[a-z]?)[-_.]){0,4})/;
const MIN_BODY_BYTES = 16;
const MIN_TELLING_BYTES = 10;
/** A token that has not begun to vary by then is none. */
const MAX_TELLING_BYTES = 32;

/** Of all pairs of neighbours: a random hex or base62 token has more than twice as many. */
const MIN_CHANGES = 1 / 5;
/** Base32 has few digits, and all of them upwards of 1. */
const MIN_BASE32_CHANGES = 1 / 8;
const BASE32 = /^[A-Z2-7]+=*$/;
const MIN_DISTINCT = 8;
const MIN_LEAD_CHANGES = 2;
const MIN_LEAD_DISTINCT = 6;

/** The commonest pairs of letters in English: half of the pairs in a name, a tenth of random ones. */
const WORD_PAIRS = new Set(
  (
    'th he in er an re nd on en at ou ed ha to or it is hi es ng st nt ar te se me al ea ve le of ' +
    'ro ri de ra co io ne ic li ti ll be ma si om ur ca el ta la ns ce ch di ec et fo ho il as no ' +
    'ss us ac ot tr ge pe po ie ly so pr un rs mo lo op ai ct ad ut sh ol pa wo ke ee ul ki id ow ' +
    'im ts su em ir ay ap up ck am we wi'
  ).split(' '),
);
const MAX_WORD_PAIRS = 0.3;

/** What varies like a token but has a structure that others share. */
const STRUCTURES = [
  /^(?:\.{0,2}|~)\/.*\//, // a path
  /\.[A-Za-z]{1,10}$/, // a host or a file
  /(?:^|\D)\d+\.\d+(?:[-+_.~]|$)/, // a version or an address
  /(?:^|[-_.~])(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[-_.~+T]|$)/, // a date
  /^(?:MII|MIG|MHcCAQ|MC4CAQ|AAAA|H4sI|UEsD)/, // a key, certificate or archive in base64
];
/** Base64 of so many characters is looked at for text: its first part is a header or a name. */
const PROBE_CHARACTERS = 16;

/**
 * How many leading bytes of the value tell it: a public prefix and 10 bytes, more where those could
 * be a word. Undefined when it is no opaque token.
 */
export function tellingLength(value: Uint8Array): number | undefined {
  const text = Buffer.from(value).toString('latin1');
  if (!ALPHABET.test(text)) return undefined;
  const prefix = PUBLIC_PREFIX.exec(text)?.[0].length ?? 0;
  const body = text.slice(prefix);
  if (!isRandom(body) || isStructured(text) || isEncodedText(body)) return undefined;
  const most = Math.min(MAX_TELLING_BYTES, body.length - 1);
  for (let length = MIN_TELLING_BYTES; length <= most; length++) {
    if (isVaried(body.slice(0, length))) return prefix + length;
  }
  return undefined;
}

function isRandom(body: string): boolean {
  if (body.length < MIN_BODY_BYTES) return false;
  const packed = withoutSeparators(body);
  const changes = changesIn(packed) / (packed.length - 1);
  return (
    changes >= (BASE32.test(body) ? MIN_BASE32_CHANGES : MIN_CHANGES) &&
    new Set(packed).size >= MIN_DISTINCT &&
    !isWordy(packed) &&
    !isRepeated(packed)
  );
}

function isVaried(lead: string): boolean {
  const packed = withoutSeparators(lead);
  return (
    changesIn(packed) >= MIN_LEAD_CHANGES &&
    new Set(packed).size >= MIN_LEAD_DISTINCT &&
    !isWordy(packed)
  );
}

function withoutSeparators(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]/g, '');
}

/** Between letters and digits, and to upper case; not back from it, so that a name counts once a word. */
function changesIn(packed: string): number {
  return packed.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])|[a-z](?=[A-Z])/g)?.length ?? 0;
}

function isWordy(packed: string): boolean {
  let common = 0;
  for (let at = 1; at < packed.length; at++) {
    const pair = packed.slice(at - 1, at + 1);
    // A word ends where upper case begins.
    if (WORD_PAIRS.has(pair.toLowerCase()) && !/[a-z][A-Z]/.test(pair)) common++;
  }
  return common >= MAX_WORD_PAIRS * (packed.length - 1);
}

function isRepeated(packed: string): boolean {
  for (let period = 1; period <= packed.length / 2; period++) {
    if (packed.startsWith(packed.slice(period))) return true;
  }
  return false;
}

function isStructured(text: string): boolean {
  return STRUCTURES.some((structure) => structure.test(text));
}

/** A JWT, the base64 of JSON or of `user:password`. */
function isEncodedText(body: string): boolean {
  const probe = Buffer.from(body.slice(0, PROBE_CHARACTERS), 'base64');
  return probe.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09);
}
