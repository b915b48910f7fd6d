/** The shells that `rc` has a file for. */
export const RC_SHELLS = ['bash', 'zsh', 'fish'] as const;
export type RcShell = (typeof RC_SHELLS)[number];
