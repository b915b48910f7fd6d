import { build, type Metafile, type Plugin } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/*
 * `npm run build:bundle`: makes each program of the package one file of CommonJS with its bytecode beside it, in
 * dist/bundle. To look for, read and compile a hundred modules takes longer than all the rest of a session's start
 * (docs/decisions/0003-start-up.md). What tsc makes stays: tests import it, and so does who uses vault-shell/redact.
 */

const OUT = 'dist/bundle';
/** As Node wraps CommonJS itself. */
const HEAD = '(function (exports, require, module, __filename, __dirname) {';
const TAIL = '\n})';

// Commands are apart: a session is not to load them. Both must know the same class of errors.
const SHARED = ['base/errors', 'cli/commands'];
const shared = await bundle(['cli/main', ...SHARED], [turso(), narrowText(), shareModules(SHARED)]);
const alone = await bundle(['vault/child-main', 'keys/keychain-main'], [turso()]);

// Files next to these two are CommonJS, and are found by the same steps as from dist/src.
mkdirSync(`${OUT}/redact`, { recursive: true });
writeFileSync(`${OUT}/package.json`, '{ "type": "commonjs" }\n');
copyFileSync('dist/src/redact/core.wasm', `${OUT}/redact/core.wasm`);
for (const file of [...shared.outputFiles, ...alone.outputFiles]) {
  const name = path.relative(OUT, file.path).replace(/\.code\.js$/, '');
  const code = file.text.replace(/^#!.*/, '');
  // esbuild leaves characters that are not ASCII in comments alone; there they may be lost.
  const text = Buffer.from(`${HEAD}${code}${TAIL}`, 'latin1').toString('latin1');
  mkdirSync(path.dirname(file.path), { recursive: true });
  writeFileSync(file.path, text, 'latin1');
  writeFileSync(`${OUT}/${name}.bytecode`, bytecodeOf(text));
  writeFileSync(`${OUT}/${name}.js`, loaderOf(path.basename(name)));
}
// Without a type: Node then takes a file for CommonJS until it finds an import in it. So this one, which everybody
// starts, need not wait for the loader of ES modules; its neighbours, which only tests import, are still taken for such.
writeFileSync('dist/src/cli/package.json', '{}\n');
writeFileSync(
  'dist/src/cli/main.js',
  "#!/usr/bin/env node\n'use strict';\nrequire('../../bundle/cli/main.js');\n",
);
writeFileSync(
  `${OUT}/LICENSES.txt`,
  licensesOf({ ...shared.metafile.inputs, ...alone.metafile.inputs }),
);

function bundle(names: readonly string[], plugins: Plugin[]) {
  return build({
    entryPoints: names.map((name) => ({ in: `src/${name}.ts`, out: `${name}.code` })),
    outdir: OUT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    charset: 'ascii',
    // Code that runs from bytecode cannot import; all that is left outside can be required.
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
    // Each has native code of its own, which it finds from where it is.
    external: ['@napi-rs/keyring', 'node-pty'],
    define: { 'import.meta.url': '__url' },
    banner: {
      js: `const __toUrl = (file) => require("node:url").pathToFileURL(file).href;
const __url = __toUrl(__filename);
const __urlOf = (name) => __toUrl(require.resolve(name));`,
    },
    plugins,
  });
}

/** Of all functions: those that a program uses are most of what it starts with. */
function bytecodeOf(text: string): Buffer {
  setFlagsFromString('--no-lazy');
  const script = new Script(text);
  // V8 refuses bytecode that was made with other flags than it runs with.
  setFlagsFromString('--lazy');
  return script.createCachedData();
}

/** Runs the code with the bytecode; a Node of another version refuses that, and compiles the code. */
function loaderOf(name: string): string {
  return `'use strict';
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const filename = __dirname + '/${name}.code.js';
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: readFileSync(__dirname + '/${name}.bytecode'),
});
script.runInThisContext()(exports, require, module, filename, __dirname);
`;
}

/** Modules that have a file of their own, which all files of the bundle load. */
function shareModules(names: readonly string[]): Plugin {
  return {
    name: 'share-modules',
    setup(setup) {
      setup.onResolve({ filter: /\.ts$/ }, ({ kind, path: wanted, resolveDir }) => {
        const name = path.relative('src', path.resolve(resolveDir, wanted)).replace(/\.ts$/, '');
        if (kind === 'entry-point' || !names.includes(name)) return undefined;
        return { path: `../${name}.js`, external: true };
      });
    },
  };
}

/**
 * Turso's JavaScript is bundled. Its native code is loaded as what it is, a dependency of Turso's package, without the
 * search for it among all platforms' names.
 */
function turso(): Plugin {
  return {
    name: 'turso',
    setup(setup) {
      setup.onLoad({ filter: /@tursodatabase\/database\/index\.js$/ }, () => ({
        contents: `import { createRequire } from 'node:module';
const libc = process.platform === 'linux' ? '-gnu' : '';
export const { Database, EncryptionCipher } = createRequire(__urlOf('@tursodatabase/database'))(
  '@tursodatabase/database-' + process.platform + '-' + process.arch + libc,
);`,
      }));
    },
  };
}

/**
 * Help texts have no wide characters. The package that yargs measures them with compiles a regular expression of all
 * emoji when it is loaded, which takes as long as all of `list`.
 */
function narrowText(): Plugin {
  return {
    name: 'narrow-text',
    setup(setup) {
      setup.onLoad({ filter: /\/string-width\/index\.js$/ }, () => ({
        contents: `import { stripVTControlCharacters } from 'node:util';
export default (text) => stripVTControlCharacters(text).length;`,
      }));
    },
  };
}

/** The notices of the packages that are part of the bundle. */
function licensesOf(inputs: Metafile['inputs']): string {
  const folders = new Set(
    Object.keys(inputs).flatMap(
      (file) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
    ),
  );
  return [...folders].map(noticeOf).join(`\n${'-'.repeat(72)}\n\n`);
}

function noticeOf(folder: string): string {
  const require = createRequire(path.resolve('package.json'));
  const { name, version, license }: Record<string, unknown> = require(
    path.resolve(folder, 'package.json'),
  );
  const file = ['LICENSE', 'LICENSE.txt', 'license', 'LICENSE.md']
    .map((each) => path.join(folder, each))
    .find((each) => existsSync(each));
  const text = file === undefined ? '' : `\n${readFileSync(file, 'utf8')}`;
  return `${String(name)} ${String(version)} (${String(license)})\n${text}`;
}
