import type { ApprovalRequest } from '../../src/broker/approval.ts';

/** A request as a coding agent makes one. */
export function approvalRequest(more: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    id: 'request-1',
    secrets: [
      {
        name: 'github/token',
        provider: 'github',
        account: 'me',
        environment: 'production',
        access: 'read',
        tags: 'ci,web',
        description: null,
        created_at: '2026-01-01T00:00:00.000Z',
        last_used_at: null,
      },
    ],
    command: 'curl example.org',
    cwd: '/home/me/project',
    asker: {
      pid: 300,
      program: '/usr/bin/bash',
      parents: [
        { pid: 200, program: '/usr/bin/node' },
        { pid: 100, program: '/usr/bin/zsh' },
      ],
      agent: 'claude',
    },
    file: '/usr/bin/curl',
    session: '1-00',
    ...more,
  };
}
