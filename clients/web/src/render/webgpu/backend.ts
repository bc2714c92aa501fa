/** Drawing with WebGPU. */
import type { Frame, GpuBackend } from "../backend";
import { CORNER_BITS, quadIndices, type ChunkMesh } from "../faces";
import { FILL_FLOATS, LINE_FLOATS, type OverlayGeometry } from "../overlays";
import { faceLight, mipmaps, rounded, SKY, TILE, tilePixels, GHOST, type Looks } from "../shading";
import { DEPTH_FORMAT, type OverlayKind, type Pipelines } from "./pipelines";

const FRAME_BYTES = 4 * (16 + 4);
const VIEW_BYTES = 4 * (16 + 4 * 4);

interface Chunk {
  readonly buffer: GPUBuffer;
  readonly bindings: GPUBindGroup;
}

interface Vertices {
  readonly buffer: GPUBuffer;
  readonly count: number;
}

export class WebGpuBackend implements GpuBackend {
  readonly kind = "webgpu";
  chunkBytes = 0;
  readonly #canvasFormat = navigator.gpu.getPreferredCanvasFormat();
  readonly #frame: GPUBuffer;
  readonly #view: GPUBuffer;
  readonly #viewBindings: GPUBindGroup;
  readonly #sides: GPUBuffer;
  readonly #sampler: GPUSampler;
  readonly #chunks = new Map<number, Chunk>();
  #looks: GPUBuffer | null = null;
  #tiles: GPUTexture | null = null;
  #textured = false;
  #frameBindings: GPUBindGroup | null = null;
  #indices: GPUBuffer | null = null;
  #lines: Vertices | null = null;
  #fills: Vertices | null = null;
  #depth: GPUTexture | null = null;
  #smooth: GPUTexture | null = null;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly pipelines: Pipelines,
    private readonly context: GPUCanvasContext,
  ) {
    const { UNIFORM, COPY_DST } = GPUBufferUsage;
    this.#frame = gpu.createBuffer({ label: "frame", size: FRAME_BYTES, usage: UNIFORM | COPY_DST });
    this.#view = gpu.createBuffer({ label: "view", size: VIEW_BYTES, usage: UNIFORM | COPY_DST });
    this.#viewBindings = gpu.createBindGroup({ layout: this.pipelines.viewLayout, entries: [{ binding: 0, resource: { buffer: this.#view } }] });
    const sides = new Float32Array(4 * 6);
    const bits = new Uint32Array(sides.buffer);
    CORNER_BITS.forEach((corners, face) => {
      sides.set(faceLight(face), 4 * face);
      bits[4 * face + 3] = corners;
    });
    this.#sides = this.#upload("sides", sides, UNIFORM);
    this.#sampler = gpu.createSampler({ magFilter: "nearest", minFilter: "linear", mipmapFilter: "linear" });
  }

  get device(): string {
    const { vendor, architecture, description } = this.gpu.adapterInfo;
    return description || [vendor, architecture].filter(Boolean).join(" ") || "WebGPU";
  }

  setLooks({ table, textures }: Looks): void {
    this.#looks?.destroy();
    this.#tiles?.destroy();
    this.#looks = this.#upload("looks", table, GPUBufferUsage.STORAGE);
    this.#textured = textures.length > 0;
    const levels = textures.map((texture) => mipmaps(tilePixels(texture)));
    const tiles = this.gpu.createTexture({
      label: "tiles",
      size: [TILE, TILE, Math.max(1, levels.length)],
      mipLevelCount: Math.log2(TILE) + 1,
      format: "rgba8unorm",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    this.#tiles = tiles;
    levels.forEach((mips, layer) =>
      mips.forEach((pixels, mipLevel) => {
        const side = TILE >> mipLevel;
        this.gpu.queue.writeTexture({ texture: tiles, mipLevel, origin: [0, 0, layer] }, pixels, { bytesPerRow: 4 * side }, [side, side]);
      }),
    );
    this.#frameBindings = this.gpu.createBindGroup({
      layout: this.pipelines.frameLayout,
      entries: [
        { binding: 0, resource: { buffer: this.#frame } },
        { binding: 1, resource: { buffer: this.#looks } },
        { binding: 2, resource: { buffer: this.#sides } },
        { binding: 3, resource: tiles.createView({ dimension: "2d-array" }) },
        { binding: 4, resource: this.#sampler },
      ],
    });
  }

  setChunk(chunk: number, { faces }: ChunkMesh): void {
    const had = this.#chunks.get(chunk);
    if (had && had.buffer.size === faces.byteLength) {
      this.gpu.queue.writeBuffer(had.buffer, 0, faces);
      return;
    }
    if (had) {
      this.chunkBytes -= had.buffer.size;
      had.buffer.destroy();
      this.#chunks.delete(chunk);
    }
    if (faces.length === 0) return;
    const buffer = this.#upload("faces", faces, GPUBufferUsage.STORAGE);
    const bindings = this.gpu.createBindGroup({ layout: this.pipelines.chunkLayout, entries: [{ binding: 0, resource: { buffer } }] });
    this.#chunks.set(chunk, { buffer, bindings });
    this.chunkBytes += buffer.size;
    this.#growIndices(faces.length / 2);
  }

  setOverlays({ lines, fills }: OverlayGeometry): void {
    this.#lines?.buffer.destroy();
    this.#fills?.buffer.destroy();
    const { VERTEX } = GPUBufferUsage;
    this.#lines = lines.length > 0 ? { buffer: this.#upload("lines", lines, VERTEX), count: lines.length / LINE_FLOATS } : null;
    this.#fills = fills.length > 0 ? { buffer: this.#upload("fills", fills, VERTEX), count: fills.length / FILL_FLOATS } : null;
  }

  draw(frame: Frame): void {
    this.#render(this.context.getCurrentTexture(), this.#canvasFormat, frame);
  }

  async read(frame: Frame): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { width, height } = frame;
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    const target = this.gpu.createTexture({ label: "picture", size: [width, height], format: "rgba8unorm", usage });
    const bytesPerRow = Math.ceil((4 * width) / 256) * 256;
    const buffer = this.gpu.createBuffer({ size: bytesPerRow * height, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    try {
      this.#render(target, "rgba8unorm", frame);
      const encoder = this.gpu.createCommandEncoder();
      encoder.copyTextureToBuffer({ texture: target }, { buffer, bytesPerRow }, [width, height]);
      this.gpu.queue.submit([encoder.finish()]);
      await buffer.mapAsync(GPUMapMode.READ);
      const rows = new Uint8Array(buffer.getMappedRange());
      const out = new Uint8ClampedArray(4 * width * height);
      for (let row = 0; row < height; row++) out.set(rows.subarray(row * bytesPerRow, row * bytesPerRow + 4 * width), row * 4 * width);
      return out;
    } finally {
      buffer.destroy();
      target.destroy();
    }
  }

  async finished(): Promise<void> {
    await this.gpu.queue.onSubmittedWorkDone();
  }

  destroy(): void {
    this.context.unconfigure();
    this.gpu.destroy();
  }

  #render(texture: GPUTexture, format: GPUTextureFormat, frame: Frame): void {
    const { width, height } = frame;
    this.gpu.queue.writeBuffer(this.#frame, 0, new Float32Array([...frame.clipFromGrid, ...GHOST, 1]));
    const { corner, right, up } = frame.rays;
    this.gpu.queue.writeBuffer(this.#view, 0, new Float32Array([...frame.clipFromWorld, width, height, frame.pixelRatio, 0, ...corner, 0, ...right, 0, ...up, 0]));
    const [r, g, b] = rounded(SKY);
    const clearValue = frame.background === "clear" ? { r: 0, g: 0, b: 0, a: 0 } : { r, g, b, a: 1 };
    const samples = frame.antialias ? 4 : 1;
    const picture = texture.createView();
    const target: GPURenderPassColorAttachment = frame.antialias
      ? { view: this.#smoothOf(width, height, format).createView(), resolveTarget: picture, loadOp: "clear", storeOp: "discard", clearValue }
      : { view: picture, loadOp: "clear", storeOp: "store", clearValue };
    const encoder = this.gpu.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [target],
      depthStencilAttachment: { view: this.#depthOf(width, height, samples).createView(), depthLoadOp: "clear", depthStoreOp: "discard", depthClearValue: 0 },
    });
    const overlay = (kind: OverlayKind, vertices: Vertices | null, draw: (count: number) => void) => {
      if (!vertices && kind !== "sky") return;
      pass.setPipeline(this.pipelines.overlay(format, kind, samples));
      pass.setBindGroup(0, this.#viewBindings);
      if (vertices) pass.setVertexBuffer(0, vertices.buffer);
      draw(vertices?.count ?? 3);
    };
    if (frame.background === "gradient") overlay("sky", null, (count) => pass.draw(count));
    if (this.#frameBindings && this.#indices && frame.ranges.length > 0) {
      pass.setPipeline(this.pipelines.faces(format, { ambientOcclusion: frame.ambientOcclusion, soft: frame.soft, textured: this.#textured, samples }));
      pass.setBindGroup(0, this.#frameBindings);
      pass.setIndexBuffer(this.#indices, "uint32");
      for (const { chunk, first, count } of frame.ranges) {
        pass.setBindGroup(1, this.#chunks.get(chunk)!.bindings);
        pass.drawIndexed(6 * count, 1, 6 * first);
      }
    }
    if (frame.overlays) {
      overlay("lineBehind", this.#lines, (count) => pass.draw(4, count));
      overlay("fill", this.#fills, (count) => pass.draw(count));
      overlay("line", this.#lines, (count) => pass.draw(4, count));
    }
    pass.end();
    this.gpu.queue.submit([encoder.finish()]);
  }

  #depthOf(width: number, height: number, sampleCount: number): GPUTexture {
    return (this.#depth = this.#attachment(this.#depth, { label: "depth", size: [width, height], format: DEPTH_FORMAT, sampleCount, usage: GPUTextureUsage.RENDER_ATTACHMENT }));
  }

  #smoothOf(width: number, height: number, format: GPUTextureFormat): GPUTexture {
    return (this.#smooth = this.#attachment(this.#smooth, { label: "smooth", size: [width, height], format, sampleCount: 4, usage: GPUTextureUsage.RENDER_ATTACHMENT }));
  }

  /** What was drawn on before, where it is as wanted. */
  #attachment(before: GPUTexture | null, wanted: GPUTextureDescriptor & { readonly size: [number, number]; readonly sampleCount: number }): GPUTexture {
    const { size, format, sampleCount } = wanted;
    if (before?.width === size[0] && before.height === size[1] && before.format === format && before.sampleCount === sampleCount) return before;
    before?.destroy();
    return this.gpu.createTexture(wanted);
  }

  /** Two triangles a face; one buffer serves all chunks. */
  #growIndices(faces: number): void {
    const had = this.#indices ? this.#indices.size / 24 : 0;
    if (faces <= had) return;
    const room = Math.max(faces, 2 * had, 4096);
    this.#indices?.destroy();
    this.#indices = this.#upload("indices", quadIndices(room), GPUBufferUsage.INDEX);
  }

  #upload(label: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, usage: GPUBufferUsageFlags): GPUBuffer {
    const buffer = this.gpu.createBuffer({ label, size: data.byteLength, usage: usage | GPUBufferUsage.COPY_DST });
    this.gpu.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }
}
