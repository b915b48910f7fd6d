import { MATCHES, matchesAfter, STATE, transition } from './needle-index';
import { Needles } from './needles';
import { Stream } from './stream';
import { Entry, ENTRY_BYTES, Trail } from './trail';

/** How many bytes of text a run of backspaces can strike out: two characters of any script. */
export const UNDO_BYTES: i32 = 8;
/** How much that nobody sees may lie between the first and the last character of a value. */
const MAX_GAP_BYTES: f64 = 64 * 1024;

const BLANK: u8 = 0x20;
const DELETE: u8 = 0x7f;
const NOWHERE: f64 = -1;

/** Which text of the stream a watcher looks at. */
export namespace View {
  /** The text on the screen. */
  export const text: i32 = 0;
  /** The bytes of an escape sequence as a text of their own: titles, links, clipboard. */
  export const inner: i32 = 1;
  /** What a clipboard sequence decodes to. */
  export const clipboard: i32 = 2;
}

/** Looks for needles in one text, given character by character with its place in the stream. */
@unmanaged
export class Watcher {
  flat: Trail;
  /** The text without blanks is looked at as well. */
  packed: Trail;
  /** No prefix can have stretched too far before this place in the stream. */
  reviewAt: f64 = 0;
  /** How many of the last bytes of text a backspace may still strike out. */
  undo: i32 = 0;
  /** Bytes of text on this line. */
  column: f64 = 0;
  stream: Stream;
  needles: Needles;
  view: i32;
  /** UNDO_BYTES, or 0 for a text in which backspaces strike out nothing. */
  undoBytes: i32;
  /** Where the character began that the next one overstrikes. */
  overstruck: f64 = NOWHERE;

  constructor(stream: Stream, needles: Needles, view: i32) {
    this.stream = stream;
    this.needles = needles;
    this.view = view;
    this.undoBytes = view === View.text ? UNDO_BYTES : 0;
    this.flat = new Trail(needles.flat, needles.leadBytes);
    this.packed = new Trail(needles.packed, needles.leadBytes);
  }

  refresh(): void {
    this.flat.refresh();
    this.packed.refresh();
  }

  free(): void {
    this.flat.free();
    this.packed.free();
    heap.free(changetype<usize>(this));
  }

  /** Takes in one visible byte at `at`. */
  push(byte: u8, at: f64): void {
    let start = at;
    if (this.overstruck !== NOWHERE) {
      start = this.overstruck;
      this.overstruck = NOWHERE;
    }
    if (this.undo < this.undoBytes) this.undo++;
    this.column++;
    this.pushOn(this.flat, byte, start, at + 1);
    if (byte !== BLANK) this.pushOn(this.packed, byte, start, at + 1);
  }

  /**
   * Takes in printable ASCII, of at most `count` bytes at `bytes`, the first at place `at`; gives how many it
   * took: up to the first other byte.
   */
  pushRun(bytes: usize, count: i32, at: f64): i32 {
    if (this.overstruck !== NOWHERE) return 0;
    const flat = this.flat;
    const packed = this.packed;
    const most = <i32>max(0, min(<f64>count, this.reviewAt - at + 1));
    flat.reserve(most);
    packed.reserve(most);
    let open = false;
    let n = 0;
    while (n < most) {
      if (open) n += this.pushMatching(bytes + n, most - n, at + n);
      else n += this.pushPlain(bytes + n, most - n, at + n);
      if (n === most) break;
      const byte = load<u8>(bytes + n);
      if (byte - BLANK >= DELETE - BLANK) break;
      const start = at + n++;
      const flatEnds = flat.put(byte, start);
      const packedEnds = byte !== BLANK && packed.put(byte, start);
      if (open || flatEnds || packedEnds) {
        this.follow(flat, flatEnds, start + 1);
        this.follow(packed, packedEnds, start + 1);
      }
      open = flatEnds || packedEnds;
    }
    this.settle(flat);
    this.settle(packed);
    this.undo = min(this.undoBytes, this.undo + n);
    this.column += n;
    return n;
  }

