/** What is used of WebAssembly; the types of Node 20 have none of it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, () => void>>);
    readonly exports: Record<string, unknown>;
  }
}
