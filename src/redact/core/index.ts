/*
 * The matching engine, compiled to WebAssembly: one instance for each set of needles and the streams that
 * share it. What is passed in stands at `input`; what comes out, at `output`.
 */

import { allocate, release as releaseBlock } from './buffer';
import { plainBytes } from './blocks';
import { Needles } from './needles';
import { Scanner } from './scanner';
import { Sight, Token } from './sight';
import { Stream } from './stream';

/** Between the words of tails. */
const BLANK: u64 = 0x20;

const needles = new Needles();
const scanner = new Scanner(needles.filter);

let area: usize = 0;
let areaBytes: i32 = 0;
let lastFolds = false;

/** Gives room for `bytes` bytes of input. */
export function input(bytes: i32): usize {
  if (bytes > areaBytes) {
    releaseBlock(area, areaBytes);
    areaBytes = max(bytes, 4096);
    area = allocate(areaBytes);
  }
  return area;
}

/** Where the table of ../radix.ts goes. */
export function leadTable(): usize {
  return needles.leadTable;
}

/** Adds what a reader sees of the bytes in the input as a needle; `label`: what a mask of it is counted as. */
export function addNeedle(
  length: i32,
  folds: bool,
  allowance: i32,
  lead: i32,
  tellsFrom: i32,
  closeSpan: i32,
  label: i32,
): void {
  const seen = visible(length);
  needles.add(area, seen, folds, <u8>allowance, <u8>lead, <u16>tellsFrom, closeSpan, label);
  lastFolds = folds;
}

/** Adds the needle added last once more for each word in the input (of 8 bytes at most), with it at its end. */
export function addTails(length: i32, allowance: i32, lead: i32): void {
  const index = lastFolds ? needles.packed : needles.flat;
  let tail: u64 = 0;
  let tailLength = 0;
  for (let at = 0; at <= length; at++) {
    const byte: u64 = at < length ? load<u8>(area + at) : BLANK;
    if (byte !== BLANK) {
      tail |= byte << (tailLength++ * 8);
      continue;
    }
    index.addTail(tail, tailLength, <u8>allowance, <u8>lead);
    tail = 0;
    tailLength = 0;
  }
}

export function ready(): void {
  needles.ready();
}

/** How many masks of needles with this label were written. */
export function countOf(label: i32): i32 {
  return needles.counts.of(label);
}

/** Bytes of memory the tables take. */
export function tableBytes(): i32 {
  return <i32>needles.memory;
}

/** Opens a stream with the mask in the input. */
export function open(maskLength: i32, counted: bool): usize {
  return changetype<usize>(new Stream(needles, scanner, area, maskLength, counted));
}

export function close(stream: usize): void {
  changetype<Stream>(stream).free();
}

/** Takes in the bytes in the input; gives how many there are at `output`. */
export function write(stream: usize, length: i32): i32 {
  const outlet = changetype<Stream>(stream).outlet;
  outlet.outLength = 0;
  changetype<Stream>(stream).write(area, length);
  return outlet.outLength;
}

export function release(stream: usize): i32 {
  const outlet = changetype<Stream>(stream).outlet;
  outlet.outLength = 0;
  changetype<Stream>(stream).release();
  return outlet.outLength;
}

export function end(stream: usize): i32 {
  const outlet = changetype<Stream>(stream).outlet;
  outlet.outLength = 0;
  changetype<Stream>(stream).end();
  return outlet.outLength;
}

export function output(stream: usize): usize {
  return changetype<Stream>(stream).outlet.out;
}

/** Leaves of the bytes in the input what a reader sees of them, which is what is searched for; gives how many. */
export function visible(length: i32): i32 {
  let seen = plainBytes(area, length);
  if (seen === length) return length;
  const sight = new Sight();
  for (let at = seen; at < length; at++) {
    const byte = load<u8>(area + at);
    const token = sight.take(byte);
    if (token === Token.text) {
      store<u8>(area + seen++, byte);
    } else if (token === Token.erase && seen > 0) {
      while (seen > 1 && (load<u8>(area + seen - 1) & 0xc0) === 0x80) seen--;
      seen--;
    }
  }
  heap.free(changetype<usize>(sight));
  return seen;
}
