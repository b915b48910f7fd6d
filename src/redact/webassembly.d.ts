/** What is used of WebAssembly; the types of Node 20 have none of it. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Module;

  interface Instance<Exports> {
    readonly exports: Exports;
  }
  const Instance: new <Exports>(
    module: Module,
    imports: Record<string, Record<string, () => void>>,
  ) => Instance<Exports>;
}
