/** The built page, from the server itself, under its Content-Security-Policy. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import { complaints, launch, VoxServer } from "./harness";

let server: VoxServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([VoxServer.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.dispose();
});

test("the page comes up without a complaint", async () => {
  const page = await browser.newPage();
  const said = complaints(page);
  await page.goto(server.url);
  await page.waitForSelector("main");
  expect(said).toEqual([]);
  await page.close();
});
