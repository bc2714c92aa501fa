/** Files for the user. */

/** Hands a file to the browser's downloads. */
export function giveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the blob in its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A picture as PNG. */
export async function pngOf(image: ImageData): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(`a picture of ${image.width} x ${image.height} is too large for this browser`))), "image/png");
  });
}
