import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Names the chunks that the page will import in its head: they are fetched beside the first, not after it. */
function preloadImports(): Plugin {
  return {
    name: "preload-imports",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle = {} }) => {
        const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry);
        const imports = entry?.type === "chunk" ? entry.dynamicImports : [];
        return imports.filter((name) => name.includes("mount")).map((name) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `./${name}` }, injectTo: "head" as const }));
      },
    },
  };
}

export default defineConfig({
  // Relative paths: the same build works at the root of a server and below any path of a static site.
  base: "./",
  build: {
    target: "es2022",
    // Inlined files would need data: URLs that the server's Content-Security-Policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: true,
  },
  plugins: [preloadImports()],
  worker: { format: "es" },
  server: {
    // `npm run dev` beside a server started with `make run`; calls go to it, so no CORS setting is needed.
    proxy: { "^/vox\\.v1\\..*": { target: process.env.VOXCORE_SERVER ?? "http://127.0.0.1:50080", changeOrigin: true } },
  },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/**/*.browser.ts"],
          environment: "node",
          // One Chromium with a software GPU at a time is what two cores carry.
          fileParallelism: false,
          // A busy machine draws its first picture late: what is waited for has the time that a test has.
          expect: { poll: { timeout: 20_000 } },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
