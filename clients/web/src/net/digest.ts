/** SHA-256. WebCrypto is there on https and on this machine only; elsewhere slower code is fetched for it. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if ("subtle" in crypto) return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const { sha256: hash } = await import("@noble/hashes/sha2.js");
  return new Uint8Array(hash(bytes));
}
