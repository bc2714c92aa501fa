/** Drawing with WebGL2: what webgpu/backend.ts does, from textures instead of storage buffers. */
import type { Frame, GpuBackend } from "../backend";
import { CORNER_BITS, EMPTY_MESH, quadIndices, type ChunkMesh } from "../faces";
import { FILL_FLOATS, LINE_FLOATS, type OverlayGeometry } from "../overlays";
import { faceLight, GHOST, LOOK_FLOATS, looks, MAX_BLOCKS, mipmaps, rounded, SKY, TILE, tilePixels, type Looks } from "../shading";
import { faceShaders, ROW, type FaceVariant } from "./faces";
import { FILL_VERTEX, LINE_VERTEX, PAINT_FRAGMENT, SKY_FRAGMENT, SKY_VERTEX } from "./overlays";
import { Program } from "./program";
import { Target } from "./target";

interface Chunk {
  readonly texture: WebGLTexture;
  readonly bytes: number;
}

interface Vertices {
  readonly array: WebGLVertexArrayObject;
  readonly buffer: WebGLBuffer;
  readonly count: number;
}

/** A chunk that no world has. */
const NOWHERE = -1;

/** Texture units. */
const FACES = 0;
const LOOKS = 1;
const TILES = 2;

const CORNERS = new Uint32Array(CORNER_BITS);
const LIGHT = new Float32Array([0, 1, 2, 3, 4, 5].flatMap((face) => [...faceLight(face)]));

export class WebGl2Backend implements GpuBackend {
  readonly kind = "webgl2";
  readonly device: string;
  chunkBytes = 0;
  readonly #programs = new Map<string, Program>();
  readonly #chunks = new Map<number, Chunk>();
  readonly #faceArray: WebGLVertexArrayObject;
  readonly #indices: WebGLBuffer;
  #indexRoom = 0;
  #looks: WebGLTexture | null = null;
  #tiles: WebGLTexture | null = null;
  #textured = false;
  #lines: Vertices | null = null;
  #fills: Vertices | null = null;
  #smooth: Target | null = null;

