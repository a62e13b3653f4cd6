// Runs a program for WASI (preview 1) in Node's V8, with a clock and an output and nothing else:
// `node run.mjs PROGRAM.wasm`. Node's own WASI crashes after long runs (v20.20).
import { readFileSync, writeSync } from "node:fs";
import { argv, exit, hrtime } from "node:process";

const OK = 0;
const NOT_SUPPORTED = 58;
let memory;
const view = () => new DataView(memory.buffer);

const calls = {
  clock_time_get(_clock, _precision, at) {
    view().setBigUint64(at, hrtime.bigint(), true);
    return OK;
  },
  fd_write(fd, vectors, count, at) {
    let written = 0;
    for (let nth = 0; nth < count; nth++) {
      const [start, length] = [0, 4].map((field) => view().getUint32(vectors + 8 * nth + field, true));
      written += writeSync(fd, new Uint8Array(memory.buffer, start, length));
    }
    view().setUint32(at, written, true);
    return OK;
  },
  environ_sizes_get(count, size) {
    [count, size].forEach((at) => view().setUint32(at, 0, true));
    return OK;
  },
  environ_get: () => OK,
  proc_exit: exit,
};

const program = new WebAssembly.Module(readFileSync(argv[2]));
const names = WebAssembly.Module.imports(program).map(({ name }) => name);
const imports = Object.fromEntries(names.map((name) => [name, calls[name] ?? (() => NOT_SUPPORTED)]));
const { exports } = new WebAssembly.Instance(program, { wasi_snapshot_preview1: imports });
memory = exports.memory;
exports._start();