  /** Takes in printable ASCII as far as no needle ends and every transition was seen before; gives how many. */
  private pushPlain(bytes: usize, count: i32, at: f64): i32 {
    return this.pushSeen(bytes, count, at, false);
  }

  /** As long as the match that is not reported yet grows with each. */
  private pushMatching(bytes: usize, count: i32, at: f64): i32 {
    return this.pushSeen(bytes, count, at, true);
  }

  /** In variables, as few as there are registers, and without a call, which would have to save them. */
  @inline private pushSeen(bytes: usize, count: i32, at: f64, matching: bool): i32 {
    const flat = this.flat;
    const packed = this.packed;
    const flatNodes = flat.index.nodes;
    const flatPlaces = flat.index.places;
    const packedNodes = packed.index.nodes;
    const packedPlaces = packed.index.places;
    let flatState = flat.state;
    let packedState = packed.state;
    let flatMatch = matching ? flat.matchLength : 0;
    let packedMatch = matching ? packed.matchLength : 0;
    let flatEntry = flat.entries + flat.length * ENTRY_BYTES;
    let packedEntry = packed.entries + packed.length * ENTRY_BYTES;
    let start = at;
    let from = bytes;
    const end = bytes + count;
    for (; from < end; from++) {
      const byte = load<u8>(from);
      // A blank ends a match of the text without blanks.
      const least = matching ? BLANK + 1 : BLANK;
      if (byte - least >= DELETE - least) break;
      const flatNext = transition(flatNodes, flatPlaces, flatState, byte);
      if (flatNext === 0) break;
      if (matching) {
        const wanted = flatMatch === 0 ? 0 : flatMatch + 1;
        if (matchesAfter(flatNodes, flatNext) !== wanted) break;
      } else if ((flatNext & MATCHES) !== 0) break;
      if (byte !== BLANK) {
        const packedNext = transition(packedNodes, packedPlaces, packedState, byte);
        if (packedNext === 0) break;
        if (matching) {
          const wanted = packedMatch === 0 ? 0 : packedMatch + 1;
          if (matchesAfter(packedNodes, packedNext) !== wanted) break;
          packedMatch = wanted;
        } else if ((packedNext & MATCHES) !== 0) break;
        packedState = packedNext & STATE;
        store<f64>(packedEntry, start, offsetof<Entry>('start'));
        store<u32>(packedEntry, packedState, offsetof<Entry>('state'));
        store<u32>(packedEntry, byte, offsetof<Entry>('byte'));
        packedEntry += ENTRY_BYTES;
      }
      if (matching && flatMatch !== 0) flatMatch++;
      flatState = flatNext & STATE;
      store<f64>(flatEntry, start, offsetof<Entry>('start'));
      store<u32>(flatEntry, flatState, offsetof<Entry>('state'));
      store<u32>(flatEntry, byte, offsetof<Entry>('byte'));
      flatEntry += ENTRY_BYTES;
      start++;
    }
    flat.moveTo(flatEntry, flatState, flatMatch, start);
    packed.moveTo(packedEntry, packedState, packedMatch, start);
    return <i32>(from - bytes);
  }

  /** A match that ends at `end`, if there is one: a longer one from the same character may follow. */
  private follow(trail: Trail, matches: bool, end: f64): void {
    if (!matches) {
      this.settle(trail);
      return;
    }
    const first = trail.length - <i32>trail.index.matches(trail.state);
    if (trail.matchFirst !== first) this.settle(trail);
    trail.matchFirst = first;
    trail.matchState = trail.state;
    trail.matchEnd = end;
  }

  private settle(trail: Trail): void {
    if (trail.matchEnd === NOWHERE) return;
    this.report(trail, trail.matchFirst, trail.matchState, trail.matchEnd);
    trail.matchEnd = NOWHERE;
  }

  /** A line begins: backspaces do not go back over its start. */
  startLine(): void {
    this.undo = 0;
    this.column = 0;
    this.overstruck = NOWHERE;
  }