  constructor(private readonly gl: WebGL2RenderingContext) {
    const named = gl.getExtension("WEBGL_debug_renderer_info");
    this.device = String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    this.#faceArray = gl.createVertexArray();
    this.#indices = gl.createBuffer();
    gl.bindVertexArray(this.#faceArray);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.#indices);
    gl.bindVertexArray(null);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  /** Makes what the first picture needs, beside the page's own work. Rejects with the compiler's words. */
  async prepare(): Promise<void> {
    const plain = { ambientOcclusion: false, soft: false };
    await this.#faces({ ...plain, textured: false }).compiled();
    if (this.gl.isContextLost()) return;
    // Drivers leave the last of it to the first draw; this one puts a face nowhere.
    this.setLooks(looks([]));
    this.setChunk(NOWHERE, { faces: new Uint32Array(2), starts: [0, 1, 1, 1, 1, 1, 1] });
    this.#drawFaces({ ...plain, height: 1, clipFromGrid: new Array<number>(16).fill(0), ranges: [{ chunk: NOWHERE, first: 0, count: 1 }] });
    this.setChunk(NOWHERE, EMPTY_MESH);
    this.gl.flush();
  }

  setLooks({ table, textures }: Looks): void {
    const { gl } = this;
    gl.deleteTexture(this.#looks);
    gl.deleteTexture(this.#tiles);
    this.#looks = this.#texture(LOOKS, gl.TEXTURE_2D, gl.NEAREST, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, (6 * LOOK_FLOATS) / 4, MAX_BLOCKS, 0, gl.RGBA, gl.FLOAT, table);
    this.#textured = textures.length > 0;
    this.#tiles = this.#texture(TILES, gl.TEXTURE_2D_ARRAY, gl.NEAREST, gl.LINEAR_MIPMAP_LINEAR);
    const levels = textures.map((texture) => mipmaps(tilePixels(texture)));
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, Math.log2(TILE) + 1, gl.RGBA8, TILE, TILE, Math.max(1, levels.length));
    levels.forEach((mips, layer) =>
      mips.forEach((pixels, level) => {
        const side = TILE >> level;
        gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, level, 0, 0, layer, side, side, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      }),
    );
  }

  setChunk(chunk: number, { faces }: ChunkMesh): void {
    const { gl } = this;
    const had = this.#chunks.get(chunk);
    if (had) {
      gl.deleteTexture(had.texture);
      this.chunkBytes -= had.bytes;
      this.#chunks.delete(chunk);
    }
    const count = faces.length / 2;
    if (count === 0) return;
    const rows = Math.ceil(count / ROW);
    const texture = this.#texture(FACES, gl.TEXTURE_2D, gl.NEAREST, gl.NEAREST);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RG32UI, ROW, rows);
    const whole = Math.floor(count / ROW);
    const put = (row: number, width: number, height: number, from: number) => {
      if (width * height > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, width, height, gl.RG_INTEGER, gl.UNSIGNED_INT, faces, from);
    };
    put(0, ROW, whole, 0);
    put(whole, count - whole * ROW, 1, 2 * whole * ROW);
    const bytes = 8 * ROW * rows;
    this.#chunks.set(chunk, { texture, bytes });
    this.chunkBytes += bytes;
    this.#growIndices(count);
  }

  setOverlays({ lines, fills }: OverlayGeometry): void {
    for (const had of [this.#lines, this.#fills]) {
      this.gl.deleteBuffer(had?.buffer ?? null);
      this.gl.deleteVertexArray(had?.array ?? null);
    }
    this.#lines = lines.length > 0 ? this.#vertices(lines, LINE_FLOATS, [3, 3, 2, 4], 1) : null;
    this.#fills = fills.length > 0 ? this.#vertices(fills, FILL_FLOATS, [3, 4], 0) : null;
  }

  draw(frame: Frame): void {
    this.#renderTo(null, frame);
  }

  read(frame: Frame): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { gl } = this;
    const { width, height } = frame;
    let target: Target | null = null;
    try {
      target = new Target(gl, width, height, 0);
      this.#renderTo(target.framebuffer, frame);
      const upward = new Uint8Array(4 * width * height);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upward);
      const out = new Uint8ClampedArray(upward.length);
      for (let row = 0; row < height; row++) out.set(upward.subarray(4 * width * row, 4 * width * (row + 1)), 4 * width * (height - 1 - row));
      return Promise.resolve(out);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    } finally {
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      target?.destroy();
    }
  }

  async finished(): Promise<void> {
    const { gl } = this;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    while (fence && !gl.isContextLost() && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) await new Promise((resolve) => setTimeout(resolve, 2));
    gl.deleteSync(fence);
  }

  destroy(): void {
    const { gl } = this;
    for (const { texture } of this.#chunks.values()) gl.deleteTexture(texture);
    this.#chunks.clear();
    this.setOverlays({ lines: new Float32Array(0), fills: new Float32Array(0) });
    for (const texture of [this.#looks, this.#tiles]) gl.deleteTexture(texture);
    for (const program of this.#programs.values()) program.destroy();
    gl.deleteBuffer(this.#indices);
    gl.deleteVertexArray(this.#faceArray);
  }

  #renderTo(framebuffer: WebGLFramebuffer | null, frame: Frame): void {
    const { gl } = this;
    const { width, height } = frame;
    if (!frame.antialias) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      this.#render(frame);
      return;
    }
    if (this.#smooth?.width !== width || this.#smooth.height !== height) {
      this.#smooth?.destroy();
      this.#smooth = new Target(gl, width, height, 4);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#smooth.framebuffer);
    this.#render(frame);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, framebuffer);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  }

  #render(frame: Frame): void {
    const { gl } = this;
    gl.viewport(0, 0, frame.width, frame.height);
    const [r, g, b] = frame.background === "clear" ? [0, 0, 0] : rounded(SKY);
    gl.clearColor(r, g, b, frame.background === "clear" ? 0 : 1);
    gl.depthMask(true);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (frame.background === "gradient") this.#sky(frame);
    gl.enable(gl.DEPTH_TEST);
    this.#drawFaces(frame);
    if (frame.overlays) this.#drawOverlays(frame);
    gl.bindVertexArray(null);
  }

  #faces(variant: FaceVariant): Program {
    return this.#program(JSON.stringify(variant), () => faceShaders(variant));
  }

  #drawFaces(frame: Pick<Frame, "ambientOcclusion" | "soft" | "height" | "clipFromGrid" | "ranges">): void {
    const { gl } = this;
    if (frame.ranges.length === 0) return;
    const program = this.#faces({ ambientOcclusion: frame.ambientOcclusion, soft: frame.soft, textured: this.#textured }).use();
    gl.uniformMatrix4fv(program.at("clip_from_grid"), false, frame.clipFromGrid);
    gl.uniform1uiv(program.at("corner_bits"), CORNERS);
    gl.uniform3fv(program.at("light"), LIGHT);
    gl.uniform3fv(program.at("ghost"), GHOST);
    gl.uniform1f(program.at("height"), frame.height);
    gl.uniform1i(program.at("faces"), FACES);
    gl.uniform1i(program.at("looks"), LOOKS);
    gl.uniform1i(program.at("tiles"), TILES);
    gl.activeTexture(gl.TEXTURE0 + LOOKS);
    gl.bindTexture(gl.TEXTURE_2D, this.#looks);
    gl.activeTexture(gl.TEXTURE0 + TILES);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.#tiles);
    gl.activeTexture(gl.TEXTURE0 + FACES);
    gl.disable(gl.BLEND);
    gl.enable(gl.CULL_FACE);
    gl.depthFunc(gl.LESS);
    gl.bindVertexArray(this.#faceArray);
    for (const { chunk, first, count } of frame.ranges) {
      gl.bindTexture(gl.TEXTURE_2D, this.#chunks.get(chunk)!.texture);
      gl.drawElements(gl.TRIANGLES, 6 * count, gl.UNSIGNED_INT, 24 * first);
    }
    gl.disable(gl.CULL_FACE);
  }

  #drawOverlays(frame: Frame): void {
    const { gl } = this;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    this.#drawLines(frame, true);
    if (this.#fills) {
      const program = this.#program("fill", () => ({ vertex: FILL_VERTEX, fragment: PAINT_FRAGMENT })).use();
      gl.uniformMatrix4fv(program.at("clip_from_world"), false, frame.clipFromWorld);
      gl.depthFunc(gl.LEQUAL);
      gl.bindVertexArray(this.#fills.array);
      gl.drawArrays(gl.TRIANGLES, 0, this.#fills.count);
    }
    this.#drawLines(frame, false);
    gl.disable(gl.BLEND);
  }

  #drawLines(frame: Frame, behind: boolean): void {
    const { gl } = this;
    if (!this.#lines) return;
    const program = this.#program("line", () => ({ vertex: LINE_VERTEX, fragment: PAINT_FRAGMENT })).use();
    gl.uniformMatrix4fv(program.at("clip_from_world"), false, frame.clipFromWorld);
    gl.uniform3f(program.at("size"), frame.width, frame.height, frame.pixelRatio);
    gl.uniform1f(program.at("behind"), behind ? 1 : 0);
    gl.depthFunc(behind ? gl.GREATER : gl.LEQUAL);
    gl.bindVertexArray(this.#lines.array);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#lines.count);
  }

  #sky(frame: Frame): void {
    const { gl } = this;
    const program = this.#program("sky", () => ({ vertex: SKY_VERTEX, fragment: SKY_FRAGMENT })).use();
    for (const name of ["corner", "right", "up"] as const) gl.uniform3fv(program.at(name), frame.rays[name]);
    gl.disable(gl.DEPTH_TEST);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #program(key: string, sources: () => { vertex: string; fragment: string }): Program {
    let found = this.#programs.get(key);
    if (!found) this.#programs.set(key, (found = new Program(this.gl, sources())));
    return found;
  }

  #texture(unit: number, target: number, magnified: number, minified: number): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, magnified);
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, minified);
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  #vertices(data: Float32Array<ArrayBuffer>, floats: number, attributes: readonly number[], divisor: number): Vertices {
    const { gl } = this;
    const array = gl.createVertexArray();
    const buffer = gl.createBuffer();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    attributes.reduce((offset, size, location) => {
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, gl.FLOAT, false, 4 * floats, 4 * offset);
      gl.vertexAttribDivisor(location, divisor);
      return offset + size;
    }, 0);
    gl.bindVertexArray(null);
    return { array, buffer, count: data.length / floats };
  }

  /** Two triangles a face; one buffer serves all chunks. */
  #growIndices(faces: number): void {
    if (faces <= this.#indexRoom) return;
    const { gl } = this;
    this.#indexRoom = Math.max(faces, 2 * this.#indexRoom, 4096);
    gl.bindVertexArray(this.#faceArray);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, quadIndices(this.#indexRoom), gl.STATIC_DRAW);
    gl.bindVertexArray(null);
  }
}
