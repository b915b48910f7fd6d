import { closeSync, openSync, writeSync } from 'node:fs';
import { FILE_MODE } from '../base/paths.ts';
import { WATCH_BITS, WATCH_BYTES } from './protocol.ts';

/** The file that tells the hooks which pids an exit code is awaited of (docs/protocol.md). */
export interface WatchFile {
  /** Pids that share a bit are counted: it stays set until all of them are unwatched. */
  watch(pid: number): void;
  unwatch(pid: number): void;
  /** Sets every bit, or gives back what was watched: for a child whose pid nobody knows yet. */
  watchAll(all: boolean): void;
  close(): void;
}

/** Makes the file, empty; throws what `open` throws, EEXIST if something is there. */
export function createWatchFile(path: string): WatchFile {
  const fd = openSync(path, 'wx', FILE_MODE);
  const counts = new Map<number, number>();
  const bits = Buffer.alloc(WATCH_BYTES);
  let all = false;
  writeSync(fd, bits, 0, WATCH_BYTES, 0);

  function change(pid: number, by: 1 | -1): void {
    const bit = pid % WATCH_BITS;
    const count = Math.max(0, (counts.get(bit) ?? 0) + by);
    if (count === 0) counts.delete(bit);
    else counts.set(bit, count);
    const at = Math.floor(bit / 8);
    const mask = 1 << (bit % 8);
    const byte = bits.readUInt8(at);
    bits.writeUInt8(count === 0 ? byte & ~mask : byte | mask, at);
    if (!all) writeSync(fd, bits, at, 1, at);
  }

  return {
    watch: (pid) => change(pid, 1),
    unwatch: (pid) => change(pid, -1),
    watchAll(wanted) {
      if (wanted === all) return;
      all = wanted;
      writeSync(fd, all ? Buffer.alloc(WATCH_BYTES, 0xff) : bits, 0, WATCH_BYTES, 0);
    },
    close: () => closeSync(fd),
  };
}
