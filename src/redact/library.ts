/*
 * What `vault-shell/redact` offers, and all of it: the engine alone, without a vault. Needs nothing of the
 * machine.
 */
export { Redactor, type RedactorOptions } from './redactor.ts';
export { redactStream } from './redact-stream.ts';
