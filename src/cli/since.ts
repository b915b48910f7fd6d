import { VaultShellError } from '../base/errors.ts';

/** What a span of time ends with. */
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
  const time = parseTime(text, now, -1);
  if (time === undefined) {
    throw new VaultShellError(
      'USAGE',
      '--since wants a time such as 2026-01-31T09:00Z, or 10m, 2h, 3d',
    );
  }
  return time;
}

/** Gives a time as ISO 8601 UTC: an ISO time, or a span before (-1) or after (1) `now`; undefined for neither. */
export function parseTime(text: string, now: number, direction: -1 | 1): string | undefined {
  const span = /^(\d{1,6})([smhdw])$/.exec(text);
  if (span !== null) {
    return isoOf(now + direction * Number(span[1]) * (UNITS_MS[span[2] ?? ''] ?? 0));
  }
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, date = '', minutes = '00:00', seconds = ':00', zone = 'Z'] = match;
  // A Date takes 30 February for 1 March.
  if (isoOf(Date.parse(`${date}T00:00:00Z`))?.startsWith(date) !== true) return undefined;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  return isoOf(Date.parse(`${date}T${minutes}${seconds}${offset}`));
}

function isoOf(time: number): string | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
