import { deny, grant, recordExit } from './audit.ts';
import type { OpenVault } from './open.ts';
import type { GrantStore } from './types.ts';

/** Gives a store that works in this process: for commands that end soon. The vault stays the caller's. */
export function directStore(vault: OpenVault): GrantStore {
  return {
    grant: (request) => grant(vault, request),
    deny: (request) => deny(vault, request),
    recordExit: (operation, exitCode) => recordExit(vault, operation, exitCode),
  };
}
