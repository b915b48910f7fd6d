import { VaultShellError } from '../base/errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A time without a zone is UTC, as all times that are shown. */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d)(:[0-5]\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Gives the time that `--since` means, as ISO 8601 UTC: an ISO time, or so long before `now`. */
export function parseSince(text: string, now: number): string {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return isoOf(now - Number(ago[1]) * (UNITS_MS[ago[2] ?? ''] ?? 0));
  const match = ISO.exec(text);
  if (match === null) throw bad();
  const [, date = '', minutes = '00:00', seconds = ':00', zone = 'Z'] = match;
  // A Date takes 30 February for 1 March.
  if (!isoOf(Date.parse(`${date}T00:00:00Z`)).startsWith(date)) throw bad();
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  return isoOf(Date.parse(`${date}T${minutes}${seconds}${offset}`));
}

function isoOf(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) throw bad();
  return date.toISOString();
}

function bad(): VaultShellError {
  return new VaultShellError(
    'USAGE',
    '--since wants a time such as 2026-01-31T09:00Z, or 10m, 2h, 3d',
  );
}
