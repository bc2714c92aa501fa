// Fails where src/gen is not what the contract says.
//
//   node scripts/drift.mjs           # check
//   node scripts/drift.mjs --write   # make src/gen anew
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");

function run(command, args) {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status, stdout, stderr, error } = spawnSync(join(bin, command), args, { cwd: root, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error ?? ""}${stdout}${stderr}`);
}

function files(folder) {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(names.map((e) => join(e.parentPath, e.name)).map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

function differing(expected, actual) {
  const names = new Set([...expected.keys(), ...actual.keys()]);
  return [...names].filter((name) => !expected.get(name)?.equals(actual.get(name) ?? Buffer.alloc(0)) || !actual.has(name)).sort();
}

const folder = join(root, "src", "gen");
const scratch = mkdtempSync(join(tmpdir(), "voxcore-web-"));
try {
  // `out` of buf.gen.yaml is relative to the folder given with -o.
  run("buf", ["generate", "-o", scratch]);
  const fresh = join(scratch, "src", "gen");
  if (process.argv.includes("--write")) {
    rmSync(folder, { recursive: true, force: true });
    cpSync(fresh, folder, { recursive: true });
  } else {
    const names = differing(files(fresh), files(folder));
    if (names.length > 0) {
      console.error(`src/gen is out of date (${names.join(", ")}): npm run stubs`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
