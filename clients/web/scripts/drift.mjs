// Fails where src/gen is not what the contract says, or dist not what the sources say.
//
//   node scripts/drift.mjs stubs dist      # check
//   node scripts/drift.mjs --write stubs   # make src/gen anew
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

const KINDS = {
  stubs: {
    folder: join(root, "src", "gen"),
    // `out` of buf.gen.yaml is relative to the folder given with -o.
    make: (scratch) => (run("buf", ["generate", "-o", scratch]), join(scratch, "src", "gen")),
    remedy: "npm run stubs",
  },
  dist: {
    folder: join(root, "dist"),
    make: (scratch) => (run("vite", ["build", "--logLevel", "error", "--outDir", join(scratch, "dist")]), join(scratch, "dist")),
    remedy: "npm run build",
  },
};

const write = process.argv.includes("--write");
const kinds = process.argv.slice(2).filter((arg) => arg !== "--write");
for (const kind of kinds) {
  if (!(kind in KINDS)) throw new Error(`expected ${Object.keys(KINDS).join(" or ")}, got ${kind}`);
  const { folder, make, remedy } = KINDS[kind];
  const scratch = mkdtempSync(join(tmpdir(), "voxcore-web-"));
  try {
    const fresh = make(scratch);
    if (write) {
      rmSync(folder, { recursive: true, force: true });
      cpSync(fresh, folder, { recursive: true });
      continue;
    }
    const names = differing(files(fresh), files(folder));
    if (names.length > 0) {
      console.error(`${kind} out of date (${names.join(", ")}): ${remedy}`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
