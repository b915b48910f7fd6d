import { VaultShellError } from '../base/errors.ts';
import type { Row } from './engine.ts';
import { nullableText, text } from './row.ts';
import type { SecretInfo } from './types.ts';

/** The attributes of a secret, from a row that holds them. */
export function secretInfoOf(row: Row): SecretInfo {
  return {
    name: text(row, 'name'),
    provider: nullableText(row, 'provider'),
    account: nullableText(row, 'account'),
    environment: nullableText(row, 'environment'),
    access: nullableText(row, 'access'),
    tags: text(row, 'tags'),
    description: nullableText(row, 'description'),
    created_at: text(row, 'created_at'),
    last_used_at: nullableText(row, 'last_used_at'),
  };
}

export function noSecret(name: string): VaultShellError {
  return new VaultShellError('NO_SECRET', `there is no secret named ${name}`, {
    hint: 'vault-shell list shows the names',
  });
}