  /** Strikes out the last character. */
  erase(): void {
    if (this.column === 0) return;
    // What is not held may be out already, whatever the chunks: the mask cannot begin there.
    const heldFrom = this.liveFrom();
    while (true) {
      if (this.undo === 0 || this.flat.length === 0) {
        // Farther back than remembered: what is struck out is no part of a value any more.
        this.reset();
        return;
      }
      this.undo--;
      this.column--;
      const last = this.flat.length - 1;
      const byte = this.flat.byte(last);
      const start = this.flat.start(last);
      this.overstruck = start >= heldFrom ? start : NOWHERE;
      this.flat.pop();
      if (byte !== BLANK) this.packed.pop();
      if ((byte & 0xc0) !== 0x80) return;
    }
  }

  reset(): void {
    this.flat.clear();
    this.packed.clear();
    this.undo = 0;
    this.overstruck = NOWHERE;
  }

  /** Where in the stream the first byte is that may yet become part of a match; Infinity if none. */
  liveFrom(): f64 {
    return min(
      min(
        startAt(this.flat, this.flat.live(this.undo)),
        startAt(this.packed, this.packed.live(this.undo)),
      ),
      this.overstruck === NOWHERE ? Infinity : this.overstruck,
    );
  }

  /** Where in the stream the first byte is that must not be shown yet; Infinity if there is none. */
  secretFrom(): f64 {
    return min(
      startAt(this.flat, this.flat.secretFrom()),
      startAt(this.packed, this.packed.secretFrom()),
    );
  }

  /**
   * Where to look again from so that all live prefixes are seen anew, if each is shorter than `length`
   * and nothing waits to be overstruck; else Infinity. `at`: the place of the next byte.
   */
  restartFrom(length: i32, at: f64): f64 {
    if (this.overstruck !== NOWHERE) return Infinity;
    const flat = this.flat.depth;
    const packed = this.packed.depth;
    if (flat >= length || packed >= length) return Infinity;
    return min(
      flat === 0 ? at : this.flat.start(this.flat.length - flat),
      packed === 0 ? at : this.packed.start(this.packed.length - packed),
    );
  }

  /** Goes on at a later place: nothing in between can be part of a value, or be struck out. */
  jump(column: f64, undo: i32): void {
    this.column = column;
    this.undo = undo;
    this.flat.clear();
    this.packed.clear();
  }

  /** Forgets what can no longer matter. */
  trim(): void {
    this.trimTrail(this.flat);
    this.trimTrail(this.packed);
  }

  /**
   * Gives up prefixes that have stretched over too much of the stream (see MAX_GAP_BYTES). To be
   * called for every byte past `reviewAt`: so it depends on the stream alone, not on its chunks.
   */
  limitGap(at: f64): void {
    this.trim();
    const limit = <f64>this.needles.longest + MAX_GAP_BYTES;
    const from = this.liveFrom();
    const tooOld = at - from > limit;
    if (tooOld) this.reset();
    // What is live now only gets younger: until then nothing can be too old.
    this.reviewAt = (from === Infinity || tooOld ? at : from) + limit;
  }

  private trimTrail(trail: Trail): void {
    const undoable = trail.length - UNDO_BYTES - 2;
    trail.dropBefore(min(undoable, trail.live(this.undo)));
  }

  private pushOn(trail: Trail, byte: u8, start: f64, end: f64): void {
    trail.reserve(1);
    if (!trail.put(byte, start)) return;
    const first = trail.length - <i32>trail.index.matches(trail.state);
    this.report(trail, first, trail.state, end);
  }

  private report(trail: Trail, first: i32, state: u32, end: f64): void {
    const lead = trail.index.leadOf(state);
    const led = lead !== 0 && first > 0 && this.needles.leadAllows(lead, trail.byte(first - 1));
    const start = trail.start(led ? first - 1 : first);
    this.stream.found(this.view, start, end, trail.start(first), trail.index.labelOf(state));
  }
}

function startAt(trail: Trail, at: i32): f64 {
  return at < trail.length ? trail.start(at) : Infinity;
}
