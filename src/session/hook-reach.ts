import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { native } from '../base/native.ts';

const SET_ID = 0o6000;
const START_BYTES = 4096;
const MAX_INTERPRETERS = 4;
const PT_INTERP = 3;

/**
 * Whether the loader will look at the preload library for this program: not for a static one, nor for one
 * that changes its user or group or gains capabilities. What cannot be read is taken to be hooked, so that a missing hello ends it.
 */
export function hookReaches(file: string, depth = 0): boolean {
  let start: Buffer | undefined;
  try {
    if ((statSync(file).mode & SET_ID) !== 0) return false;
    start = readStart(file);
  } catch {
    return true;
  }
  if (start === undefined) return false;
  if (start.toString('latin1', 0, 2) === '#!') {
    const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(start.toString('latin1'))?.[1];
    if (interpreter === undefined || depth === MAX_INTERPRETERS) return true;
    return hookReaches(interpreter, depth + 1);
  }
  return !isElf64(start) || hasInterpreter(start);
}

/** Undefined for a program that gains capabilities. */
function readStart(file: string): Buffer | undefined {
  const fd = openSync(file, 'r');
  try {
    if (native().gainsCapabilities(fd)) return undefined;
    const bytes = Buffer.alloc(START_BYTES);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

/** 64 bits, little-endian: what the hook is built for (elf(5)). */
function isElf64(start: Buffer): boolean {
  return start.length >= 64 && start.toString('latin1', 0, 6) === '\x7fELF\x02\x01';
}

function hasInterpreter(start: Buffer): boolean {
  const offset = Number(start.readBigUInt64LE(32));
  const size = start.readUInt16LE(54);
  const count = start.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * size;
    if (at + 4 > start.length) return true;
    if (start.readUInt32LE(at) === PT_INTERP) return true;
  }
  return false;
}
