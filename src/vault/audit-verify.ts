import { EMPTY_SEAL, exitMac, chainKey, isSame, rowMac, SEALED_COLUMNS, sealMac } from './chain.ts';
import { LAST_ID } from './audit-row.ts';
import type { Row } from './engine.ts';
import type { AuditHead } from './files.ts';
import { READ, withDatabase, type OpenVault } from './open.ts';
import { integer, nullableInteger, nullableText } from './row.ts';

export type Verdict =
  /** `earlier`: how many of the rows are from before the chain. */
  { readonly kind: 'whole'; readonly rows: number; readonly earlier: number } | Broken;

/** The first row that is not as it was written, or not there, and why that is said. */
export interface Broken {
  readonly kind: 'broken';
  readonly id: number;
  readonly why: string;
  /** What is there hangs together, but a head is of another log: one that was put back, maybe on purpose. */
  readonly older: boolean;
}

/** A head, and where it was kept: for the message. */
export interface KeptHead extends AuditHead {
  readonly keeper: string;
}

/** Rows looked at between two turns of other processes at the vault. */
const PAGE_ROWS = 2000;
const PAGE = `
  SELECT ${SEALED_COLUMNS.join(', ')}, exit_code, mac, exit_mac
  FROM audit_log WHERE id > :after ORDER BY id LIMIT ${String(PAGE_ROWS)}`;

/**
 * Checks every row of the log, oldest first, and that the rows of `heads`, which must have been read before,
 * are among them. Rows that are added meanwhile are checked too.
 */
export async function verifyAudit(vault: OpenVault, heads: readonly KeptHead[]): Promise<Verdict> {
  const chain = new Chain(chainKey(vault), heads);
  for (;;) {
    // A row put in by hand may have any id.
    const after = chain.lastId ?? Number.MIN_SAFE_INTEGER;
    const rows = await withDatabase(vault, (database) => database.all(PAGE, { after }), READ);
    for (const row of rows) {
      const trouble = chain.check(row);
      if (trouble !== undefined) return trouble;
    }
    if (rows.length < PAGE_ROWS) break;
  }
  return (await findMissingEnd(vault, chain)) ?? chain.verdict;
}

class Chain {
  lastId: number | undefined;
  #rows = 0;
  #earlier = 0;
  #end = EMPTY_SEAL;
  readonly #key: Buffer;
  /** Those whose row has not come yet. */
  readonly #heads: Set<KeptHead>;

  constructor(key: Buffer, heads: readonly KeptHead[]) {
    this.#key = key;
    this.#heads = new Set(heads);
  }

  /** Takes the next row; says what is wrong with it. */
  check(row: Row): Broken | undefined {
    const before = this.lastId ?? 0;
    const id = integer(row, 'id');
    this.lastId = id;
    this.#rows += 1;
    const mac = nullableText(row, 'mac');
    if (mac === null) {
      if (this.#rows > this.#earlier + 1) {
        return broken(id, 'has no HMAC: vault-shell did not write it');
      }
      this.#earlier += 1;
      this.#end = sealMac(this.#key, this.#end, row);
      return undefined;
    }
    const isFirst = this.#rows === this.#earlier + 1;
    const fits = isSame(mac, rowMac(this.#key, this.#end, row));
    // Ids go up by one, but for rows from before the chain: those are other programs'.
    if (id !== before + 1 && (!isFirst || (this.#earlier === 0 && !fits))) {
      return broken(before + 1, `is missing: row ${String(id)} comes next`);
    }
    if (!fits) {
      const others = isFirst && this.#earlier > 0 ? 'or one from before the chain ' : '';
      return broken(id, `${others}is not as it was written`);
    }
    this.#end = mac;
    return this.#checkExit(row, id, mac) ?? this.#checkHeads(id, mac);
  }

  get verdict(): Verdict {
    return { kind: 'whole', rows: this.#rows, earlier: this.#earlier };
  }

  /** A kept head that no row was there for. */
  get missingHead(): KeptHead | undefined {
    return [...this.#heads][0];
  }

  #checkExit(row: Row, id: number, mac: string): Broken | undefined {
    const exitCode = nullableInteger(row, 'exit_code');
    const own = nullableText(row, 'exit_mac');
    if (exitCode === null && own === null) return undefined;
    const isOurs = exitCode !== null && own !== null;
    if (isOurs && isSame(own, exitMac(this.#key, mac, exitCode))) return undefined;
    return broken(id, 'has another exit code than vault-shell wrote');
  }

  #checkHeads(id: number, mac: string): Broken | undefined {
    for (const head of this.#heads) {
      if (head.id !== id) continue;
      this.#heads.delete(head);
      if (isSame(head.mac, mac)) continue;
      const why = `is another one than ${head.keeper} knows: an older vault.db was put back`;
      return broken(id, why, { older: true });
    }
    return undefined;
  }
}

function broken(id: number, why: string, { older = false } = {}): Broken {
  return { kind: 'broken', id, why, older };
}

/** Rows cut off at the end leave a whole chain: only what else counts them can tell. */
async function findMissingEnd(vault: OpenVault, chain: Chain): Promise<Broken | undefined> {
  const seen = chain.lastId ?? 0;
  const { missingHead: head } = chain;
  if (head !== undefined) {
    const why = `is missing: ${head.keeper} knows the log up to row ${String(head.id)}`;
    return broken(seen + 1, why, { older: true });
  }
  const row = await withDatabase(vault, (database) => database.get(LAST_ID), READ);
  const last = row === undefined ? 0 : integer(row, 'last');
  // Rows that came since the last page are no concern.
  const rest = await withDatabase(vault, (database) => database.all(PAGE, { after: seen }), READ);
  if (rest.length > 0 || last <= seen) return undefined;
  return broken(seen + 1, `is missing: there were rows up to ${String(last)}`);
}
